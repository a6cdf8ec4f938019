# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""What would keep roles from being dropped: the questions to the catalog, to be pasted into psql."""

from __future__ import annotations

# Where on the server roles are mentioned, and how: o owner, a ACL, r policy, i (from 17 on) initial privileges of an
# extension's object. The database is empty for what belongs to the server as a whole.
# https://www.postgresql.org/docs/current/catalog-pg-shdepend.html
TRACES = """
SELECT r.rolname, COALESCE(b.datname, '') AS database, d.deptype, pg_catalog.count(*) AS objects
  FROM pg_catalog.pg_shdepend d
  JOIN pg_catalog.pg_roles r ON r.oid = d.refobjid
  LEFT JOIN pg_catalog.pg_database b ON b.oid = d.dbid
 WHERE d.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass
   AND r.rolname = ANY (%(roles)s::pg_catalog.name[])
 GROUP BY r.rolname, b.datname, d.deptype
 ORDER BY r.rolname, b.datname, d.deptype
"""

# Memberships that would go with the roles: of others in them, and from 16 on those of others in others that they have
# granted. One that neither inherits nor may SET ROLE (an administrator's own) gives its member nothing.
MEMBERSHIPS = """
SELECT g.rolname AS role, m.rolname AS member, f.rolname AS grantor
  FROM pg_catalog.pg_auth_members a
  JOIN pg_catalog.pg_roles g ON g.oid = a.roleid
  JOIN pg_catalog.pg_roles m ON m.oid = a.member
  LEFT JOIN pg_catalog.pg_roles f ON f.oid = a.grantor
 WHERE m.rolname <> ALL (%(roles)s::pg_catalog.name[])
   AND (g.rolname = ANY (%(roles)s::pg_catalog.name[])
          AND (COALESCE((pg_catalog.to_jsonb(a) ->> 'inherit_option')::pg_catalog.bool, true)
               OR COALESCE((pg_catalog.to_jsonb(a) ->> 'set_option')::pg_catalog.bool, true))
        OR g.rolname <> ALL (%(roles)s::pg_catalog.name[]) AND f.rolname = ANY (%(roles)s::pg_catalog.name[])
           AND %(membership_grantors)s)
 ORDER BY g.rolname, m.rolname, f.rolname
"""

# The connections of some users, and whether the administrator may end them.
# https://www.postgresql.org/docs/current/functions-admin.html#FUNCTIONS-ADMIN-SIGNAL
SESSIONS = """
SELECT s.usename, s.pid,
       pg_catalog.pg_has_role('pg_signal_backend', 'USAGE') OR pg_catalog.pg_has_role(s.usesysid, 'USAGE') AS can_end
  FROM pg_catalog.pg_stat_activity s
 WHERE s.usename = ANY (%(users)s::pg_catalog.name[])
 ORDER BY s.usename, s.pid
"""

# How roles are mentioned in this database, and whether the administrator may run DROP OWNED BY for them.
LEFT_HERE = """
SELECT r.rolname, d.deptype, pg_catalog.count(*) AS objects, pg_catalog.pg_has_role(r.oid, 'USAGE') AS can_act
  FROM pg_catalog.pg_shdepend d
  JOIN pg_catalog.pg_roles r ON r.oid = d.refobjid
 WHERE d.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass
   AND r.rolname = ANY (%(roles)s::pg_catalog.name[])
   AND d.dbid = (SELECT b.oid FROM pg_catalog.pg_database b WHERE b.datname = pg_catalog.current_database())
 GROUP BY r.oid, r.rolname, d.deptype
 ORDER BY r.rolname, d.deptype
"""

# The policies of this database that name one of the roles, and the other roles that they name.
POLICIES = """
SELECT n.nspname, c.relname, p.polname,
       ARRAY(SELECT r.rolname::pg_catalog.text FROM pg_catalog.pg_roles r
              WHERE r.oid = ANY (p.polroles) AND r.rolname <> ALL (%(roles)s::pg_catalog.name[])
              ORDER BY r.rolname) AS others
  FROM pg_catalog.pg_policy p
  JOIN pg_catalog.pg_class c ON c.oid = p.polrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE EXISTS (SELECT 1 FROM pg_catalog.pg_roles r
                WHERE r.oid = ANY (p.polroles) AND r.rolname = ANY (%(roles)s::pg_catalog.name[]))
 ORDER BY n.nspname, c.relname, p.polname
"""
