# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""What is wrong, as text for people and as keys for programs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Iterable

from .byte_text import printable
from .remedy import Remedies, Remedy, text_of, told
from .visible import visible


@dataclass(frozen=True)
class Problem:
    """A problem.

    ``message`` says what was tried, on which object, and what was found. ``remedies`` are what fixes it; empty when
    nothing but the message helps. ``sqlstate`` is the server's five characters, empty if it does not come from the
    server. ``database``, ``object`` and ``statement`` are empty if they do not apply.
    """

    message: str
    remedies: Remedies = ()
    sqlstate: str = ""
    database: str = ""
    object: str = ""
    statement: str = ""

    @classmethod
    def fixed_by(cls, remedy: Remedy, message: str, about: str) -> Problem:
        """Return a problem that the statements of a remedy fix, in its database; ``about`` is the object."""
        statement = " ".join(remedy.statements)
        return cls(message, (remedy,), database=remedy.database, object=about, statement=statement)

    def __str__(self) -> str:
        """Return it for a terminal: no name in it can change how the rest is shown. The exact text is in the keys."""
        return told([(self.message, self.remedies)], "")

    @property
    def remedy(self) -> str:
        """The remedies in one text; empty for none."""
        return text_of(self.remedies)

    def as_dict(self) -> dict[str, Any]:
        """Return the keys for a program."""
        return {
            "message": self.message,
            "remedy": self.remedy,
            "remedies": [one.as_dict() for one in self.remedies],
            "sqlstate": self.sqlstate,
            "database": self.database,
            "object": self.object,
            "statement": self.statement,
        }


class Failure(Exception):
    """All that is wrong, found before anything was written or with what was written rolled back.

    ``committed`` names what earlier transactions of the same task have committed; it is empty almost always.
    """

    def __init__(self, problems: Iterable[Problem], committed: Iterable[str] = ()) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        self.committed: tuple[str, ...] = tuple(committed)
        super().__init__(summary(self.problems))

    def as_result(self) -> dict[str, Any]:
        """Return what a module passes to ``fail_json``: the message, and keys for a program."""
        first = self.problems[0] if self.problems else Problem("")
        message = str(self)
        if self.committed:
            separator = "\n" if "\n" in message else " "
            message += (
                f"{separator}Committed before this: {visible('; '.join(self.committed))}. Run again to complete it."
            )
        result = {
            "msg": message,
            "problems": [problem.as_dict() for problem in self.problems],
            "committed": list(self.committed),
            "sqlstate": first.sqlstate,
            "database": first.database,
        }
        return dict(printable(result))


def summary(problems: Iterable[Problem]) -> str:
    """Return one text for people: a single problem as it is, several as a numbered list, then all statements."""
    items = [(problem.message, problem.remedies) for problem in problems]
    return told(items, "" if len(items) == 1 else f"{len(items)} problems:")
