# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""How bad things are, and the questions that a verification answers."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, Iterable, Literal, Mapping

Status = Literal["failure", "warning", "unknown", "ok"]
Severity = Literal["failure", "warning", "information"]

# worst first
STATUSES: tuple[Status, ...] = ("failure", "warning", "unknown", "ok")
SEVERITIES: tuple[Severity, ...] = ("failure", "warning", "information")
STATUS_OF: Mapping[Severity, Status] = MappingProxyType(
    {"failure": "failure", "warning": "warning", "information": "ok"}
)
# As people read them; programs read the keys.
LABELS: Mapping[str, str] = MappingProxyType(
    {
        "connection": "Connection",
        "missing": "Missing",
        "breaks_scan": "Breaks scan",
        "future": "New tables",
        "lost": "Regressions",
        "overlap": "Overlap",
        "exposed": "Out of scope",
        "excess": "Excess privileges",
        "limits": "Known limits",
    }
)
QUESTIONS: Mapping[str, str] = MappingProxyType(
    {
        "connection": "Can Metamapper connect and log in?",
        "missing": "Which configured tables and columns are not visible?",
        "breaks_scan": "Which objects make Metamapper's own queries fail or misread?",
        "future": "Who can create tables that Metamapper will not see?",
        "lost": "What was visible before and is not now? The next scan hides its documentation.",
        "overlap": "Which other datastores have relations with the same oids?",
        "exposed": "What can the login read outside the configured schemas?",
        "excess": "What can the login do beyond reading?",
        "limits": "What can no privilege show? Never a failure.",
    }
)
ASPECTS: tuple[str, ...] = tuple(LABELS)
# Answered only where a run compared several servers.
OPTIONAL_ASPECTS = frozenset({"overlap"})


def label(aspect: str) -> str:
    """Return the name of an aspect as people read it."""
    return LABELS.get(aspect) or aspect.replace("_", " ").capitalize()


def aspect_place(aspect: str) -> int:
    """Return the place of an aspect in the order of all; the last one if it is unknown."""
    return ASPECTS.index(aspect) if aspect in ASPECTS else len(ASPECTS)


def status_of(text: Any) -> Status | None:
    """Return a status by its name; None for any other value."""
    return next((status for status in STATUSES if status == text), None)


def severity_of(text: Any) -> Severity | None:
    """Return a severity by its name; None for any other value."""
    return next((severity for severity in SEVERITIES if severity == text), None)


def worst(statuses: Iterable[Status]) -> Status:
    """Return the worst of some statuses; ok where there is none."""
    return min(statuses, key=STATUSES.index, default="ok")
