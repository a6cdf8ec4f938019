# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""What is wrong, in words for people and in keys for programs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Iterable

from .byte_text import printable
from .visible import visible, visible_lines


def sentence(message: str, remedy: str) -> str:
    """Return a message and its remedy as people see them; a remedy may have several lines."""
    return " ".join(part for part in (visible(message), "\n".join(visible_lines(remedy))) if part)


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong.

    ``message`` says what was tried, on which object, and what was found. ``remedy`` is the statement or the setting
    that fixes it; empty when nothing but the message helps. ``sqlstate`` is the server's five characters, empty when
    the server did not speak. ``database``, ``object`` and ``statement`` are empty where they do not apply.
    """

    message: str
    remedy: str = ""
    sqlstate: str = ""
    database: str = ""
    object: str = ""
    statement: str = ""

    def __str__(self) -> str:
        """Return it for a terminal: no name in it can control what surrounds it. The exact text is in the keys."""
        return sentence(self.message, self.remedy)

    def as_dict(self) -> dict[str, Any]:
        """Return the keys for a program."""
        return asdict(self)


class Failure(Exception):
    """All that is wrong, found before anything was written or with what was written rolled back.

    ``committed`` names what earlier transactions of the same task have committed; it is empty almost always.
    """

    def __init__(self, problems: Iterable[Problem], committed: Iterable[str] = ()) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        self.committed: tuple[str, ...] = tuple(committed)
        super().__init__(summary(self.problems))

    def as_result(self) -> dict[str, Any]:
        """Return what a module hands to ``fail_json``: the message, and keys for a program."""
        first = self.problems[0] if self.problems else Problem("")
        message = str(self)
        if self.committed:
            message += f" Committed before this: {visible('; '.join(self.committed))}. Run again to complete it."
        result = {
            "msg": message,
            "problems": [problem.as_dict() for problem in self.problems],
            "committed": list(self.committed),
            "sqlstate": first.sqlstate,
            "database": first.database,
        }
        return dict(printable(result))


def summary(problems: Iterable[Problem]) -> str:
    """Return one text for people: a single problem as it is, several as a numbered list."""
    texts = [str(problem) for problem in problems]
    if len(texts) == 1:
        return texts[0]
    lines = [f"{number}. {text}" for number, text in enumerate(texts, start=1)]
    return "\n".join([f"{len(texts)} problems:", *lines])
