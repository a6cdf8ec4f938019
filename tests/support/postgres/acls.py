# SPDX-License-Identifier: GPL-3.0-or-later
"""All privileges on a server as one value, so that two states of a server can be compared.

A NULL ACL equals the default privileges spelled out, which PostgreSQL treats alike.
"""

from __future__ import annotations

import contextlib
from typing import Any, Mapping, Sequence

from tools.postgres.server import Server

Acls = Mapping[str, Sequence[tuple[Any, ...]]]

ITEMS = """
SELECT {name}, pg_get_userbyid(a.grantor), CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(a.grantee) END,
       a.privilege_type, a.is_grantable
  FROM {catalog} o, aclexplode(COALESCE(o.{acl}, {default})) a ORDER BY 1, 2, 3, 4, 5
"""
# By catalog: an expression that identifies an object, its ACL column, and the default privileges that NULL stands for.
CATALOGS: Mapping[str, tuple[str, str, str]] = {
    "pg_class": (
        "o.oid::regclass",
        "relacl",
        "acldefault(CASE o.relkind WHEN 'S' THEN 's' ELSE 'r' END::\"char\", o.relowner)",
    ),
    "pg_attribute": ("row(o.attrelid::regclass, o.attname)::text", "attacl", "NULL"),
    "pg_namespace": ("o.nspname", "nspacl", "acldefault('n', o.nspowner)"),
    "pg_proc": ("o.oid::regprocedure", "proacl", "acldefault('f', o.proowner)"),
    "pg_type": ("o.oid::regtype", "typacl", "acldefault('T', o.typowner)"),
    "pg_language": ("o.lanname", "lanacl", "acldefault('l', o.lanowner)"),
    "pg_foreign_data_wrapper": ("o.fdwname", "fdwacl", "acldefault('F', o.fdwowner)"),
    "pg_foreign_server": ("o.srvname", "srvacl", "acldefault('S', o.srvowner)"),
    "pg_largeobject_metadata": ("o.oid", "lomacl", "acldefault('L', o.lomowner)"),
    "pg_database": ("o.datname", "datacl", "acldefault('d', o.datdba)"),
    "pg_tablespace": ("o.spcname", "spcacl", "acldefault('t', o.spcowner)"),
    "pg_default_acl": ("row(o.defaclrole::regrole, o.defaclnamespace, o.defaclobjtype)::text", "defaclacl", "NULL"),
}  # fmt: skip
ROLES = {
    # Without oids, so that a role that was dropped and created again counts as the same.
    "roles": "SELECT rolname, (to_jsonb(r) - 'oid' - 'rolconfig')::text FROM pg_roles r ORDER BY rolname",
    "memberships": "SELECT pg_get_userbyid(roleid), pg_get_userbyid(member), pg_get_userbyid(grantor), admin_option"
    " FROM pg_auth_members ORDER BY 1, 2, 3",
    # Sorted, since a setting that was reset and set again comes last.
    "settings": "SELECT pg_get_userbyid(setrole), setdatabase, ARRAY(SELECT unnest(setconfig) ORDER BY 1)"
    " FROM pg_db_role_setting ORDER BY 1, 2",
}


def acls(server: Server, *databases: str) -> Acls:
    """Return the roles, their memberships and settings, and every privilege in the given databases."""
    taken = dict(_answers(server, "postgres", ROLES))
    queries = {
        catalog: ITEMS.format(catalog=catalog, name=name, acl=acl, default=default)
        for catalog, (name, acl, default) in CATALOGS.items()
    }
    for database in databases:
        answers = _answers(server, database, queries)
        taken.update({f"{database}: {catalog}": rows for catalog, rows in answers.items()})
    return taken


def _answers(server: Server, database: str, queries: Mapping[str, str]) -> Acls:
    """Return the rows of each query, run over one connection."""
    with contextlib.closing(server.connect(database)) as connection, connection.cursor() as cursor:
        answers = {}
        for what, query in queries.items():
            cursor.execute(query)
            answers[what] = cursor.fetchall()
        return answers


def changed(before: Acls, after: Acls) -> dict[str, tuple[list[Any], list[Any]]]:
    """Return by kind what was removed and what was added between two states; empty if they are equal."""
    return {
        what: (
            [row for row in before[what] if row not in after[what]],
            [row for row in after[what] if row not in before[what]],
        )
        for what in before
        if sorted(map(str, before[what])) != sorted(map(str, after[what]))
    }
