# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs Molecule's scenarios and checks that they leave nothing behind: "python -m tools.molecule.run [SCENARIO...]".

A run succeeds only if the tests of each scenario ran without skips and passed. With --break-off, converge fails on
purpose after the containers have started, and nothing may be left behind either. If interrupted, it destroys the
scenarios.
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
CLONE = hashlib.sha256(str(ROOT).encode()).hexdigest()[:8]  # part of the names in group_vars/all.yml
TOKEN = "MM_MOLECULE_RUN"
BREAK = "Thisrunwastoldtofailhalf-way"  # the message in molecule/default/converge.yml, without white space
VERDICT = re.compile(r"={3,}(?P<verdict>[0-9][0-9a-z,]+)in[0-9.]+s")  # pytest's last line, without white space
PASSED = re.compile(r"[1-9][0-9]*passed(,[0-9]+warnings?)?(,[0-9]+rerun)?")
PATIENCE_SECONDS = 30  # for processes that end when their connection is closed
QUESTIONS = {
    "container": ("ps", "--all", "--format", "{{.Names}}", "--filter", f"label={LABEL}"),
    "network": ("network", "ls", "--format", "{{.Name}}", "--filter", f"label={LABEL}"),
    "volume": ("volume", "ls", "--quiet"),
    "nameless image": ("images", "--quiet", "--filter", "dangling=true"),
}


def processes(token: str) -> set[str]:
    """Return "process ID: COMMAND" for each other process that has the token in its environment."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"{TOKEN}={token}".encode() in path.read_bytes() and path.parent.name != str(os.getpid()):
                found.add(f"process {path.parent.name}: {command_line(int(path.parent.name))}")
        except OSError:  # it has ended, or belongs to another user
            continue
    return found


def leftovers(token: str) -> set[str]:
    """Return all processes, containers, networks, volumes and images that a run could have left."""
    held = set(processes(token))
    for kind, arguments in QUESTIONS.items():
        listed = subprocess.run([engine(), *arguments], text=True, capture_output=True, check=True).stdout.split()
        is_named = kind in ("container", "network")  # scenarios of another clone may be running too
        held.update(f"{kind} {name}" for name in listed if CLONE in name or not is_named)
    return held


def left_since(before: set[str], token: str) -> set[str]:
    """Return what a run left behind, after waiting for its last processes to end."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while processes(token) and time.monotonic() < deadline:
        time.sleep(0.2)
    return leftovers(token) - before


def follow(running: subprocess.Popen[str]) -> str:
    """Print the output of a process and return it; on KeyboardInterrupt, terminate its process group and raise."""
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
    """Return output without white space, colors and Molecule's box, so that its line breaks do not matter."""
    return re.sub(r"\x1b\[[0-9;]*m|[│\s]", "", said)


def molecule(arguments: Sequence[str], environment: Mapping[str, str]) -> tuple[int, str]:
    """Run Molecule, print its output, and return its exit code and the output without white space."""
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
    """Return why a run does not count; empty if it succeeded, or with ``breaks_off`` failed where it was told to."""
    if breaks_off:
        return "" if code != 0 and BREAK in words else "It was to fail half-way and did not, or elsewhere."
    if code != 0:
        return "It failed."
    verdicts = [found["verdict"] for found in VERDICT.finditer(words)]
    if len(verdicts) == scenarios and all(PASSED.fullmatch(verdict) for verdict in verdicts):
        return ""
    return f"Tests of {scenarios} scenarios were to run and to pass; what pytest says is {verdicts}."


def test(names: Sequence[str], *, breaks_off: bool) -> int:
    """Return 0 if every scenario passed (with ``breaks_off``: failed on purpose) and left nothing behind, else 1."""
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
