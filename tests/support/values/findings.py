# SPDX-License-Identifier: GPL-3.0-or-later
"""Results of the module visibility as data, as a play passes them to the report."""

from __future__ import annotations

from typing import Any, Mapping, Sequence

from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.model import Report
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.results import report_of

HOSTILE = "we\"ird.näme'; --"
ATTACK = "</code><script>alert(1)</script><img src=x onerror='alert(2)'>\"'&amp;{{ 7*7 }}{% raw %}"
OVERRIDE = "sales\u202egnp.selbat\u2066\u200b\x1b[31m\r\nok connection"

Result = dict[str, Any]


def finding(aspect: str, severity: str, reason: str, remedy: Any = "", **place: str) -> Result:
    """Return a finding; ``place`` may contain database, schema and relation."""
    return {
        "aspect": aspect,
        "severity": severity,
        "database": place.get("database", ""),
        "schema": place.get("schema", ""),
        "relation": place.get("relation", ""),
        "reason": reason,
        "remedy": remedy,
    }


def schema(
    name: str, *, visible: int = 12, expected: int = 12, privilege: str = "select", future: bool = True
) -> Result:
    """Return the coverage of a schema, with ten columns per relation."""
    return {
        "name": name,
        "privilege": privilege,
        "relations": {"expected": expected, "visible": visible},
        "columns": {"expected": expected * 10, "visible": visible * 10},
        "future_covered": future,
    }


def database(name: str, schemas: Sequence[Result], *, status: str = "ok") -> Result:
    """Return the coverage of a database."""
    return {"name": name, "status": status, "schemas": list(schemas)}


def result(databases: Sequence[Result] = (), findings: Sequence[Result] = (), *, message: str = "") -> Result:
    """Return a result of the module; with a message, a failed one."""
    aspects = ("connection", "missing", "breaks_scan", "future", "lost", "exposed", "excess", "limits")
    by_aspect = {name: [each for each in findings if each["aspect"] == name] for name in aspects}
    return {
        "changed": False,
        "server_version": 170010,
        "connection": {"works": True, "address": "10.20.0.7", "tls": "TLSv1.3", "pg_hba_proven": True},
        "summary": {
            name: {"status": _status([each["severity"] for each in found]), "count": len(found)}
            for name, found in by_aspect.items()
        },
        "findings": list(findings),
        "databases": list(databases),
        "seen": {each["name"]: {part["name"]: {"orders": 10} for part in each["schemas"]} for each in databases},
        **({"msg": message, "failed": True} if message else {}),
    }


def scope(
    left_out: Sequence[tuple[str, str, str]] = (), taken_in: Sequence[tuple[str, str]] = (), *, existing: int = 0
) -> Result:
    """Return a scope: (database, schema, reason) of what was left out, (database, schema) of what was included."""
    return {
        "databases": [{"name": "d", "entry": "*", "schemas": 1, "existing_schemas": existing or 1}],
        "left_out": [
            {"database": name, "schema": part, "entry": "*", "reason": reason} for name, part, reason in left_out
        ],
        "taken_in": [{"database": name, "schema": part} for name, part in taken_in],
    }


def _status(severities: Sequence[str]) -> str:
    return "failure" if "failure" in severities else "warning" if "warning" in severities else "ok"


CREATED = "2026-11-23 06:40:12 UTC"
FAILED = result(
    [database("warehouse", [schema("sales"), schema(HOSTILE, visible=10)], status="failure"), database("crm", [])],
    [
        finding("limits", "information", "Never appears.", database="warehouse", schema="sales", relation="daily"),
        finding("exposed", "warning", "PUBLIC may read it.", "REVOKE;", database="warehouse", schema="public"),
        finding("missing", "failure", "No SELECT.", "GRANT a;\nGRANT b;", database="warehouse", schema=HOSTILE),
    ],
    message="1 finding fails",
)
WARNED = result([database("crm", [schema("core")])], [finding("excess", "warning", "It may write.", database="crm")])
PASSED = result([database("crm", [schema("core")])])


def report(**results: Mapping[str, Any] | None) -> Report:
    """Return the report on some servers; each keyword is a server's name, with its result."""
    return report_of(results, created=CREATED)
