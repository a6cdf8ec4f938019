# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""What could not be checked, and why. Pure."""

from __future__ import annotations

from typing import Iterator

from ..catalog.facts import DatabaseFacts, Unchecked
from ..finding import ASPECTS, Aspect, Finding, Severity
from ..request import Request

ALL_BUT_CONNECTION: tuple[Aspect, ...] = tuple(aspect for aspect in ASPECTS if aspect != "connection")
LOST: tuple[Aspect, ...] = ("lost",)


def not_compared(request: Request, database: str) -> tuple[Unchecked, ...]:
    """Return why nothing was compared with what was seen earlier; empty if it was."""
    if request.baseline is None:
        reason = "There is no baseline, so that nothing was compared with what was seen earlier."
        return (Unchecked(LOST, reason, is_of_the_server=True),)
    if database not in request.baseline:
        return (Unchecked(LOST, "The baseline does not know this database."),)
    return ()


def unreadable(facts: DatabaseFacts, request: Request) -> Iterator[Finding]:
    """Yield what could not be checked in a database: a warning for aspects in ``fail_on``, otherwise information.

    A missing baseline is not a warning, since a first run has none.
    """
    for one in facts.unchecked:
        for aspect in one.aspects if one.aspects != LOST else ():
            severity: Severity = "warning" if aspect in request.fail_on else "information"
            yield Finding(aspect, severity, f"Not checked, or not wholly: {one.reason}", one.remedies, facts.name)
