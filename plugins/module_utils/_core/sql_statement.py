# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""SQL statements as values, built before there is a connection to quote names with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable, Tuple

from .identifier import identifier, quoted
from .secret import MASK, Secret

__all__ = ["Name", "Statement", "identifier", "placeholders", "quoted", "simple", "statement_text", "texts"]

Name = Tuple[str, ...]


@dataclass(frozen=True)
class Statement:
    """A statement with a ``{}`` for each name and, at the end, for the secret if there is one.

    A name is a tuple: ``("sales",)``, or ``("sales", "orders")`` for a qualified one.
    """

    template: str
    names: tuple[Name, ...] = ()
    secret: Secret | None = None

    def __str__(self) -> str:
        """Return the statement for people, ready to paste into psql, the secret masked."""
        mask = [f"'{MASK}'"] if self.secret else []
        return self.template.format(*(".".join(map(identifier, name)) for name in self.names), *mask)


def placeholders(count: int) -> str:
    """Return the placeholders of a list of names."""
    return ", ".join(["{}"] * count)


def simple(template: str, *names: str) -> Statement:
    """Return a statement whose names are not qualified."""
    return Statement(template, tuple((name,) for name in names))


def statement_text(template: str, *names: str) -> str:
    """Return a statement with a semicolon, as remedies show it."""
    return str(simple(template, *names)) + ";"


def texts(statements: Iterable[Statement]) -> list[str]:
    """Return statements for people, secrets masked."""
    return [str(statement) for statement in statements]
