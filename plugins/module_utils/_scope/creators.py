# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Who creates relations in a schema: the roles that ``creators: auto`` stands for.

Default privileges apply to what a role itself creates, not to what its members create.
https://www.postgresql.org/docs/current/sql-alterdefaultprivileges.html
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Creator:
    """A role that owns relations in a schema, or may create some; an empty ``role`` is PUBLIC.

    ``relations`` counts those it owns there. ``is_owner`` of the schema or of a relation in it that belongs to no
    extension; ``may_create`` by a CREATE of its own; ``is_member`` that inherits CREATE from one of the others.
    ``is_creator`` if any of this is true; other superusers may create anywhere, and are not creators.
    """

    schema_oid: int
    role: str
    relations: int
    is_owner: bool
    may_create: bool
    is_member: bool
    is_creator: bool


# One row for each schema of %(schemas)s and role that owns relations in it or may create some. pg_database_owner stands
# for the owner of the database (14 and newer). Members count if they can log in; others create nothing themselves.
CREATORS = """
WITH schema AS (
  SELECT namespace.oid, namespace.nspowner, namespace.nspacl
    FROM pg_catalog.pg_namespace AS namespace
   WHERE namespace.oid = ANY (%(schemas)s::pg_catalog.oid[])
), grantee AS (
  SELECT schema.oid AS schema, schema.nspowner AS role, true AS is_owner FROM schema
   UNION ALL
  SELECT schema.oid, acl.grantee, false
    FROM schema
   CROSS JOIN LATERAL pg_catalog.aclexplode(schema.nspacl) AS acl
   WHERE acl.privilege_type = 'CREATE' AND acl.grantee <> schema.nspowner
), holder AS (
  SELECT DISTINCT grantee.schema, grantee.is_owner,
         CASE WHEN named.rolname = 'pg_database_owner' THEN database.datdba ELSE grantee.role END AS role
    FROM grantee
    LEFT JOIN pg_catalog.pg_roles AS named ON named.oid = grantee.role
    LEFT JOIN pg_catalog.pg_database AS database ON database.datname = pg_catalog.current_database()
), role_with_members AS (
  SELECT DISTINCT holder.role
    FROM holder
    JOIN pg_catalog.pg_auth_members AS membership ON membership.roleid = holder.role
), member AS (
  SELECT role_with_members.role AS of_role, role.oid AS role
    FROM role_with_members
    JOIN pg_catalog.pg_roles AS role ON role.oid <> role_with_members.role AND role.rolcanlogin AND NOT role.rolsuper
   WHERE pg_catalog.pg_has_role(role.oid, role_with_members.role, 'USAGE')
), candidate AS (
  SELECT class.relnamespace AS schema, class.relowner AS role, pg_catalog.count(*) AS relations,
         pg_catalog.bool_or(dependency.objid IS NULL) AS is_owner, false AS may_create, false AS is_member
    FROM schema
    JOIN pg_catalog.pg_class AS class ON class.relnamespace = schema.oid
    LEFT JOIN pg_catalog.pg_depend AS dependency
      ON dependency.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND dependency.objid = class.oid
         AND dependency.objsubid = 0 AND dependency.deptype = 'e'
   WHERE class.relkind IN ('r', 'p', 'v', 'm', 'f')
   GROUP BY class.relnamespace, class.relowner
   UNION ALL
  SELECT holder.schema, holder.role, 0, holder.is_owner, NOT holder.is_owner, false FROM holder
   UNION ALL
  SELECT holder.schema, member.role, 0, false, false, true FROM holder JOIN member ON member.of_role = holder.role
)
SELECT candidate.schema::pg_catalog.int8 AS schema_oid,
       COALESCE(role.rolname::pg_catalog.text, '') AS role,
       pg_catalog.sum(candidate.relations)::pg_catalog.int8 AS relations,
       pg_catalog.bool_or(candidate.is_owner) AS is_owner,
       pg_catalog.bool_or(candidate.may_create) AS may_create,
       pg_catalog.bool_or(candidate.is_member) AS is_member,
       pg_catalog.bool_or(candidate.is_owner
                          OR (candidate.may_create OR candidate.is_member) AND NOT COALESCE(role.rolsuper, false))
         AS is_creator
  FROM candidate
  LEFT JOIN pg_catalog.pg_roles AS role ON role.oid = candidate.role
 GROUP BY 1, 2
 ORDER BY 1, 2
"""
