# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Writes the files of a report, merged into the one that is there, and the baselines of its servers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Iterable, Mapping, Sequence

from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.baseline import (
    FOLDER,
    Baseline,
    kept_baseline,
    parse_baseline,
    render_baseline,
    renewed,
)
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.directory import (
    ensure_directory,
    locked,
    write_files,
)
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.document import parse_report
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.formats import FORMATS
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.json import render_json
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.merge import merged
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.model import Report
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.observation import Observation, newest
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.oids import keep_oids, read_oids
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.overlap import with_overlaps
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.server_file import file_name

JSON = FORMATS["json"].file
# What later runs are merged into if the JSON report is not written.
HIDDEN_JSON = f".{JSON}"
UNREADABLE = ".unreadable"


@dataclass(frozen=True)
class Published:
    """The report as it was written, the file for people (empty for none), and what was wrong with the earlier one."""

    report: Report
    file: str = ""
    note: str = ""


def publish(
    directory: Path,
    report: Report,
    formats: Iterable[str],
    *,
    inventory: Iterable[str],
    known: Iterable[str] | None,
    observations: Mapping[str, Observation] = MappingProxyType({}),
) -> Published:
    """Write a report, merged into the one in the directory; see ``merged`` for ``inventory`` and ``known``.

    The observations of servers are kept, and all servers of the whole are compared. Raises DirectoryError
    or OSError where the directory is not to be written into, or cannot be.
    """
    wanted = [name for name in FORMATS if name in formats]
    ensure_directory(directory)
    with locked(directory):
        earlier, note = _earlier(directory)
        keep_oids(directory, observations)
        whole = compared(merged([*earlier, report], inventory=inventory, known=known), directory, observations)
        texts = {FORMATS[name].file: FORMATS[name].render(whole) for name in wanted}
        kept = JSON if "json" in wanted else HIDDEN_JSON
        write_files(directory, {**texts, kept: texts.get(JSON) or render_json(whole)})
    return Published(whole, str(directory / FORMATS[wanted[0]].file) if wanted else "", note)


def compared(report: Report, directory: Path, observations: Mapping[str, Observation]) -> Report:
    """Return a report whose servers are compared with each other, and with those that a directory has oids of.

    Of these, one that is neither in the report nor in the inventory is left out.
    """
    names = [*(server.name for server in report.servers), *report.absent, *report.pending]
    return with_overlaps(report, newest([read_oids(directory, names), observations]))


def _earlier(directory: Path) -> tuple[list[Report], str]:
    """Return the reports in a directory, and a message about one that cannot be read, which is renamed."""
    found, note = [], ""
    for path in (directory / HIDDEN_JSON, directory / JSON):
        try:
            found.append(parse_report(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            continue
        except ValueError as error:
            path.replace(f"{path}{UNREADABLE}")
            note = f"{path} could not be read ({error}). It is now {path}{UNREADABLE}, and this report starts over."
    return found, note


def read_baselines(directory: Path, servers: Iterable[str]) -> dict[str, Baseline | None]:
    """Return the kept baselines of servers; a server whose file cannot be read is left out."""
    found: dict[str, Baseline | None] = {}
    for server in servers:
        try:
            found[server] = kept_baseline(directory, server)
        except (OSError, ValueError):
            continue
    return found


def renew_baselines(directory: Path, results: Mapping[str, Any], created: str) -> list[str]:
    """Renew the baseline of each server for which nothing is lost, given the module's results; return their names.

    Raises DirectoryError or OSError as ``publish`` does.
    """
    ensure_directory(directory / FOLDER)
    with locked(directory / FOLDER):
        olds = read_baselines(directory, results)
        news = {server: renewed(old, results[server], created) for server, old in olds.items()}
        texts = {file_name(server): render_baseline(server, new) for server, new in news.items() if new}
        write_files(directory / FOLDER, texts)
    return [server for server, new in news.items() if new]


def merge_directories(sources: Sequence[Path], *, inventory: Iterable[str]) -> tuple[Report, list[Path]]:
    """Return one report out of JSON reports, or those of directories, and the sources that have none.

    A slice that was lost on the way leaves none: its servers are absent then. Raises ValueError, naming the file, where
    one is no report or no source has one, OSError where one cannot be read.
    """
    reports, empty = [], []
    for source in sources:
        path = _report_of(source)
        if not path.exists():
            empty.append(source)
            continue
        try:
            reports.append(parse_report(path.read_text(encoding="utf-8")))
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error
    if not reports:
        raise ValueError(f"there is no report in {', '.join(map(str, empty))}")
    return replace(merged(reports, inventory=inventory), pending=()), empty


def directory_of(source: Path) -> Path:
    """Return the directory of the reports that a source is, or that the JSON report is in which it is."""
    return source.parent if source.is_file() else source


def _report_of(source: Path) -> Path:
    """Return the JSON report of a directory, whether it is there or not; or the file that the source is."""
    if not source.is_dir():
        return source
    return next(filter(Path.exists, (source / JSON, source / HIDDEN_JSON)), source / JSON)


def merge_baselines(sources: Sequence[Path], directory: Path) -> None:
    """Copy the newest baseline of each server from several directories of reports; other files are left out."""
    folders = [folder for folder in (directory_of(source) / FOLDER for source in sources) if folder.is_dir()]
    if not folders:
        return
    ensure_directory(directory / FOLDER)
    with locked(directory / FOLDER):
        newest: dict[str, tuple[str, Baseline]] = {}
        for folder in [*folders, directory / FOLDER]:
            for path in sorted(folder.glob("*.json")):
                server, found = parse_baseline(path)
                if found and (path.name not in newest or newest[path.name][1].created <= found.created):
                    newest[path.name] = (server, found)
        write_files(directory / FOLDER, {name: render_baseline(*one) for name, one in newest.items()})
