# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Who creates relations in a schema: the roles that ``creators: auto`` stands for.

Default privileges hold for what a role creates, not for what its groups do: a member's table is the member's own.
https://www.postgresql.org/docs/current/sql-alterdefaultprivileges.html
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Creator:
    """A role that creates relations in a schema; an empty ``role`` is PUBLIC.

    ``is_owner`` of the schema or of a relation in it that belongs to no extension; ``may_create`` by a CREATE of its
    own; ``is_member`` that inherits CREATE from one of the others. ``is_superuser`` is told of owners alone: another
    superuser may create anywhere, and is no creator for that.
    """

    schema_oid: int
    role: str
    is_owner: bool
    may_create: bool
    is_member: bool
    is_superuser: bool


# One row for each schema of %(schemas)s and role. pg_database_owner stands for the owner of the database (14 and
# newer). Members count if they can log in, since others create nothing themselves.
CREATORS = """
WITH schema AS (
  SELECT n.oid, n.nspowner, n.nspacl
    FROM pg_catalog.pg_namespace AS n
   WHERE n.oid = ANY (%(schemas)s::pg_catalog.oid[])
), grantee AS (
  SELECT s.oid AS schema, s.nspowner AS role, true AS is_owner FROM schema AS s
   UNION ALL
  SELECT s.oid, a.grantee, false
    FROM schema AS s, pg_catalog.aclexplode(s.nspacl) AS a
   WHERE a.privilege_type = 'CREATE' AND a.grantee <> s.nspowner
), holder AS (
  SELECT DISTINCT g.schema, g.is_owner,
         CASE WHEN named.rolname = 'pg_database_owner' THEN d.datdba ELSE g.role END AS role
    FROM grantee AS g
    LEFT JOIN pg_catalog.pg_roles AS named ON named.oid = g.role
    LEFT JOIN pg_catalog.pg_database AS d ON d.datname = pg_catalog.current_database()
), group_role AS (
  SELECT DISTINCT h.role FROM holder AS h JOIN pg_catalog.pg_auth_members AS m ON m.roleid = h.role
), member AS (
  SELECT g.role AS of_role, r.oid AS role
    FROM group_role AS g
    JOIN pg_catalog.pg_roles AS r ON r.oid <> g.role AND r.rolcanlogin AND NOT r.rolsuper
   WHERE pg_catalog.pg_has_role(r.oid, g.role, 'USAGE')
), creator AS (
  SELECT c.relnamespace AS schema, c.relowner AS role, true AS is_owner, false AS may_create, false AS is_member
    FROM pg_catalog.pg_class AS c
    JOIN schema AS s ON s.oid = c.relnamespace
   WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
     AND NOT EXISTS (SELECT 1
                       FROM pg_catalog.pg_depend AS e
                      WHERE e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND e.objid = c.oid
                        AND e.objsubid = 0 AND e.deptype = 'e')
   GROUP BY 1, 2
   UNION ALL
  SELECT h.schema, h.role, h.is_owner, NOT h.is_owner, false FROM holder AS h
   UNION ALL
  SELECT h.schema, m.role, false, false, true FROM holder AS h JOIN member AS m ON m.of_role = h.role
)
SELECT c.schema::pg_catalog.int8 AS schema_oid,
       COALESCE(r.rolname::pg_catalog.text, '') AS role,
       pg_catalog.bool_or(c.is_owner) AS is_owner,
       pg_catalog.bool_or(c.may_create) AS may_create,
       pg_catalog.bool_or(c.is_member) AS is_member,
       pg_catalog.bool_or(COALESCE(r.rolsuper, false)) AS is_superuser
  FROM creator AS c
  LEFT JOIN pg_catalog.pg_roles AS r ON r.oid = c.role
 GROUP BY 1, 2
HAVING pg_catalog.bool_or(c.is_owner) OR NOT pg_catalog.bool_or(COALESCE(r.rolsuper, false))
 ORDER BY 1, 2
"""
