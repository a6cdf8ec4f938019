# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""What Metamapper saw of each server, with the oids: a file a server beside the report, which other runs compare with.

The report has none of it: it would grow with every relation.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Iterable, Mapping, Sequence

from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.directory import (
    ensure_directory,
    locked,
    write_files,
)
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.server_file import file_name, is_masked

FORMAT = "metamapper.postgresql/oids"
VERSION = 1
FOLDER = "oids"
KEPT = ("system_identifier", "seen", "oids")
Result = Mapping[str, Any]


def keep_oids(directory: Path, results: Mapping[str, Result | None], created: str) -> None:
    """Write a file for each server of which a run has oids, given the module's results; the others keep theirs.

    Raises DirectoryError or OSError where the directory is not to be written into, or cannot be.
    """
    texts = {file_name(server): _render(server, result, created) for server, result in results.items() if result}
    _write(directory, {name: text for name, text in texts.items() if text})


def _render(server: str, result: Result, created: str) -> str:
    """Return the text of a server's file; empty where there is nothing, or a name in it was masked as a secret."""
    kept = {name: result.get(name) for name in KEPT}
    if not kept["oids"] or is_masked(kept["seen"]):
        return ""
    document = {"format": FORMAT, "version": VERSION, "server": server, "created": created, **kept}
    return json.dumps(document, separators=(",", ":"))  # of thousands of tables, nothing for people


def _write(directory: Path, texts: Mapping[str, str]) -> None:
    if texts:
        ensure_directory(directory / FOLDER)
        with locked(directory / FOLDER):
            write_files(directory / FOLDER, texts)


def read_oids(directory: Path, servers: Iterable[str]) -> dict[str, Result]:
    """Return what is kept of servers, as the module's results have it; one whose file cannot be read is left out."""
    found = {server: _parsed(directory / FOLDER / file_name(server)) for server in servers}
    return {server: document for server, document in found.items() if document and document["server"] == server}


def _parsed(path: Path) -> Result | None:
    """Return the document of a file; None where it is none of ours, or cannot be read."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    is_ours = isinstance(document, Mapping) and (document.get("format"), document.get("version")) == (FORMAT, VERSION)
    return document if is_ours else None


def merge_oids(sources: Sequence[Path], directory: Path) -> None:
    """Copy the newest file of each server from several directories of reports."""
    newest: dict[str, Result] = {}
    for folder in (source / FOLDER for source in (*sources, directory)):
        for path in sorted(folder.glob("*.json")):
            document = _parsed(path)
            if document and path.name == file_name(document["server"]):
                known = newest.get(path.name)
                newest[path.name] = document if known is None or known["created"] <= document["created"] else known
    _write(directory, {name: json.dumps(document, separators=(",", ":")) for name, document in newest.items()})
