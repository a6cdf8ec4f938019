# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""The report as metrics, for the textfile collector of the node_exporter of Prometheus."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Iterable, Iterator

from ansible_collections.metamapper.postgresql.plugins.module_utils._core.visible import visible
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.model import Report

PREFIX = "metamapper_postgresql_"
CREATED = "%Y-%m-%d %H:%M:%S UTC"
# https://prometheus.io/docs/instrumenting/exposition_formats/#comments-help-text-and-type-information
ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})


def _labelled(labels: dict[str, str]) -> str:
    inner = ",".join(f'{name}="{visible(value).translate(ESCAPES)}"' for name, value in labels.items())
    return f"{{{inner}}}" if inner else ""


def _metric(name: str, description: str, samples: Iterable[tuple[dict[str, str], int]]) -> Iterator[str]:
    yield f"# HELP {PREFIX}{name} {description}"
    yield f"# TYPE {PREFIX}{name} gauge"
    yield from (f"{PREFIX}{name}{_labelled(labels)} {value}" for labels, value in samples)


def _findings(report: Report) -> Iterator[tuple[dict[str, str], int]]:
    for server in report.servers:
        for aspect in server.summary:
            numbers = (("failure", aspect.counts.failures), ("warning", aspect.counts.warnings))
            for severity, number in (*numbers, ("information", aspect.counts.notes)):
                yield {"server": server.name, "aspect": aspect.name, "severity": severity}, number


def _relations(report: Report) -> Iterator[tuple[dict[str, str], int]]:
    for server in report.servers:
        for database in server.databases:
            labels = {"server": server.name, "database": database.name}
            yield {**labels, "state": "expected"}, database.relations.expected
            yield {**labels, "state": "visible"}, database.relations.visible


def _seconds(created: str) -> int:
    return int(datetime.strptime(created, CREATED).replace(tzinfo=timezone.utc).timestamp())


def render_prometheus(report: Report) -> str:
    """Return the report as metrics in the text format of Prometheus, without a line feed at its end."""
    passed = (({"server": server.name}, int(server.status != "failure")) for server in report.servers)
    verified = (({"server": server.name}, _seconds(server.created)) for server in report.servers)
    lines = [
        *_metric("verification_passed", "Whether the last verification of a server passed (1) or failed (0).", passed),
        *_metric("findings", "Number of findings of the last verification.", _findings(report)),
        *_metric(
            "relations",
            "Number of relations that exist in configured schemas, and that are visible.",
            _relations(report),
        ),
        *_metric("verified_timestamp_seconds", "When a server was verified.", verified),
    ]
    return "\n".join(lines)
