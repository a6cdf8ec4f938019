# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""How PostgreSQL reads unquoted names, as regnamespace and to_regclass do.

Metamapper passes ``schema`` to regnamespace and ``schema.table`` to to_regclass as they are. Both split and fold the
text as if it were SQL: https://www.postgresql.org/docs/current/datatype-oid.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import AbstractSet, Literal, Mapping, Tuple

from .server_version import has_feature

Effect = Literal["fine", "fails", "no id", "wrong id"]
QualifiedName = Tuple[str, str]

_BLANKS = " \t\n\r\f"
_FOLD = {ord(letter): letter.lower() for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}


@dataclass(frozen=True)
class UnquotedNameParser:
    """How names are read in one database of one server."""

    version: int
    database: str

    @cached_property
    def blanks(self) -> str:
        """The characters that separate words."""
        return _BLANKS + ("\v" if has_feature(self.version, "blank_vertical_tab") else "")

    @cached_property
    def odd_name(self) -> str:
        """A regular expression of PostgreSQL for the names that cannot come back as themselves."""
        return f'[A-Z.{self.blanks}]|^"|^[0-9]+$|^-$'

    @cached_property
    def odd_relation(self) -> str:
        """The same for the second part of a qualified name, where digits and a dash are words like any other."""
        return f'[A-Z.{self.blanks}]|^"'

    @property
    def unquotable_schema(self) -> str:
        """A regular expression of PostgreSQL for the names that ``is_unquotable_schema`` is true of."""
        return self.odd_name + r"|\\"

    def is_unquotable_schema(self, schema: str) -> bool:
        """Return whether this name of a schema breaks a scan that sees a relation in it, or takes another schema's id.

        It is a matter of the name alone, whatever else exists. A name with a backslash comes back as itself, and yet
        Metamapper fails on it.
        """
        is_odd = re.search(self.odd_name, schema) is not None  # sooner answered, for most names
        return "\\" in schema or (is_odd and self.schema_effect(schema, frozenset([schema])) != "fine")

    def is_unquotable_relation(self, relation: str) -> bool:
        """Return whether the name of a relation does not come back as itself, whatever its schema is called."""
        return bool(re.search(self.odd_relation, relation)) and self.meant("x", relation) != ("x", relation)

    def breaks_scan(self, effect: Effect) -> bool:
        """Return whether a scan fails on a relation that has this effect, or stores another one in its place.

        From 16 on one without an id is stored, and loses its text only when it is renamed.
        """
        is_stored = effect == "fine" or (effect == "no id" and has_feature(self.version, "lenient_regclass"))
        return not is_stored

    def words(self, text: str) -> tuple[str, ...] | None:
        """Return the names that a text with dots means, None if it is malformed."""
        blank = f"[{re.escape(self.blanks)}]*"
        word = re.compile(
            f'{blank}(?:"((?:[^"]|"")*)"|([^".{re.escape(self.blanks)}][^.{re.escape(self.blanks)}]*)){blank}'
        )
        names: list[str] = []
        position = 0
        while True:
            match = word.match(text, position)
            if match is None:
                return None
            quoted, plain = match.groups()
            names.append(plain.translate(_FOLD) if quoted is None else quoted.replace('""', '"'))
            position = match.end()
            if position == len(text):
                return tuple(names)
            if text[position] != ".":
                return None
            position += 1

    def schema_effect(self, schema: str, existing: AbstractSet[str]) -> Effect:
        """Return what ``schema::regnamespace`` does."""
        if schema == "-" or re.fullmatch("[0-9]+", schema):
            return "wrong id"
        names = self.words(schema)
        if names is None or len(names) != 1 or names[0] not in existing:
            return "fails"
        return "fine" if names[0] == schema else "wrong id"

    def meant(self, schema: str, relation: str) -> QualifiedName | None:
        """Return the schema and relation that ``to_regclass`` looks for, None if it looks for none."""
        names = self.words(f"{schema}.{relation}")
        if names is not None and len(names) == 3 and names[0] == self.database:
            names = names[1:]
        return (names[0], names[1]) if names is not None and len(names) == 2 else None

    def relation_effect(
        self, schema: str, relation: str, usage: Mapping[str, bool], existing: AbstractSet[QualifiedName]
    ) -> Effect:
        """Return what ``to_regclass(schema || '.' || relation)`` does, given the schemas that exist."""
        meant = self.meant(schema, relation)
        if meant is None:
            is_syntax = self.words(f"{schema}.{relation}") is None
            return "no id" if is_syntax and has_feature(self.version, "lenient_regclass") else "fails"
        if not usage.get(meant[0], True):
            return "fails"
        if meant == (schema, relation):
            return "fine"
        return "wrong id" if meant in existing else "no id"


def safe_name(name: str, taken: AbstractSet[str]) -> str:
    """Return a name like this one that needs no quotes and is not in use."""
    plain = re.sub("[^a-z0-9_]+", "_", name.lower()).strip("_") or "renamed"
    plain = f"_{plain}"[:50] if plain[0].isdigit() else plain[:50]
    candidates = [plain, *(f"{plain}_{number}" for number in range(2, len(taken) + 3))]
    return next(candidate for candidate in candidates if candidate not in taken)
