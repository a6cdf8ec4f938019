# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""The questions that module access asks the catalog: one constant a question, set-based, to be pasted into psql.

CURRENT_USER is the administrator after SET ROLE. A group that does not exist yet has the oid NULL, so that nothing is
granted to it; where effective privileges are asked for, ``public`` stands in for it: what PUBLIC holds it will hold.
"""

from __future__ import annotations

# Whether the server can be written, how many objects its transactions can lock, and who is asking.
# https://www.postgresql.org/docs/current/runtime-config-locks.html
SERVER = """
SELECT pg_catalog.current_setting('server_version') AS version,
       pg_catalog.pg_is_in_recovery() AS is_in_recovery,
       pg_catalog.current_setting('default_transaction_read_only')::pg_catalog.bool AS is_read_only,
       pg_catalog.current_setting('max_locks_per_transaction')::pg_catalog.int4
         * (pg_catalog.current_setting('max_connections')::pg_catalog.int4
            + pg_catalog.current_setting('max_prepared_transactions')::pg_catalog.int4) AS lock_slots,
       pg_catalog.has_column_privilege('pg_catalog.pg_authid'::pg_catalog.regclass, 'rolpassword', 'SELECT')
         AS can_read_verifiers,
       CURRENT_USER::pg_catalog.text AS administrator,
       SESSION_USER::pg_catalog.text AS login
 ORDER BY 1
"""

# The roles named, the administrator and the login. A membership that neither inherits nor may SET ROLE (the one that a
# CREATEROLE administrator gets of what it creates, from 16 on) gives its member nothing and is not counted.
# pg_auth_members has these options from 16 on; to_jsonb() reads them on every version.
ROLES = """
SELECT r.rolname,
       r.rolsuper, r.rolreplication, r.rolbypassrls, r.rolcreaterole, r.rolcreatedb,
       r.rolcanlogin, r.rolinherit, r.rolconnlimit,
       COALESCE(r.rolvaliduntil <= pg_catalog.now(), false) AS is_expired,
       (SELECT pg_catalog.count(*) FROM pg_catalog.pg_shdepend d
         WHERE d.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass
           AND d.refobjid = r.oid AND d.deptype = 'o') AS owned,
       ARRAY(SELECT m.rolname::pg_catalog.text
               FROM pg_catalog.pg_auth_members a JOIN pg_catalog.pg_roles m ON m.oid = a.member
              WHERE a.roleid = r.oid
                AND (COALESCE((pg_catalog.to_jsonb(a) ->> 'inherit_option')::pg_catalog.bool, true)
                     OR COALESCE((pg_catalog.to_jsonb(a) ->> 'set_option')::pg_catalog.bool, true))
              ORDER BY 1) AS members,
       COALESCE(pg_catalog.pg_has_role(r.oid, (SELECT g.oid FROM pg_catalog.pg_roles g WHERE g.rolname = %(group)s),
                                       'USAGE'), false) AS is_in_group,
       pg_catalog.pg_has_role(r.oid, 'MEMBER WITH ADMIN OPTION') AS is_administered,
       (SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_activity s WHERE s.usesysid = r.oid) AS connections,
       (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(COALESCE(b.datname, ''), s.setconfig)
                                   ORDER BY b.datname NULLS FIRST)
          FROM pg_catalog.pg_db_role_setting s LEFT JOIN pg_catalog.pg_database b ON b.oid = s.setdatabase
         WHERE s.setrole = r.oid) AS settings,
       ARRAY(SELECT COALESCE(b.rolname, '')::pg_catalog.text
               FROM pg_catalog.pg_auth_members a LEFT JOIN pg_catalog.pg_roles b ON b.oid = a.grantor
              WHERE a.member = r.oid
                AND a.roleid = (SELECT g.oid FROM pg_catalog.pg_roles g WHERE g.rolname = %(group)s)
              ORDER BY 1) AS grantors
  FROM pg_catalog.pg_roles r
 WHERE r.rolname = ANY (%(names)s::pg_catalog.name[]) OR r.rolname IN (CURRENT_USER, SESSION_USER)
 ORDER BY r.rolname
"""

# Every database of the server.
DATABASES = """
SELECT d.datname, d.datallowconn, d.datistemplate,
       pg_catalog.has_database_privilege(d.oid, 'CONNECT') AS can_connect,
       pg_catalog.has_database_privilege(%(effective)s::pg_catalog.name, d.oid, 'CONNECT') AS is_open
  FROM pg_catalog.pg_database d
 ORDER BY d.datname
"""

# This database and its schemas, one row a schema (one with NULLs where there is none), but for PostgreSQL's own. Of
# names that need quotes, whether the group holds a privilege on a table or view there: pg_shdepend knows columns, too.
# https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-ACLITEM-FN-TABLE
SCHEMAS = """
WITH grantee AS (SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolname = %(group)s)
SELECT pg_catalog.current_setting('default_transaction_read_only')::pg_catalog.bool AS is_read_only,
       pg_catalog.pg_get_userbyid(d.datdba)::pg_catalog.text AS database_owner,
       EXISTS (SELECT 1 FROM grantee g,
                             pg_catalog.aclexplode(COALESCE(d.datacl, pg_catalog.acldefault('d', d.datdba))) a
                WHERE a.grantee = g.oid AND a.privilege_type = 'CONNECT') AS is_connect_direct,
       pg_catalog.has_database_privilege(%(effective)s::pg_catalog.name, d.oid, 'CONNECT') AS is_connect_effective,
       pg_catalog.has_database_privilege(d.oid, 'CONNECT WITH GRANT OPTION') AS is_connect_grantable,
       pg_catalog.has_database_privilege(%(effective)s::pg_catalog.name, d.oid, 'CREATE') AS can_create_schemas,
       n.oid::pg_catalog.int8, n.nspname, pg_catalog.pg_get_userbyid(n.nspowner)::pg_catalog.text AS owner,
       EXISTS (SELECT 1 FROM grantee g,
                             pg_catalog.aclexplode(COALESCE(n.nspacl, pg_catalog.acldefault('n', n.nspowner))) a
                WHERE a.grantee = g.oid AND a.privilege_type = 'USAGE') AS is_usage_direct,
       pg_catalog.has_schema_privilege(%(effective)s::pg_catalog.name, n.oid, 'USAGE') AS is_usage_effective,
       pg_catalog.has_schema_privilege(n.oid, 'USAGE WITH GRANT OPTION') AS is_usage_grantable,
       pg_catalog.has_schema_privilege(n.oid, 'USAGE') AS is_usable,
       pg_catalog.has_schema_privilege(%(effective)s::pg_catalog.name, n.oid, 'CREATE') AS can_create,
       COALESCE(e.extname::pg_catalog.text, '') AS extension,
       CASE WHEN n.nspname::pg_catalog.text ~ %(unquotable)s
            THEN EXISTS (SELECT 1
                           FROM pg_catalog.pg_class c
                           JOIN pg_catalog.pg_shdepend s
                             ON s.dbid = d.oid AND s.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                                AND s.objid = c.oid AND s.deptype = 'a'
                           JOIN grantee g
                             ON s.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass AND s.refobjid = g.oid
                          WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'p', 'v', 'f'))
            ELSE false END AS holds_relation,
       pg_catalog.has_schema_privilege('public', n.oid, 'CREATE') AS can_public_create
  FROM pg_catalog.pg_database d
  LEFT JOIN pg_catalog.pg_namespace n ON n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  LEFT JOIN pg_catalog.pg_depend m
    ON m.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND m.objid = n.oid AND m.deptype = 'e'
       AND m.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
  LEFT JOIN pg_catalog.pg_extension e ON e.oid = m.refobjid
 WHERE d.datname = pg_catalog.current_database()
 ORDER BY n.nspname
"""

# Who owns and who may create relations in the schemas, and whether the group will be able to read what they create.
# A creator is an owner of a relation there that is not an extension's, the schema's owner (pg_database_owner stands for
# the owner of the database), a role with a direct CREATE, or a role listed in the options. PUBLIC has oid 0 in
# aclexplode(); it is not in pg_roles and falls out of the join. Each schema has the privilege that is wanted on its
# relations; "other" is that of the other mode.
CREATORS = """
WITH wanted AS (
  SELECT n.oid, n.nspowner, n.nspacl, w.privilege,
         CASE w.privilege WHEN 'SELECT' THEN 'REFERENCES' ELSE 'SELECT' END AS other
    FROM ROWS FROM (pg_catalog.unnest(%(schemas)s::pg_catalog.oid[]),
                    pg_catalog.unnest(%(privileges)s::pg_catalog.text[])) AS w (oid, privilege)
    JOIN pg_catalog.pg_namespace n ON n.oid = w.oid
), owned AS (
  SELECT c.relnamespace, c.relowner, pg_catalog.count(*) AS relations,
         pg_catalog.count(*) FILTER (WHERE e.objid IS NULL) AS own_relations
    FROM wanted w
    JOIN pg_catalog.pg_class c ON c.relnamespace = w.oid
    LEFT JOIN pg_catalog.pg_depend e
      ON e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND e.objid = c.oid AND e.objsubid = 0
         AND e.deptype = 'e'
   WHERE c.relkind = ANY (%(kinds)s::pg_catalog."char"[])
   GROUP BY c.relnamespace, c.relowner
), mentioned AS (
  SELECT o.relnamespace AS schema, o.relowner AS role, o.relations, o.own_relations > 0 AS is_owner,
         false AS may_create, false AS is_listed
    FROM owned o
  UNION ALL
  SELECT w.oid, w.nspowner, 0, true, true, false FROM wanted w
  UNION ALL
  SELECT w.oid, a.grantee, 0, false, true, false
    FROM wanted w, pg_catalog.aclexplode(w.nspacl) a
   WHERE a.privilege_type = 'CREATE'
  UNION ALL
  SELECT w.oid, r.oid, 0, false, false, true
    FROM wanted w, pg_catalog.pg_roles r WHERE r.rolname = ANY (%(listed)s::pg_catalog.name[])
), creator AS (
  SELECT m.schema, CASE WHEN r.rolname = 'pg_database_owner' THEN d.datdba ELSE r.oid END AS role,
         pg_catalog.sum(m.relations)::pg_catalog.int8 AS relations, pg_catalog.bool_or(m.is_owner) AS is_owner,
         pg_catalog.bool_or(m.may_create) AS may_create, pg_catalog.bool_or(m.is_listed) AS is_listed
    FROM mentioned m
    JOIN pg_catalog.pg_roles r ON r.oid = m.role
    JOIN pg_catalog.pg_database d ON d.datname = pg_catalog.current_database()
   GROUP BY 1, 2
), ready AS (
  SELECT DISTINCT f.defaclnamespace, f.defaclrole, a.privilege_type
    FROM pg_catalog.pg_default_acl f, pg_catalog.aclexplode(f.defaclacl) a
   WHERE f.defaclobjtype = 'r'
     AND a.grantee = (SELECT g.oid FROM pg_catalog.pg_roles g WHERE g.rolname = %(group)s)
)
SELECT c.schema::pg_catalog.int8, r.rolname, r.rolsuper, c.relations, c.is_owner, c.may_create, c.is_listed,
       p.defaclrole IS NOT NULL AS is_ready, o.defaclrole IS NOT NULL AS has_other,
       pg_catalog.pg_has_role(r.oid, 'MEMBER') AS is_member, pg_catalog.pg_has_role(r.oid, 'USAGE') AS is_inherited
  FROM creator c
  JOIN wanted w ON w.oid = c.schema
  JOIN pg_catalog.pg_roles r ON r.oid = c.role
  LEFT JOIN ready p ON p.defaclnamespace = c.schema AND p.defaclrole = c.role AND p.privilege_type = w.privilege
  LEFT JOIN ready o ON o.defaclnamespace = c.schema AND o.defaclrole = c.role AND o.privilege_type = w.other
 ORDER BY c.schema, r.rolname
"""

# The relations of the schemas on which the group lacks a direct grant, or holds that of the other mode. A relation
# without any ACL is its owner's alone. Most grants are the owner's: "contains this item" answers for those, and only
# the rest is taken apart with aclexplode(). What is held on it anyway, and whether it is an extension's, is asked only
# where the administrator cannot grant. OFFSET 0 keeps the parts from being computed twice.
# https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-ACLITEM-OP-TABLE
RELATIONS = """
SELECT y.schema, y.relname, y.is_direct, y.has_other, y.is_grantable,
       pg_catalog.pg_get_userbyid(y.relowner)::pg_catalog.text AS owner,
       CASE WHEN y.is_direct OR y.is_grantable THEN y.is_direct
            ELSE pg_catalog.has_table_privilege(%(effective)s::pg_catalog.name, y.oid, y.privilege)
       END AS is_effective,
       CASE WHEN y.is_grantable THEN false
            ELSE EXISTS (SELECT 1 FROM pg_catalog.pg_depend e
                          WHERE e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND e.objid = y.oid
                            AND e.objsubid = 0 AND e.deptype = 'e')
       END AS is_extension_member
  FROM (SELECT x.*,
               pg_catalog.pg_has_role(x.relowner, 'USAGE')
                 OR pg_catalog.has_table_privilege(x.oid, x.privilege || ' WITH GRANT OPTION') AS is_grantable
          FROM (SELECT c.oid, c.relnamespace::pg_catalog.int8 AS schema, c.relname, c.relowner, w.privilege,
                       COALESCE(c.relacl OPERATOR(pg_catalog.@>)
                                  pg_catalog.makeaclitem(g.oid, c.relowner, w.privilege, false)
                                OR (c.relacl IS NULL AND c.relowner = g.oid), false)
                         OR EXISTS (SELECT 1 FROM pg_catalog.aclexplode(c.relacl) a
                                     WHERE a.privilege_type = w.privilege AND a.grantee = g.oid) AS is_direct,
                       COALESCE(c.relacl IS NOT NULL AND c.relowner <> g.oid
                                  AND pg_catalog.has_table_privilege(g.oid, c.oid, w.other), false)
                         AND EXISTS (SELECT 1 FROM pg_catalog.aclexplode(c.relacl) a
                                      WHERE a.privilege_type = w.other AND a.grantee = g.oid) AS has_other
                  FROM (SELECT u.oid, u.privilege,
                               CASE u.privilege WHEN 'SELECT' THEN 'REFERENCES' ELSE 'SELECT' END AS other
                          FROM ROWS FROM (pg_catalog.unnest(%(schemas)s::pg_catalog.oid[]),
                                          pg_catalog.unnest(%(privileges)s::pg_catalog.text[])) AS u (oid, privilege)
                       ) w
                  JOIN pg_catalog.pg_class c ON c.relnamespace = w.oid
                  LEFT JOIN pg_catalog.pg_roles g ON g.rolname = %(group)s
                 WHERE c.relkind = ANY (%(kinds)s::pg_catalog."char"[])
                OFFSET 0
               ) x
         WHERE x.has_other OR NOT x.is_direct
       ) y
 WHERE y.is_grantable IS NOT NULL  -- NULL: dropped since the scan saw it
 ORDER BY y.schema, y.relname
"""

# The stored verifier of a role's password; only for those who may read pg_authid.
VERIFIER = """
SELECT a.rolpassword FROM pg_catalog.pg_authid a WHERE a.rolname = %(user)s ORDER BY a.rolname
"""
