# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""What fixes a finding, and who or what does it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, Mapping, Sequence, get_args

Kind = Literal["sql", "variable", "line", "person"]

KINDS: tuple[Kind, ...] = get_args(Kind)
CHANGES: Mapping[str, str] = MappingProxyType({"add": "Add {} to {}", "remove": "Remove {} from {}"})
# Strings, quoted names, dollar-quoted bodies and comments are one token each: a semicolon in them ends no statement.
# https://www.postgresql.org/docs/current/sql-syntax-lexical.html
TOKEN = re.compile(
    r"""[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(\w*)\$.*?\$\1\$|--[^\n]*|;|[^'";$eE-]+|.""",
    re.DOTALL,
)
COMMAND = re.compile(r"(ALTER|ANALYZE|COMMENT|CREATE|DROP|GRANT|REASSIGN|RESET|REVOKE|SECURITY|SELECT|SET|VACUUM)\b")
GRANT = re.compile(
    r"GRANT\b|ALTER DEFAULT PRIVILEGES\b(?:\s+(?:FOR ROLE|IN SCHEMA)\s+(?:\w+|\"(?:[^\"]|\"\")*\"))*\s+GRANT\b"
)
# What applications notice, so that people should know why before they run it.
INTRUSIVE = re.compile(r"DROP\b|REASSIGN\b|ALTER\b.*\b(?:RENAME|OWNER)\s+TO\b", re.DOTALL)


@dataclass(frozen=True)
class Remedy:
    """One remedy.

    ``text`` is what is copied: statements, ``name: value`` of a variable, a line of ``file``, or a sentence. ``role``
    and ``database`` are where statements run, empty if it follows from the finding or does not matter; ``by`` describes
    who runs them. ``is_alternative`` tells that it replaces those before it.
    """

    kind: Kind
    text: str
    role: str = ""
    database: str = ""
    file: str = ""
    by: str = ""
    is_alternative: bool = False

    @property
    def statements(self) -> tuple[str, ...]:
        """The statements of SQL, each with its semicolon; empty for every other kind."""
        return statements_of(self.text) if self.kind == "sql" else ()

    @property
    def is_grant(self) -> bool:
        """Whether it only grants, as the role ``grant`` does."""
        statements = self.statements
        return bool(statements) and all(GRANT.match(statement) for statement in statements)

    @property
    def is_intrusive(self) -> bool:
        """Whether it renames, drops or gives away an object that others use."""
        return any(INTRUSIVE.match(statement) for statement in self.statements)


def statements_of(text: str) -> tuple[str, ...]:
    """Return the statements that a text consists of; empty if any part of it is not one."""
    statements, current = [], ""
    for token in TOKEN.finditer(text):
        current += token[0]
        if token[0] == ";":
            statements.append(current.strip())
            current = ""
    if current.strip() or not all(COMMAND.match(statement) for statement in statements):
        return ()
    return tuple(statements)


def remedy_of(value: Any) -> Remedy | None:
    """Return a remedy, given as the module does: a mapping with ``kind``, a text, or nothing (None).

    A text is SQL if all of it is, and else for a person.
    """
    if isinstance(value, Mapping):
        return _of_mapping(value)
    text = str(value or "")
    if not text:
        return None
    return Remedy("sql" if statements_of(text) else "person", text)


def remedies_of(item: Mapping[str, Any]) -> tuple[Remedy, ...]:
    """Return the remedies of a finding, given as the module does: a list of mappings, or one remedy as a text."""
    given = item.get("remedies") or [item.get("remedy")]
    return tuple(remedy for remedy in map(remedy_of, given) if remedy is not None)


def _of_mapping(value: Mapping[str, Any]) -> Remedy | None:
    kind: Kind = next((kind for kind in KINDS if kind == value.get("kind")), "person")
    text = _first(value, ("text", kind, "statement", "sentence"))
    if kind == "variable" and value.get("name"):
        text = text or f"{value['name']}: {json.dumps(value.get('value'), ensure_ascii=False, default=str)}"
    if not text:
        return None
    if kind == "variable" and value.get("change") in CHANGES:
        kind, text = "person", _change(value)
    texts = {key: str(value.get(key) or "") for key in ("role", "database", "file", "by")}
    return Remedy(kind, text, is_alternative=bool(value.get("is_alternative")), **texts)


def _change(value: Mapping[str, Any]) -> str:
    """Return what to do with the items of a list: "name: items" would be read as the whole list."""
    items = ", ".join(json.dumps(item, ensure_ascii=False, default=str) for item in value.get("value") or ())
    entry = f' in the entry of database "{value["database"]}"' if value.get("database") else ""
    return f"{CHANGES[value['change']].format(items, value.get('name'))}{entry}."


def _first(value: Mapping[str, Any], keys: Sequence[str]) -> str:
    """Return the first of some keys that has a value; several lines, where that is a list."""
    found = next((value[key] for key in keys if value.get(key)), "")
    return "\n".join(map(str, found)) if isinstance(found, (list, tuple)) else str(found)
