# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Which datastores of Metamapper are in scope, where their files are, and what a run did with them."""

from __future__ import annotations

import glob
import os
from hashlib import sha256
from typing import AbstractSet, Any, Iterable, Iterator, Mapping
from urllib.parse import quote

from ansible.errors import AnsibleFilterError
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.name_pattern import is_pattern, matching
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.visible import visible

DATABASE = "{database}"
# Of the 255 bytes of a file name; the module adds a suffix.
LONGEST_NAME = 180
# Objects that a summary names; the result of the task has all.
MOST_EXAMPLES = 10


def datastores(template: str, databases: Iterable[str]) -> list[str]:
    """Return the names of the datastores, each once: one for each database, or the one that is named."""
    if template and DATABASE not in template:
        return [template]
    return list(dict.fromkeys((template or DATABASE).replace(DATABASE, name) for name in databases))


def documentation_files(
    template: str, databases: Iterable[Mapping[str, Any]], directory: str, existing: Iterable[str]
) -> list[dict[str, str]]:
    """Return the datastores with their files in a directory: two names never have one file.

    ``databases`` are entries of ``metamapper_databases``; a pattern in one of them means those of the ``existing``
    datastores. Raises AnsibleFilterError if it means none, unless the entry allows it.
    """
    names = frozenset(existing)
    if template and DATABASE not in template:
        meant = [template]
    else:
        meant = [name for entry in databases for name in _meant(template or DATABASE, entry, names)]
    return [
        {"datastore": name, "path": os.path.join(directory, f"{file_name(name)}.json")} for name in dict.fromkeys(meant)
    ]


def _meant(template: str, entry: Mapping[str, Any], existing: AbstractSet[str]) -> list[str]:
    database = str(entry["name"])
    if not is_pattern(database):
        return [template.replace(DATABASE, database)]
    before, _database, after = (glob.escape(part) for part in template.partition(DATABASE))
    found = sorted(matching(f"{before}{database}{after}", existing))
    if not found and not entry.get("allow_empty"):
        there = ", ".join(map(visible, sorted(existing)[:MOST_EXAMPLES])) or "none"
        raise AnsibleFilterError(
            f'metamapper_databases has the pattern "{visible(database)}", and no datastore in Metamapper matches it. '
            f"There are: {there}. Correct the pattern or metamapper_datastore, or set allow_empty in that entry."
        )
    return found


def has_patterns(databases: Iterable[Mapping[str, Any]], template: str) -> bool:
    """Return whether the existing datastores must be known to resolve the entries."""
    return DATABASE in (template or DATABASE) and any(is_pattern(str(entry["name"])) for entry in databases)


def file_name(name: str) -> str:
    """Return a name as a file name without extension: characters special in a path or a shell are encoded."""
    encoded = quote(name, safe=" ()")
    if encoded.startswith("."):
        encoded = f"%2E{encoded[1:]}"
    if len(encoded) <= LONGEST_NAME:
        return encoded
    return f"{encoded[: LONGEST_NAME - 65]}-{sha256(name.encode()).hexdigest()}"


def documentation_lines(results: Iterable[Mapping[str, Any]], check_mode: bool) -> list[str]:
    """Return what a run did with each datastore, or in check mode would do, as lines for people."""
    return [line for result in results if "datastore" in result for line in _lines(result, check_mode)]


def paused_datastores(paused: Mapping[str, Any]) -> list[str]:
    """Return the names of the datastores that a run has paused, given what a loop over them registered."""
    return [each["item"]["datastore"] for each in paused.get("results", ()) if _has_paused(each)]


def _has_paused(result: Mapping[str, Any]) -> bool:
    return bool(result.get("changed")) and isinstance(result.get("item"), Mapping)


def hidden_documentation(
    disappears: Iterable[Mapping[str, Any]], results: Iterable[Mapping[str, Any]], template: str
) -> list[str]:
    """Return what people wrote about the schemas that a run hides, according to the exports of their datastores."""
    exports = {result["datastore"]["name"]: result for result in results if "datastore" in result}
    return [
        _hidden(each["database"], schema, exports[name]["documented_tables"].get(schema, []))
        for each in disappears
        for name in datastores(template, [each["database"]])
        if name in exports
        for schema in each["schemas"]
    ]


def _hidden(database: str, schema: str, tables: list[str]) -> str:
    place = f"schema {visible(schema)} of database {visible(database)}"
    if not tables:
        return f"The next scan hides {place}, about whose tables nothing was written."
    names = ", ".join(map(visible, tables[:MOST_EXAMPLES])) + (", ..." if len(tables) > MOST_EXAMPLES else "")
    return f"The next scan hides {place}, and what people wrote about {len(tables)} of its tables: {names}."


def with_lost_documentation(result: Mapping[str, Any], exports: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return a result of module visibility with a note on what people wrote about the tables that are lost.

    ``exports`` are those of the datastores of ``lost_databases``, in their order.
    """
    notes = [
        _lost(database, _lost_tables(result, database), export["documented_tables"])
        for database, export in zip(lost_databases(result), exports)
        if "documented_tables" in export
    ]
    return {**result, "findings": [*result["findings"], *notes]}


def lost_databases(result: Mapping[str, Any]) -> list[str]:
    """Return the databases of which tables are lost, by name."""
    return sorted({each["database"] for each in result.get("findings", ()) if _is_lost(each)})


def _is_lost(finding: Mapping[str, Any]) -> bool:
    return bool(finding["aspect"] == "lost" and finding["relation"])


def _lost_tables(result: Mapping[str, Any], database: str) -> list[tuple[str, str]]:
    lost = (each for each in result["findings"] if _is_lost(each) and each["database"] == database)
    return [(each["schema"], each["relation"]) for each in lost]


def _lost(database: str, lost: list[tuple[str, str]], documented: Mapping[str, list[str]]) -> dict[str, str]:
    named = [f"{schema}.{table}" for schema, table in lost if table in documented.get(schema, ())]
    names = f": {', '.join(named[:MOST_EXAMPLES])}" if named else ""
    reason = f"Metamapper has texts about {len(named)} of the {len(lost)} tables that are named here as lost{names}."
    where = {"database": database, "schema": "", "relation": ""}
    return {"aspect": "lost", "severity": "information", **where, "reason": reason, "remedy": ""}


def _lines(result: Mapping[str, Any], check_mode: bool) -> Iterator[str]:
    name, documented = visible(result["datastore"]["name"]), result["documented"]
    texts = f"texts of {documented['tables']} tables and {documented['columns']} columns"
    if "written" not in result:
        would = "would have" if check_mode and result["changed"] else "has"
        yield f"Datastore {name}: {visible(result['path'])} {would} the {texts}."
        if result["backup_file"]:
            yield f"Texts that are no longer in Metamapper, or were replaced, are in {visible(result['backup_file'])}."
        return
    what = "to be written" if check_mode else "written"
    yield f"Datastore {name}: the file has the {texts}; objects {what}: {len(result['written'])}."
    yield from _remarks("not written", result["not_written"])
    yield from _remarks("kept as they are in Metamapper", result["kept"])


def _remarks(what: str, remarks: list[Mapping[str, str]]) -> Iterator[str]:
    if remarks:
        yield f"{len(remarks)} {what}:"
    for remark in remarks[:MOST_EXAMPLES]:
        place = ".".join(visible(remark[key]) for key in ("schema", "table", "column") if remark[key])
        yield f"- {place}{' ' + remark['field'] if remark['field'] else ''}: {remark['reason']}"
    if len(remarks) > MOST_EXAMPLES:
        yield f"- and {len(remarks) - MOST_EXAMPLES} more, in the result of the task (ansible-playbook -v)."
