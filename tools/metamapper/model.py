# SPDX-License-Identifier: GPL-3.0-or-later
"""A model of Metamapper 1.0.0: datastores, the rows that its scans create and hide, and their documentation.

As in Metamapper, rows have the same identifiers, are hidden instead of deleted, and after each scan are matched by oid
across all datastores. ``stored`` defines which values the API accepts, and how it stores them.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field
from hashlib import md5
from typing import Any, Iterator, Mapping, Sequence

ALLOWED: Mapping[str, Sequence[str]] = {
    **dict.fromkeys(["br", "del", "div", "em", "h1", "h2", "h3", "li", "ol", "p", "pre", "strong", "ul"], ()),
    "span": ("class", "data-id"),
    "a": ("href",),
}
ELEMENT = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]*)([^<>]*)>")
ATTRIBUTE = re.compile(r'([\w-]+)="([^"]*)"')
BARE_AMPERSAND = re.compile(r"&(?!#?\w+;)")
# The columns by schema and table.
Catalog = Mapping[str, Mapping[str, Sequence[str]]]


def digest(*parts: str) -> str:
    """Return the identifier that Metamapper computes from the identifier of the container and a name."""
    return md5("".join(parts).encode()).hexdigest()


def clean_html(text: str) -> str:
    """Return a readme as sanitized by bleach: it keeps a few elements and attributes, and escapes all others."""
    parts, end = [], 0
    for found in ELEMENT.finditer(text):
        parts += [_escaped(text[end : found.start()]), _element(found)]
        end = found.end()
    return "".join([*parts, _escaped(text[end:])])


def _element(found: re.Match[str]) -> str:
    closing, name, rest = found.groups()
    if name.lower() not in ALLOWED:
        return _escaped(found[0])
    kept = [f' {key}="{value}"' for key, value in ATTRIBUTE.findall(rest) if key in ALLOWED[name.lower()]]
    return f"<{closing}{name.lower()}{''.join(kept)}>"


def _escaped(text: str) -> str:
    return BARE_AMPERSAND.sub("&amp;", text).replace("<", "&lt;").replace(">", "&gt;")


class Invalid(Exception):
    """A value that the API rejects: the field, and its message."""


def stored(name: str, value: Any) -> Any:
    """Return a value as the API stores it; raises Invalid."""
    if name == "tags":
        return _tags(value)
    if value is not None and not isinstance(value, str):
        raise Invalid(name, "Not a valid string.")
    text = (value or "").strip()
    if name == "short_desc" and len(text) > 140:
        raise Invalid(name, "Ensure this field has no more than 140 characters.")
    return clean_html(text) if name == "readme" else text


def _tags(value: Any) -> list[str]:
    if value is None:
        return []
    if not isinstance(value, list) or len(value) > 10:
        raise Invalid("tags", "Ensure this field has no more than 10 elements.")
    tags = [str(tag).strip() for tag in value]
    if any(not tag or len(tag) > 30 for tag in tags):
        raise Invalid("tags", "Ensure this field has no more than 30 characters.")
    return sorted(set(tags))


@dataclass
class Row:
    """A schema, table or column; ``outer`` is the identifier of its container, and ``oid`` is used for matching."""

    kind: str
    id: str
    outer: str
    name: str
    created_at: int
    oid: str = ""
    is_hidden: bool = False
    short_desc: str | None = None
    readme: str | None = None
    tags: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Return the row as the API shows it."""
        shown = {"id": self.id, "name": self.name, "tags": sorted(self.tags), "created_at": str(self.created_at)}
        texts = {} if self.kind == "schemas" else {"short_desc": self.short_desc, "readme": self.readme}
        return {**shown, **texts}


@dataclass
class Datastore:
    """A datastore: the name that people gave a database."""

    id: str
    name: str
    created_at: int
    is_enabled: bool = True

    def as_json(self) -> dict[str, Any]:
        """Return the datastore as the API shows it, without host and database."""
        return {
            "id": self.id,
            "name": self.name,
            "slug": self.name.lower(),
            "engine": "postgresql",
            "is_enabled": self.is_enabled,
            "tags": [],
            "short_desc": None,
        }


class Model:
    """The content of one workspace."""

    def __init__(self) -> None:
        self.datastores: dict[str, Datastore] = {}
        self.rows: dict[str, Row] = {}
        self._clock = itertools.count(1_700_000_000)
        self._inside: dict[tuple[str, str], list[Row]] = {}

    def add_datastore(self, name: str) -> str:
        """Add a datastore, and return its identifier."""
        identifier = digest(name, str(len(self.datastores)))[:12]
        self.datastores[identifier] = Datastore(identifier, name, next(self._clock))
        return identifier

    def scan(self, datastore: str, catalog: Catalog, oids: Mapping[str, str] | None = None) -> None:
        """Apply a successful scan that finds these objects; ``oids`` are the tables' oids by "schema.table"."""
        seen = set()
        for schema, tables in catalog.items():
            outer = self._see("schemas", datastore, schema)
            seen.add(outer)
            for table, columns in tables.items():
                inner = self._see("tables", outer, table, (oids or {}).get(f"{schema}.{table}", ""))
                seen |= {inner, *(self._see("columns", inner, column) for column in columns)}
        for row in self._all_of(datastore):
            row.is_hidden = row.id not in seen
        self._match(datastore)

    def _see(self, kind: str, outer: str, name: str, oid: str = "") -> str:
        identifier = digest(outer, name)
        if identifier not in self.rows:
            self._put(Row(kind, identifier, outer, name, next(self._clock), oid))
        self.rows[identifier].oid = oid
        return identifier

    def _put(self, row: Row) -> None:
        self.rows[row.id] = row
        self._inside.setdefault((row.kind, row.outer), []).append(row)

    def _all_of(self, datastore: str) -> Iterator[Row]:
        for schema in self._inside.get(("schemas", datastore), []):
            yield schema
            for table in self._inside.get(("tables", schema.id), []):
                yield table
                yield from self._inside.get(("columns", table.id), [])

    def _match(self, datastore: str) -> None:
        """Turn each hidden table of a datastore into the visible one with its oid, in any datastore; delete that."""
        live = {row.oid: row for row in self.rows.values() if row.oid and not row.is_hidden}
        for hidden in [row for row in self._all_of(datastore) if row.is_hidden and row.oid in live]:
            gone = live[hidden.oid]
            for row in (gone, hidden):
                self._inside[(row.kind, row.outer)].remove(row)
                del self.rows[row.id]
            hidden.id, hidden.outer, hidden.name, hidden.is_hidden = gone.id, gone.outer, gone.name, False
            self._put(hidden)

    def inside(self, kind: str, outer: str) -> list[Row]:
        """Return the visible rows of a kind in a container."""
        return [row for row in self._inside.get((kind, outer), []) if not row.is_hidden]

    def shown(self, kind: str, identifier: str) -> Row | None:
        """Return one visible row; None if it is hidden or does not exist."""
        row = self.rows.get(identifier)
        return row if row and row.kind == kind and not row.is_hidden else None

    def at(self, datastore: str, *names: str) -> Row:
        """Return the row of a schema, of a table, or of a column, by one to three names."""
        identifier = datastore
        for name in names:
            identifier = digest(identifier, name)
        return self.rows[identifier]

    def texts(self, datastore: str) -> dict[str, tuple[str, str, tuple[str, ...]]]:
        """Return the documentation of all visible rows of a datastore, by identifier."""
        return {
            row.id: (row.short_desc or "", row.readme or "", tuple(sorted(row.tags)))
            for row in self._all_of(datastore)
            if not row.is_hidden
        }
