# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Remedies that several findings share."""

from __future__ import annotations

from typing import AbstractSet, Sequence

from ..._core.membership import may_grant
from ..._core.remedy import OWNER, Remedies, Remedy, alternatively, sql
from ..._core.sql_statement import Statement, identifier, quoted, statement_text
from ..._scope.schemas import left_out
from ..catalog.facts import DatabaseFacts, Default
from ..wording import grantee

PUBLIC = ""  # as aclexplode() has it


def granted(facts: DatabaseFacts, *statements: str) -> Remedies:
    """Return grants on what is in scope as a remedy."""
    return (sql("grant what is missing", *statements, by=OWNER, database=facts.name),)


def usage(facts: DatabaseFacts, schema: str) -> str:
    """Return the statement that lets the login use a schema."""
    return statement_text("GRANT USAGE ON SCHEMA {} TO {}", schema, facts.beneficiary)


def renamed(facts: DatabaseFacts, kind: str, name: Sequence[str], new_name: str) -> Remedies:
    """Return a new name for a schema or a table as a remedy; applications that use the old one stop working."""
    statement = f"{Statement(f'ALTER {kind} {{}} RENAME TO {{}}', (tuple(name), (new_name,)))};"
    return (sql("rename", statement, by=f"{OWNER}, once no application uses the old name", database=facts.name),)


def hidden(facts: DatabaseFacts, schema: str, instead: Remedies = ()) -> Remedies:
    """Return how to hide a schema from Metamapper; ``instead`` is the alternative."""
    roles = f"{login_roles(facts)};"
    statements = [
        f"REVOKE ALL PRIVILEGES ON ALL TABLES IN SCHEMA {identifier(schema)} FROM {roles}",
        f"REVOKE USAGE ON SCHEMA {identifier(schema)} FROM {roles}",
        *(_revoke_default(one, frozenset(one.privileges)) for one in facts.defaults if one.schema == schema),
    ]
    hide = sql("hide the schema", *statements, by=OWNER, database=facts.name)
    entry = facts.scope.entry if facts.scope is not None and schema in facts.expectation.schemas else None
    excluded = left_out(entry, schema) if entry is not None else ()
    return (*excluded, hide, *alternatively(*instead))


def login_roles(facts: DatabaseFacts) -> str:
    """Return group and user, or the user alone, as SQL lists them."""
    return ", ".join(map(identifier, dict.fromkeys((facts.beneficiary, facts.user))))


def not_a_member(facts: DatabaseFacts, role: str) -> Remedy:
    """Return what removes group and user from a role."""
    statement = f"REVOKE {identifier(role)} FROM {login_roles(facts)};"
    return sql("leave a role", statement, by=may_grant(role, facts.session.version))


def revoked_default(facts: DatabaseFacts, default: Default, privileges: AbstractSet[str]) -> Remedies:
    """Return what revokes default privileges, which only a member of their role can do."""
    statement = _revoke_default(default, privileges)
    return (sql("revoke a default privilege", statement, by=of_role(default.role), database=facts.name),)


def _revoke_default(default: Default, privileges: AbstractSet[str]) -> str:
    place = f" IN SCHEMA {identifier(default.schema)}" if default.schema else ""
    return (
        f"ALTER DEFAULT PRIVILEGES FOR ROLE {identifier(default.role)}{place} "
        f"REVOKE {', '.join(sorted(privileges))} ON TABLES FROM {grantee(default.grantee)};"
    )


def of_role(role: str) -> str:
    """Return who may change the default privileges of a role."""
    return f"{quoted(role)}, a member of it or a superuser"
