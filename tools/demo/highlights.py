# SPDX-License-Identifier: GPL-3.0-or-later
"""Selects the important lines of ansible-playbook's output: differences, messages, failures and the recap."""

from __future__ import annotations

import json
import re
from typing import Any, Iterable, Iterator, Literal, NamedTuple

Kind = Literal["difference", "message", "failure", "recap"]
RESULT = re.compile(r"(\w+): \[[^]]*\](?:: FAILED!)? => (\{.*)")
RECAP = re.compile(r"\S+\s+: ok=\d+ ")
# The report is printed unchanged between the banner of its task and the result.
REPORT = re.compile(r"TASK \[.*report \| ")
STATUS = re.compile(r"\w+: \[[^]]*\]")
# A row of the text report for an aspect without findings.
NOTHING_FOUND = re.compile(r"  (ok|not checked) ")


class Highlight(NamedTuple):
    """An important line of output."""

    kind: Kind
    text: str


def highlights(lines: Iterable[str]) -> Iterator[Highlight]:
    """Yield the important lines of the output of Ansible's default callback, each as soon as it is complete."""
    status, unfinished, is_diff, is_report = "", "", False, False
    for line in (line.rstrip() for line in lines):
        if is_report and not STATUS.match(line):
            yield from _messages([line])
            continue
        is_report = bool(REPORT.match(line))
        started = RESULT.fullmatch(line)
        if started:
            status, unfinished = started[1], started[2]
        elif unfinished:
            unfinished += line
        elif RECAP.match(line):
            yield Highlight("recap", " ".join(line.split()))
        elif is_diff and line.startswith(("-", "+")):
            yield Highlight("difference", line)
        else:
            is_diff = line.startswith("+++ ") or (is_diff and bool(line))
        if unfinished and line.endswith("}") and not line.startswith(" "):  # nested braces are indented
            yield from _said(status, json.loads(unfinished))
            unfinished = ""


def _said(status: str, result: dict[str, Any]) -> Iterator[Highlight]:
    """Yield the messages of a result. Of a failure only the first line, since the rest repeats earlier output."""
    message = result.get("msg", "")
    lines = message if isinstance(message, list) else str(message).splitlines()
    if status == "fatal":
        yield Highlight("failure", f"FAILED: {lines[0]}")
    else:
        yield from _messages(lines)


def _messages(lines: Iterable[str]) -> Iterator[Highlight]:
    yield from (Highlight("message", line) for line in lines if line and not NOTHING_FOUND.match(line))
