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
QUESTIONS: Mapping[str, str] = MappingProxyType(
    {
        "connection": "Can Metamapper log in, through every hop?",
        "missing": "Which listed tables and columns will not appear?",
        "breaks_scan": "Which objects make Metamapper's own queries fail or misread?",
        "future": "Who can create tables here that Metamapper will not see?",
        "lost": "What did Metamapper see before and will not see now? Its next scan deletes the documentation of it.",
        "exposed": "What can the login read beyond the list?",
        "excess": "What can the login do beyond reading?",
        "limits": "What can no privilege show? This is information, never a failure.",
    }
)
ASPECTS: tuple[str, ...] = tuple(QUESTIONS)


def status_of(text: Any) -> Status | None:
    """Return a status by its name; None for any other value."""
    return next((status for status in STATUSES if status == text), None)


def severity_of(text: Any) -> Severity | None:
    """Return a severity by its name; None for any other value."""
    return next((severity for severity in SEVERITIES if severity == text), None)


def worst(statuses: Iterable[Status]) -> Status:
    """Return the worst of some statuses; ok where there is none."""
    return min(statuses, key=STATUSES.index, default="ok")
