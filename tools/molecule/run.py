# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs Molecule's scenarios and then looks for what they left behind: "python -m tools.molecule.run [SCENARIO...]".

A run counts only if each scenario's tests ran, all of them, and passed. With --break-off it proves that a scenario that
fails half-way leaves nothing either: the containers stand, then converge fails. Interrupted, it removes what stands.
"""

from __future__ import annotations

import hashlib
import os
import re
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Mapping, Sequence

from tools.molecule.containers import engine
from tools.postgres.processes import command_line

ROOT = Path(__file__).resolve().parents[2]
LABEL = "metamapper.molecule"
CLONE = hashlib.sha256(str(ROOT).encode()).hexdigest()[:8]  # as in the names that group_vars/all.yml gives
TOKEN = "MM_MOLECULE_RUN"
BREAK = "Thisrunwastoldtofailhalf-way"  # of molecule/default/converge.yml, without its blanks
VERDICT = re.compile(r"={3,}(?P<verdict>[0-9][0-9a-z,]+)in[0-9.]+s")  # pytest's last line, without its blanks
PASSED = re.compile(r"[1-9][0-9]*passed(,[0-9]+warnings?)?(,[0-9]+rerun)?")
PATIENCE_SECONDS = 30  # for processes that end because what they were connected to is gone
QUESTIONS = {
    "container": ("ps", "--all", "--format", "{{.Names}}", "--filter", f"label={LABEL}"),
    "network": ("network", "ls", "--format", "{{.Name}}", "--filter", f"label={LABEL}"),
    "volume": ("volume", "ls", "--quiet"),
    "nameless image": ("images", "--quiet", "--filter", "dangling=true"),
}


def processes(token: str) -> set[str]:
    """Return "process NUMBER: COMMAND" for each process, but this one, that was started under a token."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"{TOKEN}={token}".encode() in path.read_bytes() and path.parent.name != str(os.getpid()):
                found.add(f"process {path.parent.name}: {command_line(int(path.parent.name))}")
        except OSError:  # it ended, or is another user's
            continue
    return found


def leftovers(token: str) -> set[str]:
    """Return all that the engine and the system hold which a run could have left."""
    held = set(processes(token))
    for kind, arguments in QUESTIONS.items():
        listed = subprocess.run([engine(), *arguments], text=True, capture_output=True, check=True).stdout.split()
        is_named = kind in ("container", "network")  # another clone's scenarios may be running beside this one's
        held.update(f"{kind} {name}" for name in listed if CLONE in name or not is_named)
    return held


def left_since(before: set[str], token: str) -> set[str]:
    """Return what a run left behind, after having given its last processes the time to end."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while processes(token) and time.monotonic() < deadline:
        time.sleep(0.2)
    return leftovers(token) - before


def follow(running: subprocess.Popen[str]) -> str:
    """Show what a process says, and return it; interrupted, interrupt the process and all that it started too."""
    said = []
    try:
        for line in running.stdout or ():
            print(line, end="", flush=True)
            said.append(line)
        running.wait()
    except KeyboardInterrupt:
        os.killpg(running.pid, signal.SIGTERM)
        raise
    return "".join(said)


def without_blanks(said: str) -> str:
    """Return what was said without the box that Molecule draws around it, and the lines that it breaks to fit that."""
    return re.sub(r"\x1b\[[0-9;]*m|[│\s]", "", said)


def molecule(arguments: Sequence[str], environment: Mapping[str, str]) -> tuple[int, str]:
    """Run Molecule, show what it says, and return its exit code and its words, with nothing between them."""
    with subprocess.Popen(
        ["molecule", *arguments],
        cwd=ROOT,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    ) as running:
        said = follow(running)
    return running.returncode, without_blanks(said)


def complaint(code: int, words: str, *, scenarios: int, breaks_off: bool) -> str:
    """Return why a run does not count; empty where it ended as it should: well, or where it was told to fail."""
    if breaks_off:
        return "" if code != 0 and BREAK in words else "It was to fail half-way and did not, or elsewhere."
    if code != 0:
        return "It failed."
    verdicts = [found["verdict"] for found in VERDICT.finditer(words)]
    if len(verdicts) == scenarios and all(PASSED.fullmatch(verdict) for verdict in verdicts):
        return ""
    return f"Tests of {scenarios} scenarios were to run and to pass; what pytest says is {verdicts}."


def test(names: Sequence[str], *, breaks_off: bool) -> int:
    """Return 0 where every scenario passed and nothing is left; with breaks_off, where the failure left nothing."""
    options = [part for name in names for part in ("--scenario-name", name)]
    token = uuid.uuid4().hex
    before = leftovers(token)
    environment = {**os.environ, TOKEN: token, "MM_MOLECULE_BREAK_OFF": "yes" if breaks_off else ""}
    try:
        code, words = molecule(["test", *options], environment)
    except KeyboardInterrupt:
        for name in names:
            molecule(["destroy", "--scenario-name", name], environment)
        code, words = 1, ""
    faults = [complaint(code, words, scenarios=len(names), breaks_off=breaks_off)]
    faults += [f"Left behind by Molecule: {thing}" for thing in sorted(left_since(before, token))]
    faults = [fault for fault in faults if fault]
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


def main(arguments: Sequence[str]) -> int:
    """Run the named scenarios, or all of them."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    known = sorted(path.parent.name for path in ROOT.glob("molecule/*/molecule.yml"))
    names = [name for name in arguments if not name.startswith("-")] or known
    if not names:
        print(f"There is no scenario in {ROOT / 'molecule'}.", file=sys.stderr)
        return 1
    print(subprocess.run([engine(), "version"], text=True, capture_output=True, check=True).stdout, flush=True)
    return test(names, breaks_off="--break-off" in arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
