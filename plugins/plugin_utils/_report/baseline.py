# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""What Metamapper saw of each server at the last good run: one file per server, in the report directory."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Mapping

from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.directory import absolute
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.json import FORMAT as REPORT_FORMAT
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.json import VERSION as REPORT_VERSION
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.json import require_version
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.oids import FOLDER as OIDS
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.oids import read_oids
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.server_file import file_name, is_masked

FORMAT = "metamapper.postgresql/baseline"
VERSION = 1
FOLDER = "baseline"

Seen = Mapping[str, Any]


@dataclass(frozen=True)
class Baseline:
    """What Metamapper saw of a server by database, schema and relation, and when."""

    created: str
    seen: Seen


def baseline_of(values: Mapping[str, Any], server: str) -> Baseline | None:
    """Return what to compare a server with, given the variables of the role verify; None for nothing.

    Raises ValueError if a file is no baseline, OSError where it cannot be read.
    """
    if values["baseline"]:
        return named_baseline(absolute(values["baseline"]), server)
    return kept_baseline(absolute(values["report_directory"]), server) if values["report_directory"] else None


def baseline_problem(values: Mapping[str, Any], server: str) -> str:
    """Return why a server cannot be compared with what was seen earlier; empty if it can."""
    try:
        baseline_of(values, server)
    except (OSError, ValueError) as error:
        remedy = (
            f'Name a baseline, or a report.json with its directory "{OIDS}", or leave the variable out.'
            if values["baseline"]
            else "Restore the file, or remove it: then nothing is compared, and the next good run writes a new one."
        )
        return f"Cannot use {'metamapper_baseline' if values['baseline'] else 'the baseline'}: {error}. {remedy}"
    return ""


def kept_baseline(directory: Path, server: str) -> Baseline | None:
    """Return the baseline of a server that is kept in the directory of the reports, None if there is none.

    Raises ValueError if the file is no baseline of this server, OSError where it cannot be read.
    """
    path = directory / FOLDER / file_name(server)
    if not path.exists() and not path.is_symlink():
        return None
    return _parsed(_document(path), server, path)


def named_baseline(path: Path, server: str) -> Baseline | None:
    """Return what a file, a JSON report or a baseline, says of a server; None if it does not know the server.

    Raises ValueError if the file is neither, OSError where it cannot be read.
    """
    document = _document(path)
    if document.get("format") == FORMAT and document.get("server") != server:
        return None
    if document.get("format") != REPORT_FORMAT:
        return _parsed(document, server, path)
    require_version(document, REPORT_VERSION, f"{path}: ")
    known = {each.get("name") for each in document.get("servers") or ()}
    return _of_report(path, server) if server in known else None


def _of_report(path: Path, server: str) -> Baseline | None:
    """Return what stands beside a JSON report of a server; None where no run has seen anything of it."""
    if not (path.parent / OIDS).is_dir():
        raise ValueError(
            f'{path} does not say what was seen: that is in the directory "{OIDS}" beside it, which is not there'
        )
    found = read_oids(path.parent, [server]).get(server)
    return Baseline(found["created"], found["seen"]) if found else None


def parse_baseline(path: Path) -> tuple[str, Baseline | None]:
    """Return the server of a file, and its baseline; None if it is none."""
    try:
        document = _document(path)
        server = str(document.get("server") or "")
        return server, _parsed(document, server, path) if path.name == file_name(server) else None
    except (OSError, ValueError):
        return "", None


def _document(path: Path) -> Mapping[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is no JSON: {error}") from error
    if not isinstance(document, Mapping):
        raise ValueError(f"{path} is neither a baseline nor a JSON report of this collection")
    return document


def _parsed(document: Mapping[str, Any], server: str, path: Path) -> Baseline:
    if document.get("format") != FORMAT:
        raise ValueError(f'{path}: its "format" is neither "{FORMAT}" nor "{REPORT_FORMAT}"')
    require_version(document, VERSION, f"{path}: ")
    if document.get("server") != server:
        raise ValueError(f'{path} is the baseline of another server, "{document.get("server")}"')
    if not isinstance(document.get("seen"), Mapping):
        raise ValueError(f'{path} has no "seen"')
    return Baseline(str(document.get("created") or ""), document["seen"])


def render_baseline(server: str, baseline: Baseline) -> str:
    """Return the text of a server's file, in ASCII."""
    document = {"format": FORMAT, "version": VERSION, "server": server, "created": baseline.created}
    return json.dumps({**document, "seen": baseline.seen}, indent=1, ensure_ascii=True)


def renewed(old: Baseline | None, result: Mapping[str, Any] | None, created: str) -> Baseline | None:
    """Return the baseline after a run, given the module's result; None if the old one stays.

    It stays if something is lost: the alarm lasts until what was lost is back, or accepted. A database that could not
    be inspected keeps its part, and so does one that no longer exists; the latter until losses are accepted, which is
    when ``lost`` fails nothing.
    """
    if not result or not result.get("summary") or is_masked(result.get("seen")):
        return None
    findings = result.get("findings") or ()
    if any(each.get("aspect") == "lost" and each.get("severity") == "failure" for each in findings):
        return None
    if old and old.created > created:  # of a run that started later and ended earlier
        return None
    kept = old.seen if old else {}
    if is_accepted(result):
        known = {str(each.get("name")) for each in result.get("databases") or ()}
        kept = {name: part for name, part in kept.items() if name in known}
    seen = {**kept, **(result.get("seen") or {})}
    return Baseline(created, seen) if seen or old else None


def is_accepted(result: Mapping[str, Any]) -> bool:
    """Return whether the run accepted what is lost."""
    fail_on = (result.get("request") or {}).get("fail_on")
    return fail_on is not None and "lost" not in fail_on


def dropped_out(old: Baseline | None, result: Mapping[str, Any] | None) -> list[str]:
    """Return the databases of the baseline that the run knows nothing of: they are in its scope no longer."""
    if old is None or not result or not (result.get("connection") or {}).get("works"):
        return []
    known = {str(each.get("name")) for each in result.get("databases") or ()}
    known.update(str(each.get("database") or "") for each in result.get("findings") or ())
    return sorted(name for name in old.seen if name not in known)
