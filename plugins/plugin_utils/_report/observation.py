# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""What is compared of a server with other servers, out of what the module ``visibility`` returned for it."""

from __future__ import annotations

from typing import Any, Dict, Iterable, Iterator, Mapping

Result = Mapping[str, Any]
# When it was, the server's system identifier, and by database and schema: what is seen and what is lost, with the oids.
Observation = Mapping[str, Any]
Observations = Dict[str, Observation]
KEPT = ("system_identifier", "seen", "oids", "lost_oids")
# Of a kind, for each database.
MOST_EXAMPLES = 10


def observed(results: Mapping[str, Result | None], created: str) -> Observations:
    """Return what a run saw of its servers; one of which it has no oids, not of lost tables either, is left out."""
    return {
        server: {"created": created, **{name: result.get(name) for name in KEPT}, "swaps": _swaps(result)}
        for server, result in results.items()
        if result and (result.get("oids") or result.get("lost_oids"))
    }


def newest(observations: Iterable[Mapping[str, Observation]]) -> Observations:
    """Return the newest observation of each server; of several that are equally new, the last."""
    found: Observations = {}
    for each in observations:
        for server, one in each.items():
            if server not in found or found[server]["created"] <= one["created"]:
                found[server] = one
    return found


def _swaps(result: Result) -> dict[str, list[tuple[str, str, str]]]:
    """Return by database schema and name of tables that are new since the baseline, and the one whose name they extend.

    The baseline is what the run compared with; it is no longer known when reports are merged.
    """
    baseline = (result.get("request") or {}).get("baseline") or {}
    found = {
        database: list(_new_beside(baseline.get(database) or {}, schemas))[:MOST_EXAMPLES]
        for database, schemas in (result.get("seen") or {}).items()
    }
    return {database: swaps for database, swaps in found.items() if swaps}


def _new_beside(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for schema, held in sorted(now.items()):
        known = before.get(schema, {})
        for name in sorted(set(held) - set(known)):
            old = _extended(name, known)
            if old:
                yield schema, name, old


def _extended(name: str, others: Mapping[str, Any]) -> str:
    """Return the longest name that a name extends by more than letters, as orders_new does; empty for none."""
    beginnings = (name[:length] for length in range(len(name) - 1, 0, -1) if not name[length].isalpha())
    return next((each for each in beginnings if each in others), "")
