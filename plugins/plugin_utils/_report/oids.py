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
from typing import Iterable, Mapping, Sequence

from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.directory import (
    ensure_directory,
    locked,
    write_files,
)
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.observation import (
    Observation,
    Observations,
    newest,
)
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.server_file import file_name, is_masked

FORMAT = "metamapper.postgresql/oids"
VERSION = 1
FOLDER = "oids"


def keep_oids(directory: Path, observations: Mapping[str, Observation]) -> None:
    """Write a file for each server, unless a newer one is there, or a name in it was masked as a secret.

    Where nothing is visible, what was seen earlier stays: Metamapper has it still. Raises DirectoryError or OSError
    where the directory is not to be written into, or cannot be.
    """
    named = {server: one for server, one in observations.items() if one["oids"] and not is_masked(one["seen"])}
    if not named:
        return
    ensure_directory(directory / FOLDER)
    with locked(directory / FOLDER):
        kept = newest([read_oids(directory, named), named])
        texts = {file_name(server): _render(server, one) for server, one in kept.items() if one is named[server]}
        write_files(directory / FOLDER, texts)


def _render(server: str, observation: Observation) -> str:
    document = {"format": FORMAT, "version": VERSION, "server": server, **observation}
    return json.dumps(document, separators=(",", ":"))  # of thousands of tables, nothing for people


def read_oids(directory: Path, servers: Iterable[str]) -> Observations:
    """Return what is kept of servers; one whose file cannot be read is left out."""
    found = {server: _parsed(directory / FOLDER / file_name(server)) for server in servers}
    return {server: document for server, document in found.items() if document and document["server"] == server}


def _parsed(path: Path) -> Observation | None:
    """Return the document of a file; None where it is none of ours, or cannot be read."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    is_ours = isinstance(document, Mapping) and (document.get("format"), document.get("version")) == (FORMAT, VERSION)
    return document if is_ours else None


def merged_oids(directories: Sequence[Path]) -> Observations:
    """Return the newest of what is kept of each server in several directories of reports."""
    return newest(_all_of(directory / FOLDER) for directory in directories)


def _all_of(folder: Path) -> Observations:
    found = {path.name: _parsed(path) for path in sorted(folder.glob("*.json"))}
    return {each["server"]: each for name, each in found.items() if each and name == file_name(each["server"])}
