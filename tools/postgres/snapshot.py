# SPDX-License-Identifier: GPL-3.0-or-later
"""Snapshots of all catalog rows that a run could write, to be compared before and after it."""

from __future__ import annotations

from typing import Any, Mapping, Sequence

from tools.postgres.server import Server

Snapshot = Mapping[str, Sequence[tuple[Any, ...]]]

# xmin is the transaction that wrote the row: even a GRANT that changes nothing rewrites it.
CLUSTER = {
    "roles": "SELECT a.xmin::text, a.* FROM pg_catalog.pg_authid a ORDER BY a.rolname",
    "memberships": "SELECT m.xmin::text, m.* FROM pg_catalog.pg_auth_members m ORDER BY m.roleid, m.member, m.grantor",
    "settings": "SELECT s.xmin::text, s.* FROM pg_catalog.pg_db_role_setting s ORDER BY s.setdatabase, s.setrole",
    "databases": "SELECT d.xmin::text, d.datname, d.datacl::text FROM pg_catalog.pg_database d ORDER BY d.datname",
}
DATABASE = {
    "schemas": "SELECT n.xmin::text, n.nspname, n.nspacl::text FROM pg_catalog.pg_namespace n ORDER BY n.nspname",
    "relations": "SELECT c.xmin::text, c.oid, c.relname, c.relacl::text FROM pg_catalog.pg_class c ORDER BY c.oid",
    "columns": "SELECT a.xmin::text, a.attrelid, a.attnum, a.attacl::text FROM pg_catalog.pg_attribute a"
    " WHERE a.attacl IS NOT NULL ORDER BY a.attrelid, a.attnum",
    "defaults": "SELECT f.xmin::text, f.defaclrole, f.defaclnamespace, f.defaclacl::text"
    " FROM pg_catalog.pg_default_acl f ORDER BY f.oid",
}


def snapshot(server: Server, *databases: str) -> Snapshot:
    """Return roles, memberships, settings and all privileges in some databases, each row with its xmin."""
    taken = {what: server.execute(query) for what, query in CLUSTER.items()}
    for database in databases:
        for what, query in DATABASE.items():
            taken[f"{database}: {what}"] = server.execute(query, database=database)
    return taken


def differences(before: Snapshot, after: Snapshot) -> list[str]:
    """Return the kinds of rows that were written between two snapshots, sorted; empty if none was."""
    return sorted(what for what in after if before.get(what) != after[what])


def next_transaction_id(server: Server) -> int:
    """Return the ID that the next writing transaction will get."""
    return int(server.execute("SELECT pg_catalog.txid_snapshot_xmax(pg_catalog.txid_current_snapshot())")[0][0])


def rewritten_relations(before: Snapshot, after: Snapshot, database: str) -> set[str]:
    """Return the names of the relations whose row was written between two snapshots."""
    key = f"{database}: relations"
    old = {row[1]: row[0] for row in before[key]}
    return {row[2] for row in after[key] if old.get(row[1]) != row[0]}
