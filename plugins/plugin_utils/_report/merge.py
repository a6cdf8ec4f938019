# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""One report out of those of several runs: limited ones, batches, slices of an inventory."""

from __future__ import annotations

from dataclasses import replace
from typing import Iterable

from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.model import Report, Server, worst_first


def merged(reports: Iterable[Report], *, inventory: Iterable[str], known: Iterable[str] | None = None) -> Report:
    """Return the newest part of each server; of several that are equally new, that of the last report.

    ``inventory`` are the servers that it should cover: those in no report are ``absent``, or still ``pending`` if the
    newest report says so. ``known`` are all hosts of the inventory: a server that is none of these is left out, as
    ``removed``; None keeps all.
    """
    ordered = sorted(reports, key=lambda report: report.created)  # stable
    newest: dict[str, Server] = {}
    for report in ordered:
        for server in report.servers:
            if server.name not in newest or newest[server.name].created <= server.created:
                newest[server.name] = server
    kept_names = newest.keys() if known is None else newest.keys() & set(known)
    kept = {name: newest[name] for name in newest if name in kept_names}
    pending = ordered[-1].pending if ordered else ()
    absent = [name for name in inventory if name not in kept and name not in pending]
    return Report(
        max((server.created for server in kept.values()), default=ordered[-1].created if ordered else ""),
        worst_first(kept.values()),
        tuple(pending),
        tuple(dict.fromkeys(absent)),
        tuple(sorted(name for name in newest if name not in kept)),
    )


def part_of(whole: Report, report: Report) -> Report:
    """Return a report with what the whole, into which it was merged, says of its servers."""
    found = {(server.name, server.created): server for server in whole.servers}
    servers = (found.get((server.name, server.created), server) for server in report.servers)
    return replace(report, servers=worst_first(servers))
