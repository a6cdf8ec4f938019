"""Runs Molecule's scenarios and then looks for what they left behind: "python -m tools.molecule_run [SCENARIO...]".

With --break-off it proves that a scenario that fails half-way leaves nothing either: the containers
stand, then converge fails.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Mapping, Sequence

from tools.containers import engine

ROOT = Path(__file__).resolve().parent.parent
LABEL = "metamapper.molecule"
TOKEN = "MM_MOLECULE_RUN"
BREAK = "Thisrunwastoldtofailhalf-way"  # of molecule/default/converge.yml, without its blanks
QUESTIONS = {
    "container": ("ps", "--all", "--quiet", "--filter", f"label={LABEL}"),
    "network": ("network", "ls", "--quiet", "--filter", f"label={LABEL}"),
    "volume": ("volume", "ls", "--quiet"),
    "nameless image": ("images", "--quiet", "--filter", "dangling=true"),
}


def processes(token: str) -> set[str]:
    """Return "process NUMBER" for each process, but this one, that was started under a token."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"{TOKEN}={token}".encode() in path.read_bytes() and path.parent.name != str(os.getpid()):
                found.add(f"process {path.parent.name}")
        except OSError:  # it ended, or is another user's
            continue
    return found


def leftovers(token: str) -> set[str]:
    """Return all that the engine and the system hold which a run could have left."""
    held = set(processes(token))
    for kind, arguments in QUESTIONS.items():
        listed = subprocess.run([engine(), *arguments], text=True, capture_output=True, check=True).stdout.split()
        held.update(f"{kind} {name}" for name in listed)
    return held


def molecule(options: Sequence[str], environment: Mapping[str, str], *, breaks_off: bool) -> bool:
    """Run Molecule, show what it says, and tell whether it ended as it should: well, or where it was told to fail."""
    command = ["molecule", "test", *options]
    said = []
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as running:
        for line in running.stdout or ():
            print(line, end="", flush=True)
            said.append(line)
    words = re.sub(r"\x1b\[[0-9;]*m|[│\s]", "", "".join(said))  # Molecule draws a box, and breaks lines to fit it
    return (running.returncode != 0 and BREAK in words) if breaks_off else running.returncode == 0


def main(arguments: Sequence[str]) -> int:
    """Return 0 where every scenario passed and nothing is left; with --break-off, where the failure left nothing."""
    breaks_off = "--break-off" in arguments
    scenarios = [name for name in arguments if not name.startswith("-")] or ["--all"]
    options = [part for name in scenarios for part in ([name] if name == "--all" else ["--scenario-name", name])]
    print(subprocess.run([engine(), "version"], text=True, capture_output=True, check=True).stdout)
    token = uuid.uuid4().hex
    before = leftovers(token)
    environment = {**os.environ, TOKEN: token, "MM_MOLECULE_BREAK_OFF": "yes" if breaks_off else ""}
    ended_well = molecule(options, environment, breaks_off=breaks_off)
    left = leftovers(token) - before
    for thing in sorted(left):
        print(f"Left behind by Molecule: {thing}", file=sys.stderr)
    if not ended_well:
        print("It was to fail half-way and did not, or elsewhere." if breaks_off else "It failed.", file=sys.stderr)
    return 0 if ended_well and not left else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
