# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""The questions that module access asks the catalog: one constant a question, set-based, to be pasted into psql.

CURRENT_USER is the administrator after SET ROLE. A group that does not exist yet has the oid NULL, so that nothing is
granted to it; where effective privileges are asked for, ``public`` stands in for it: what PUBLIC holds it will hold.
"""

from __future__ import annotations

from ansible_collections.metamapper.postgresql.plugins.module_utils._scope import creators

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
# One that a role granted to itself came with CREATE ROLE (createrole_self_grant) and is not counted either. A user
# mapping is listed as owned, and is nobody's property. pg_auth_members has these options from 16 on; to_jsonb() reads
# them on every version.
ROLES = """
SELECT r.rolname AS name,
       r.rolsuper AS is_superuser, r.rolreplication AS is_replication, r.rolbypassrls AS is_bypassrls,
       r.rolcreaterole AS is_createrole, r.rolcreatedb AS is_createdb,
       r.rolcanlogin AS can_login, r.rolinherit AS is_inheriting, r.rolconnlimit AS connection_limit,
       COALESCE(r.rolvaliduntil <= pg_catalog.now(), false) AS is_expired,
       (SELECT pg_catalog.count(*) FROM pg_catalog.pg_shdepend d
         WHERE d.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass
           AND d.refobjid = r.oid AND d.deptype = 'o'
           AND d.classid <> 'pg_catalog.pg_user_mapping'::pg_catalog.regclass) AS owned,
       ARRAY(SELECT m.rolname::pg_catalog.text
               FROM pg_catalog.pg_auth_members a JOIN pg_catalog.pg_roles m ON m.oid = a.member
              WHERE a.roleid = r.oid AND a.member <> a.grantor
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
SELECT d.datname AS name, d.datallowconn AS allows_connections, d.datistemplate AS is_template,
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
       n.oid::pg_catalog.int8 AS oid, n.nspname AS name,
       pg_catalog.pg_get_userbyid(n.nspowner)::pg_catalog.text AS owner,
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

# Who owns and who creates relations in the schemas, a role listed in the options even where it does not, and whether
# the group will be able to read what they create.
CREATORS = f"""
WITH listed_schema AS (
  SELECT listed.oid, listed.privilege, namespace.nspname
    FROM ROWS FROM (pg_catalog.unnest(%(schemas)s::pg_catalog.oid[]),
                    pg_catalog.unnest(%(privileges)s::pg_catalog.text[])) AS listed (oid, privilege)
    JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = listed.oid
), owner_or_creator AS (
{creators.CREATORS}
), candidate AS (
  SELECT owner_or_creator.schema_oid AS schema, owner_or_creator.role, owner_or_creator.relations,
         owner_or_creator.is_creator
    FROM owner_or_creator
   UNION ALL
  SELECT listed_schema.oid, listed.role, 0, false
    FROM listed_schema
   CROSS JOIN pg_catalog.unnest(%(listed)s::pg_catalog.text[]) AS listed (role)
), covered AS (
  SELECT DISTINCT default_acl.defaclnamespace AS schema, default_acl.defaclrole AS role, acl.privilege_type
    FROM pg_catalog.pg_default_acl AS default_acl
   CROSS JOIN LATERAL pg_catalog.aclexplode(default_acl.defaclacl) AS acl
   WHERE default_acl.defaclobjtype = 'r'
     AND acl.grantee = (SELECT reader.oid FROM pg_catalog.pg_roles AS reader WHERE reader.rolname = %(group)s)
)
SELECT listed_schema.nspname AS schema, role.rolname AS name, role.rolsuper AS is_superuser,
       pg_catalog.sum(candidate.relations)::pg_catalog.int8 AS relations,
       pg_catalog.bool_or(candidate.is_creator) AS is_creator,
       pg_catalog.bool_or(covered.role IS NOT NULL) AS has_default_privilege,
       pg_catalog.pg_has_role(role.oid, 'MEMBER') AS is_member,
       pg_catalog.pg_has_role(role.oid, 'USAGE') AS is_inherited
  FROM candidate
  JOIN listed_schema ON listed_schema.oid = candidate.schema
  JOIN pg_catalog.pg_roles AS role ON role.rolname = candidate.role
  LEFT JOIN covered
    ON covered.schema = candidate.schema AND covered.role = role.oid
       AND covered.privilege_type = listed_schema.privilege
 GROUP BY listed_schema.nspname, role.rolname, role.rolsuper, role.oid
 ORDER BY listed_schema.nspname, role.rolname
"""  # noqa: S608 - constants

# The relations of the schemas on which the group lacks a direct grant, but for one that a user of ours made, who may
# lose it. Thousands of relations share a few ACLs: each ACL is taken apart once. What is held on a relation anyway, and
# whether it is an extension's, is asked only where the administrator cannot grant. "objects" (oids) narrows the answer
# to some relations, NULL for all.
# https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-ACLITEM-FN-TABLE
MISSING_RELATIONS = """
WITH listed_schema AS (
  SELECT listed.oid, listed.privilege
    FROM ROWS FROM (pg_catalog.unnest(%(schemas)s::pg_catalog.oid[]),
                    pg_catalog.unnest(%(privileges)s::pg_catalog.text[])) AS listed (oid, privilege)
), reader AS (
  SELECT role.oid FROM pg_catalog.pg_roles AS role WHERE role.rolname = %(group)s
), reader_grantor AS (
  SELECT role.oid FROM pg_catalog.pg_roles AS role WHERE role.rolname = ANY (%(users)s::pg_catalog.name[])
), shared_acl AS (
  SELECT class.relowner, class.relacl, listed_schema.privilege, pg_catalog.array_agg(class.oid) AS relations,
         pg_catalog.array_agg(class.relnamespace) AS namespaces, pg_catalog.array_agg(class.relname) AS names
    FROM listed_schema
    JOIN pg_catalog.pg_class AS class ON class.relnamespace = listed_schema.oid
   WHERE class.relkind = ANY (%(kinds)s::pg_catalog."char"[])
     AND (%(objects)s::pg_catalog.oid[] IS NULL OR class.oid = ANY (%(objects)s::pg_catalog.oid[]))
   GROUP BY class.relowner, class.relacl, listed_schema.privilege
), missing AS (
  SELECT member.oid, member.namespace, member.name, shared_acl.relowner, shared_acl.privilege
    FROM shared_acl
   CROSS JOIN LATERAL ROWS FROM (pg_catalog.unnest(shared_acl.relations), pg_catalog.unnest(shared_acl.namespaces),
                                 pg_catalog.unnest(shared_acl.names)) AS member (oid, namespace, name)
   WHERE NOT EXISTS (
           SELECT 1
             FROM pg_catalog.aclexplode(COALESCE(shared_acl.relacl,
                                                 pg_catalog.acldefault('r', shared_acl.relowner))) AS acl
            WHERE acl.privilege_type = shared_acl.privilege AND acl.grantee IN (SELECT reader.oid FROM reader)
              AND acl.grantor NOT IN (SELECT reader_grantor.oid FROM reader_grantor))
), judged AS (
  SELECT missing.*,
         pg_catalog.pg_has_role(missing.relowner, 'USAGE')
           OR pg_catalog.has_table_privilege(missing.oid, missing.privilege || ' WITH GRANT OPTION') AS is_grantable
    FROM missing
)
SELECT judged.oid::pg_catalog.int8 AS oid, namespace.nspname AS schema, judged.name, judged.is_grantable,
       pg_catalog.pg_get_userbyid(judged.relowner)::pg_catalog.text AS owner,
       CASE WHEN judged.is_grantable THEN false
            ELSE pg_catalog.has_table_privilege(%(effective)s::pg_catalog.name, judged.oid, judged.privilege)
       END AS is_effective,
       CASE WHEN judged.is_grantable THEN false
            ELSE EXISTS (SELECT 1 FROM pg_catalog.pg_depend AS dependency
                          WHERE dependency.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                            AND dependency.objid = judged.oid AND dependency.objsubid = 0 AND dependency.deptype = 'e')
       END AS is_extension_member
  FROM judged
  JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = judged.namespace
 WHERE judged.is_grantable IS NOT NULL  -- NULL: dropped since the scan saw it
 ORDER BY namespace.nspname, judged.name
"""

# The last two questions in one round trip: the rows of the one that has few, as JSON beside those of the one that may
# have many.
CREATORS_AND_MISSING_RELATIONS = f"""
SELECT missing.*, NULL::pg_catalog.json AS creator
  FROM ({MISSING_RELATIONS}) AS missing
 UNION ALL
SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, pg_catalog.to_json(creator)
  FROM ({CREATORS}) AS creator
"""  # noqa: S608 - constants

# Column defaults that Metamapper could not store, as the search_path of the transaction makes them look. Its schemas
# may be anybody's: so operators are named in full.
LONG_DEFAULTS = """
SELECT namespace.nspname AS schema, relation.relname AS relation, attribute.attname AS column_name,
       pg_catalog.char_length(pg_catalog.pg_get_expr(attrdef.adbin, attrdef.adrelid)) AS characters
FROM pg_catalog.pg_attrdef AS attrdef
JOIN pg_catalog.pg_class AS relation ON relation.oid OPERATOR(pg_catalog.=) attrdef.adrelid
JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid OPERATOR(pg_catalog.=) relation.relnamespace
JOIN pg_catalog.pg_attribute AS attribute
  ON attribute.attrelid OPERATOR(pg_catalog.=) attrdef.adrelid
 AND attribute.attnum OPERATOR(pg_catalog.=) attrdef.adnum
WHERE namespace.nspname OPERATOR(pg_catalog.=) ANY (%(schemas)s::pg_catalog.name[])
  AND pg_catalog.char_length(pg_catalog.pg_get_expr(attrdef.adbin, attrdef.adrelid)) OPERATOR(pg_catalog.>) 255
  -- the expression of a generated column (from 12 on) is no default
  AND COALESCE(pg_catalog.to_jsonb(attribute) OPERATOR(pg_catalog.->>) 'attgenerated', '')
      OPERATOR(pg_catalog.=) ''::pg_catalog.text
ORDER BY schema, relation, column_name
"""

# The stored verifier of a role's password, and how many iterations the server gives a new one (0 before 16); only for
# those who may read pg_authid.
# https://www.postgresql.org/docs/current/runtime-config-connection.html#GUC-SCRAM-ITERATIONS
VERIFIER = """
SELECT authid.rolpassword AS verifier,
       COALESCE(pg_catalog.current_setting('scram_iterations', true), '0')::pg_catalog.int8 AS default_iterations
FROM pg_catalog.pg_authid AS authid
WHERE authid.rolname = %(user)s
ORDER BY authid.rolname
"""

# Where on the server roles are mentioned, and how: o owner, a ACL, r policy, i (from 17 on) initial privileges of an
# extension's object, m a user mapping, which is listed as owned. The database is empty for what belongs to the
# server as a whole.
# https://www.postgresql.org/docs/current/catalog-pg-shdepend.html
MENTIONS = """
SELECT r.rolname AS role, COALESCE(b.datname, '') AS database,
       CASE d.classid WHEN 'pg_catalog.pg_user_mapping'::pg_catalog.regclass THEN 'm'
            ELSE d.deptype::pg_catalog.text END AS how,
       pg_catalog.count(*) AS objects
  FROM pg_catalog.pg_shdepend d
  JOIN pg_catalog.pg_roles r ON r.oid = d.refobjid
  LEFT JOIN pg_catalog.pg_database b ON b.oid = d.dbid
 WHERE d.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass
   AND r.rolname = ANY (%(roles)s::pg_catalog.name[])
 GROUP BY r.rolname, b.datname, how
 ORDER BY r.rolname, b.datname, how
"""

# Memberships that would go with the roles: of others in them, and from 16 on those of others in others that they have
# granted. One that neither inherits nor may SET ROLE (an administrator's own) gives its member nothing.
MEMBERSHIPS = """
SELECT g.rolname AS role, m.rolname AS member, COALESCE(f.rolname, '') AS grantor
  FROM pg_catalog.pg_auth_members a
  JOIN pg_catalog.pg_roles g ON g.oid = a.roleid
  JOIN pg_catalog.pg_roles m ON m.oid = a.member
  LEFT JOIN pg_catalog.pg_roles f ON f.oid = a.grantor
 WHERE m.rolname <> ALL (%(roles)s::pg_catalog.name[]) AND a.member <> a.grantor
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
SELECT s.usename AS user, s.pid AS process,
       pg_catalog.pg_has_role('pg_signal_backend', 'USAGE') OR pg_catalog.pg_has_role(s.usesysid, 'USAGE') AS can_end
  FROM pg_catalog.pg_stat_activity s
 WHERE s.usename = ANY (%(users)s::pg_catalog.name[])
 ORDER BY s.usename, s.pid
"""

# How many processes hold a lock and have no user in pg_stat_activity, as one that is authenticated and still starting.
# Up to 17 it has no row there, from 18 on a row without a user.
STARTING_PROCESSES = """
SELECT pg_catalog.count(DISTINCT lock.pid) AS processes
  FROM pg_catalog.pg_locks AS lock
 WHERE lock.pid IS NOT NULL
   AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_stat_activity AS activity
                    WHERE activity.pid = lock.pid AND activity.usesysid IS NOT NULL)
 ORDER BY 1
"""

# How roles are mentioned in this database, and whether the administrator may run DROP OWNED BY for them.
MENTIONS_HERE = """
SELECT r.rolname AS role,
       CASE d.classid WHEN 'pg_catalog.pg_user_mapping'::pg_catalog.regclass THEN 'm'
            ELSE d.deptype::pg_catalog.text END AS how,
       pg_catalog.count(*) AS objects, pg_catalog.pg_has_role(r.oid, 'USAGE') AS can_act
  FROM pg_catalog.pg_shdepend d
  JOIN pg_catalog.pg_roles r ON r.oid = d.refobjid
 WHERE d.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass
   AND r.rolname = ANY (%(roles)s::pg_catalog.name[])
   AND d.dbid = (SELECT b.oid FROM pg_catalog.pg_database b WHERE b.datname = pg_catalog.current_database())
 GROUP BY r.oid, r.rolname, how
 ORDER BY r.rolname, how
"""

# The policies of this database that name one of the roles, and the other roles that they name.
POLICIES = """
SELECT n.nspname AS schema, c.relname AS relation, p.polname AS name,
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

# The user mappings of the roles in this database, and whether the administrator may drop them.
# https://www.postgresql.org/docs/current/sql-dropusermapping.html
USER_MAPPINGS = """
SELECT mapping.usename AS role, mapping.srvname AS server, pg_catalog.pg_has_role(server.srvowner, 'USAGE') AS can_drop
  FROM pg_catalog.pg_user_mappings AS mapping
  JOIN pg_catalog.pg_foreign_server AS server ON server.oid = mapping.srvid
 WHERE mapping.usename = ANY (%(roles)s::pg_catalog.name[])
 ORDER BY mapping.usename, mapping.srvname
"""

# The relations that show up in information_schema for one role and not for another.
# https://www.postgresql.org/docs/current/infoschema-tables.html
VISIBLE_TO_ONE_ONLY = """
SELECT n.nspname::pg_catalog.text AS schema, c.relname::pg_catalog.text AS name
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_roles o ON o.rolname = %(old)s
  JOIN pg_catalog.pg_roles w ON w.rolname = %(new)s
 WHERE c.relkind IN ('r', 'p', 'v', 'f') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
   AND pg_catalog.has_database_privilege(o.oid, pg_catalog.current_database(), 'CONNECT')
   AND pg_catalog.has_schema_privilege(o.oid, n.oid, 'USAGE')
   AND (pg_catalog.pg_has_role(o.oid, c.relowner, 'USAGE')
        OR pg_catalog.has_any_column_privilege(o.oid, c.oid, 'SELECT, INSERT, UPDATE, REFERENCES'))
   AND NOT (pg_catalog.has_database_privilege(w.oid, pg_catalog.current_database(), 'CONNECT')
            AND pg_catalog.has_schema_privilege(w.oid, n.oid, 'USAGE')
            AND (pg_catalog.pg_has_role(w.oid, c.relowner, 'USAGE')
                 OR pg_catalog.has_any_column_privilege(w.oid, c.oid, 'SELECT, INSERT, UPDATE, REFERENCES')))
 ORDER BY 1, 2
"""
