# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Findings: the values that the module visibility returns, and their summary."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import AbstractSet, Any, Iterable, Literal, Mapping, Sequence, get_args

from .._core.remedy import Remedies, text_of, told
from .._core.sql_statement import quoted

Aspect = Literal["connection", "missing", "breaks_scan", "future", "lost", "exposed", "excess", "limits"]
Severity = Literal["failure", "warning", "information"]
Status = Literal["ok", "unknown", "warning", "failure"]

ASPECTS: tuple[Aspect, ...] = get_args(Aspect)
SELECTABLE: tuple[Aspect, ...] = ("missing", "lost", "breaks_scan", "excess", "exposed", "future")
MOST_EXAMPLES = 50
NAMED_IN_MESSAGE = 3


@dataclass(frozen=True)
class Finding:
    """A finding.

    ``severity`` failure fails the task; if the aspect is not in ``fail_on`` it becomes a warning. ``database`` is empty
    for what concerns the whole server, ``schema`` and ``relation`` where they do not apply. ``remedies`` are empty if
    nothing needs to be done. ``always_fails`` tells that a failure is one whatever ``fail_on`` says.
    """

    aspect: Aspect
    severity: Severity
    reason: str
    remedies: Remedies = ()
    database: str = ""
    schema: str = ""
    relation: str = ""
    always_fails: bool = field(default=False, compare=False)

    @property
    def place(self) -> str:
        """Where it is, as messages name it; empty for the whole server."""
        names = [name for name in (self.schema, self.relation) if name]
        inside = ".".join(quoted(name) for name in names)
        return " ".join(text for text in (self.database and f"database {quoted(self.database)}", inside) if text)

    @property
    def message(self) -> str:
        """The finding and its place."""
        where = f" ({self.place})" if self.place else ""
        return f"{self.aspect}{where}: {self.reason}"

    @property
    def remedy(self) -> str:
        """The remedies in one text: statements that can be pasted, if nothing else is needed, or sentences."""
        needed = [one for one in self.remedies if not one.is_alternative]
        if needed and all(one.kind == "sql" for one in needed):
            return "\n".join(one.text for one in needed)
        return text_of(self.remedies)

    def __str__(self) -> str:
        return told([(self.message, self.remedies)], "")

    def as_dict(self) -> dict[str, Any]:
        """Return the keys for a program."""
        return {
            "aspect": self.aspect,
            "severity": self.severity,
            "reason": self.reason,
            "remedy": self.remedy,
            "remedies": [one.as_dict() for one in self.remedies],
            "database": self.database,
            "schema": self.schema,
            "relation": self.relation,
        }


def qualified(schema: str, relation: str) -> str:
    """Return a quoted qualified name."""
    return f"{quoted(schema)}.{quoted(relation)}"


def weighed(findings: Iterable[Finding], fail_on: AbstractSet[str]) -> tuple[Finding, ...]:
    """Return the findings in the order of the aspects, with failures outside ``fail_on`` as warnings."""
    ordered = sorted(findings, key=lambda found: ASPECTS.index(found.aspect))
    return tuple(
        replace(found, severity="warning") if found.severity == "failure" and not _must_fail(found, fail_on) else found
        for found in ordered
    )


def _must_fail(found: Finding, fail_on: AbstractSet[str]) -> bool:
    return found.always_fails or found.aspect == "connection" or found.aspect in fail_on


def status(findings: Iterable[Finding]) -> Status:
    """Return the worst of some findings; information is ok."""
    severities = {found.severity for found in findings}
    return "failure" if "failure" in severities else "warning" if "warning" in severities else "ok"


def summary(findings: Sequence[Finding], unchecked: AbstractSet[str]) -> dict[str, dict[str, Any]]:
    """Return status and number of findings for every aspect, in the order of the aspects.

    One that was not checked everywhere is unknown, unless something was found elsewhere.
    """
    by_aspect: Mapping[str, list[Finding]] = {aspect: [] for aspect in ASPECTS}
    for found in findings:
        by_aspect[found.aspect].append(found)
    return {
        aspect: {"status": _aspect_status(found, is_unchecked=aspect in unchecked), "count": len(found)}
        for aspect, found in by_aspect.items()
    }


def _aspect_status(found: Sequence[Finding], *, is_unchecked: bool) -> Status:
    known = status(found)
    return "unknown" if known == "ok" and is_unchecked else known


def failure_message(findings: Sequence[Finding], user: str) -> str:
    """Return one text that names the first failures and how many there are; empty when there is none."""
    failures = [found for found in findings if found.severity == "failure"]
    if not failures:
        return ""
    count = "1 failure" if len(failures) == 1 else f"{len(failures)} failures"
    rest = len(failures) - NAMED_IN_MESSAGE
    head = f"Verification failed for user {quoted(user)}: {count}:"
    text = told([(found.message, found.remedies) for found in failures[:NAMED_IN_MESSAGE]], head)
    return f"{text}\n... and {rest} more, all in the key findings." if rest > 0 else text
