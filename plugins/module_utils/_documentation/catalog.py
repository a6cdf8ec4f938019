# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""The objects of Metamapper's REST API: datastores, schemas, tables, columns; each list whole, over all its pages."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Any, Collection, Dict, Mapping

from .._core.name_pattern import matching
from .._core.problem import Failure, Problem
from .._core.remedy import by_hand
from .answer import Answer
from .client import Client
from .content import KINDS, Path, Text, text_of
from .deadline import for_each

PAGE_SIZE = 1000
# A scan that runs meanwhile can make a list longer while it is read.
ATTEMPTS = 3
Item = Mapping[str, Any]


@dataclass(frozen=True)
class Datastore:
    """One of Metamapper's datastores: its identifier, its name, and whether new scans of it start."""

    id: str
    name: str
    is_enabled: bool = True


@dataclass(frozen=True)
class Entry:
    """A schema, table or column that Metamapper shows: its identifier, and what is written about it."""

    id: str
    text: Text


Entries = Dict[Path, Entry]


def find_datastore(client: Client, name: str) -> Datastore:
    """Return the datastore with a name; raises Failure if there is none, or several have the same name."""
    items = list_all(client, "datastores")
    found = [item for item in items if item["name"] == name]
    if len(found) == 1:
        return Datastore(found[0]["id"], name, found[0].get("is_enabled", True) is not False)
    names = sorted({str(item["name"]) for item in items})
    near = difflib.get_close_matches(name, names, 1)
    there = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(names[:20]) or 'none'}."
    message = f'Metamapper has {len(found) or "no"} datastores named "{name}" in this workspace. {there}'
    raise Failure([Problem(message, by_hand("Name one in datastore as Metamapper shows it."), object=name)])


def datastore_names(client: Client, name: str) -> list[str]:
    """Return the names of the datastores that a name or a pattern means; empty for none."""
    return sorted(matching(name, {str(item["name"]) for item in list_all(client, "datastores")}))


def set_scanning(client: Client, datastore: Datastore, *, is_enabled: bool) -> None:
    """Pause or resume new scans of a datastore; a running one continues. Raises Failure if that fails."""
    answer = client.ask("PATCH", f"datastores/{datastore.id}", body={"is_enabled": is_enabled})
    if answer.status != 200 or answer.body.get("is_enabled") is not is_enabled:
        message = f'Metamapper did not {"resume" if is_enabled else "pause"} the datastore "{datastore.name}"'
        remedy = "See that the token may change it, or switch it in the settings of the datastore in Metamapper."
        raise Failure([Problem(f"{message} ({answer.status}).", by_hand(remedy), object=datastore.name)])


def entries_of(client: Client, datastore: Datastore, only: Collection[Path] | None = None) -> Entries:
    """Return all that Metamapper shows of a datastore, by its names.

    With ``only``, tables are listed for the schemas of these paths, and columns for the tables of these columns.
    """
    schemas = _entries((), list_all(client, f"datastores/{datastore.id}/schemas"))
    tables = _inside(client, schemas, "schemas/{}/tables", only)
    return {**schemas, **tables, **_inside(client, tables, "tables/{}/columns", only)}


def _inside(client: Client, outer: Entries, address: str, only: Collection[Path] | None) -> Entries:
    wanted = None if only is None else {path[:-1] for path in only} | {path[:1] for path in only}
    paths = [path for path in outer if wanted is None or path in wanted]
    lists = for_each(paths, lambda path: list_all(client, address.format(outer[path].id)))
    return {inner: entry for path, items in zip(paths, lists) for inner, entry in _entries(path, items).items()}


def _entries(outer: Path, items: list[Item]) -> Entries:
    return {(*outer, item["name"]): Entry(item["id"], text_of(item)) for item in items}


def read(client: Client, path: Path, entry: Entry) -> Entry | None:
    """Return an entry as it is now; None if it is hidden."""
    answer = client.ask("GET", _address(path, entry))
    return Entry(entry.id, text_of(answer.body)) if answer.status == 200 else None


def write(client: Client, path: Path, entry: Entry, fields: Mapping[str, Any]) -> Answer:
    """Write some texts of an entry, and return the answer: 200 with the entry, 400 with errors, or 404."""
    return client.ask("PATCH", _address(path, entry), body=fields)


def _address(path: Path, entry: Entry) -> str:
    return f"{KINDS[len(path)]}s/{entry.id}"


def list_all(client: Client, path: str) -> list[Item]:
    """Return the items of all pages of a list; raises Failure if it cannot be read completely."""
    for _attempt in range(ATTEMPTS):
        items, total = _pages(client, path)
        if total <= len(items):
            return items
    message = f"Metamapper says that GET {path} has {total} items, but its pages contained {len(items)}."
    raise Failure(
        [Problem(message, by_hand("A scan of the datastore may be running: run it again when it has ended."))]
    )


def _pages(client: Client, path: str) -> tuple[list[Item], int]:
    """Return the items of all pages, each once, and how many there are as Metamapper counts them."""
    items: dict[str, Item] = {}
    cursors: set[str] = set()
    query: dict[str, Any] = {"page_size": PAGE_SIZE}
    while True:
        answer = client.ask("GET", path, query)
        if answer.status != 200 or not isinstance(answer.body.get("items"), list):
            message = f"Metamapper was asked GET {path} and answered without a list ({answer.status})."
            remedy = "Set api_url to the address of Metamapper 1.0.0 or newer itself, as it stands in a browser."
            raise Failure([Problem(message, by_hand(remedy))])
        items.update((item["id"], item) for item in answer.body["items"])
        cursor = answer.body.get("next_page_token")
        total = (answer.body.get("page_info") or {}).get("total_results", 0)
        if not cursor or cursor in cursors:
            return list(items.values()), total
        cursors.add(cursor)
        query = {"page_size": PAGE_SIZE, "cursor": cursor}
