# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""The queries of module access to the catalog: one constant per query, set-based, ready to be pasted into psql.

CURRENT_USER is the administrator after SET ROLE. A group that does not exist yet has the oid NULL, so that nothing is
granted to it; where effective privileges are asked for, ``public`` stands in for it: it will hold what PUBLIC holds.
"""

from __future__ import annotations

from ..._scope import creators
from .acl_objects import LISTED_PRIVILEGE, LISTED_SCHEMA

# Whether the server can be written, how many objects its transactions can lock, who is asking, and of which roles it
# cannot be made a member: that would be a circle of memberships, or more than is needed.
# https://www.postgresql.org/docs/current/runtime-config-locks.html
SERVER = """
WITH RECURSIVE under AS (
  SELECT administrator.oid FROM pg_catalog.pg_roles AS administrator WHERE administrator.rolname = CURRENT_USER
   UNION
  SELECT membership.member
    FROM pg_catalog.pg_auth_members AS membership
    JOIN under ON under.oid = membership.roleid
)
SELECT pg_catalog.current_setting('server_version') AS version,
       pg_catalog.pg_is_in_recovery() AS is_in_recovery,
       pg_catalog.current_setting('default_transaction_read_only')::pg_catalog.bool AS is_read_only,
       pg_catalog.current_setting('max_locks_per_transaction')::pg_catalog.int4
         * (pg_catalog.current_setting('max_connections')::pg_catalog.int4
            + pg_catalog.current_setting('max_prepared_transactions')::pg_catalog.int4) AS lock_slots,
       pg_catalog.has_column_privilege('pg_catalog.pg_authid'::pg_catalog.regclass, 'rolpassword', 'SELECT')
         AS can_read_verifiers,
       CURRENT_USER::pg_catalog.text AS administrator,
       SESSION_USER::pg_catalog.text AS login,
       EXISTS (SELECT 1 FROM pg_catalog.pg_extension AS extension WHERE extension.extname = 'citus') AS has_citus,
       ARRAY(SELECT role.rolname::pg_catalog.text FROM pg_catalog.pg_roles AS role WHERE role.rolsuper ORDER BY 1)
         AS superusers,
       (SELECT COALESCE(pg_catalog.json_agg(pg_catalog.json_build_array(role.rolname, member.rolname,
                                                                        COALESCE(grantor.rolname, ''))
                                            ORDER BY role.rolname, member.rolname, grantor.rolname), '[]')
          FROM pg_catalog.pg_auth_members AS membership
          JOIN under ON under.oid = membership.roleid
          JOIN pg_catalog.pg_roles AS role ON role.oid = membership.roleid
          JOIN pg_catalog.pg_roles AS member ON member.oid = membership.member
          LEFT JOIN pg_catalog.pg_roles AS grantor ON grantor.oid = membership.grantor) AS administrator_members
 ORDER BY 1
"""

# Where a standby gets its changes from over TCP, for those who may see it. The columns are there from 11 on.
# https://www.postgresql.org/docs/current/monitoring-stats.html#MONITORING-PG-STAT-WAL-RECEIVER-VIEW
PRIMARY = """
SELECT pg_catalog.to_jsonb(receiver) ->> 'sender_host' AS host,
       (pg_catalog.to_jsonb(receiver) ->> 'sender_port')::pg_catalog.int4 AS port
  FROM pg_catalog.pg_stat_wal_receiver AS receiver
 WHERE pg_catalog.to_jsonb(receiver) ->> 'sender_host' !~ '^(/|@|$)'
 ORDER BY 1
"""

# Every database of the server.
DATABASES = """
SELECT database.datname AS name, database.datallowconn AS allows_connections, database.datistemplate AS is_template,
       pg_catalog.has_database_privilege(database.oid, 'CONNECT') AS can_connect,
       pg_catalog.has_database_privilege(%(effective)s::pg_catalog.name, database.oid, 'CONNECT') AS is_open
  FROM pg_catalog.pg_database AS database
 ORDER BY database.datname
"""

# This database and its schemas, one row a schema (one with NULLs where there is none), but for PostgreSQL's own. Of
# names that need quotes, whether the group holds a privilege on a table or view there: pg_shdepend knows columns, too.
# "schema_names" narrows the answer to some schemas, NULL for all.
# https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-ACLITEM-FN-TABLE
SCHEMAS = """
WITH reader AS (
  SELECT role.oid FROM pg_catalog.pg_roles AS role WHERE role.rolname = %(group)s
)
SELECT pg_catalog.current_setting('default_transaction_read_only')::pg_catalog.bool AS is_read_only,
       pg_catalog.pg_get_userbyid(database.datdba)::pg_catalog.text AS database_owner,
       EXISTS (SELECT 1
                 FROM pg_catalog.aclexplode(COALESCE(database.datacl, pg_catalog.acldefault('d', database.datdba)))
                   AS acl
                WHERE acl.grantee IN (SELECT reader.oid FROM reader) AND acl.privilege_type = 'CONNECT')
         AS is_connect_direct,
       pg_catalog.has_database_privilege(%(effective)s::pg_catalog.name, database.oid, 'CONNECT')
         AS is_connect_effective,
       pg_catalog.has_database_privilege(database.oid, 'CONNECT WITH GRANT OPTION') AS is_connect_grantable,
       pg_catalog.has_database_privilege(%(effective)s::pg_catalog.name, database.oid, 'CREATE') AS can_create_schemas,
       EXISTS (SELECT 1 FROM pg_catalog.pg_extension AS installed WHERE installed.extname = 'citus') AS has_citus,
       namespace.oid::pg_catalog.int8 AS oid, namespace.nspname AS name,
       pg_catalog.pg_get_userbyid(namespace.nspowner)::pg_catalog.text AS owner,
       EXISTS (SELECT 1
                 FROM pg_catalog.aclexplode(COALESCE(namespace.nspacl, pg_catalog.acldefault('n', namespace.nspowner)))
                   AS acl
                WHERE acl.grantee IN (SELECT reader.oid FROM reader) AND acl.privilege_type = 'USAGE')
         AS is_usage_direct,
       pg_catalog.has_schema_privilege(%(effective)s::pg_catalog.name, namespace.oid, 'USAGE') AS is_usage_effective,
       pg_catalog.has_schema_privilege(namespace.oid, 'USAGE WITH GRANT OPTION') AS is_usage_grantable,
       pg_catalog.has_schema_privilege(namespace.oid, 'USAGE') AS is_usable,
       pg_catalog.has_schema_privilege(%(effective)s::pg_catalog.name, namespace.oid, 'CREATE') AS can_create,
       COALESCE(extension.extname::pg_catalog.text, '') AS extension,
       CASE WHEN namespace.nspname::pg_catalog.text ~ %(unquotable)s
            THEN EXISTS (SELECT 1
                           FROM pg_catalog.pg_class AS class
                           JOIN pg_catalog.pg_shdepend AS dependency
                             ON dependency.dbid = database.oid AND dependency.objid = class.oid
                                AND dependency.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                                AND dependency.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass
                                AND dependency.deptype = 'a'
                          WHERE class.relnamespace = namespace.oid AND class.relkind IN ('r', 'p', 'v', 'f')
                            AND dependency.refobjid IN (SELECT reader.oid FROM reader))
            ELSE false
       END AS holds_relation,
       pg_catalog.has_schema_privilege('public', namespace.oid, 'CREATE') AS can_public_create
  FROM pg_catalog.pg_database AS database
  LEFT JOIN pg_catalog.pg_namespace AS namespace
    ON namespace.nspname !~ '^pg_' AND namespace.nspname <> 'information_schema'
       AND (%(schema_names)s::pg_catalog.name[] IS NULL
            OR namespace.nspname = ANY (%(schema_names)s::pg_catalog.name[]))
  LEFT JOIN pg_catalog.pg_depend AS membership
    ON membership.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND membership.objid = namespace.oid
       AND membership.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND membership.deptype = 'e'
  LEFT JOIN pg_catalog.pg_extension AS extension ON extension.oid = membership.refobjid
 WHERE database.datname = pg_catalog.current_database()
 ORDER BY namespace.nspname
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


# The relations of the schemas on which the group lacks a direct grant, except those that one of the users created,
# which may lose them. Thousands of relations share a few ACLs: only those of an ACL without the grant are looked up.
# What is held on a relation anyway, and whether it is an extension's, is asked only where the administrator cannot
# grant. "narrowed" is a further condition on the relations.
# https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-ACLITEM-FN-TABLE
def _missing_relations(narrowed: str = "") -> str:
    return f"""
WITH {LISTED_SCHEMA.strip()}, reader AS (
  SELECT role.oid FROM pg_catalog.pg_roles AS role WHERE role.rolname = %(group)s
), reader_grantor AS (
  SELECT role.oid FROM pg_catalog.pg_roles AS role WHERE role.rolname = ANY (%(users)s::pg_catalog.name[])
), relation_acl AS (
  SELECT DISTINCT class.relowner, class.relacl,{LISTED_PRIVILEGE} AS privilege
    FROM pg_catalog.pg_class AS class
   WHERE class.relkind = ANY (%(kinds)s::pg_catalog."char"[]){narrowed}
), acl_without_grant AS (
  SELECT relation_acl.relowner, relation_acl.relacl, relation_acl.privilege
    FROM relation_acl
   WHERE relation_acl.privilege IS NOT NULL
     AND NOT EXISTS (
           SELECT 1
             FROM pg_catalog.aclexplode(COALESCE(relation_acl.relacl,
                                                 pg_catalog.acldefault('r', relation_acl.relowner))) AS acl
            WHERE acl.privilege_type = relation_acl.privilege AND acl.grantee IN (SELECT reader.oid FROM reader)
              AND acl.grantor NOT IN (SELECT reader_grantor.oid FROM reader_grantor))
), missing AS (
  SELECT class.oid, class.relnamespace AS namespace, class.relname AS name, class.relowner,{LISTED_PRIVILEGE}
           AS privilege
    FROM pg_catalog.pg_class AS class
   WHERE (class.relowner, class.relacl IS NULL, COALESCE(class.relacl, '{{}}'),{LISTED_PRIVILEGE}) IN (
           SELECT acl.relowner, acl.relacl IS NULL, COALESCE(acl.relacl, '{{}}'), acl.privilege
             FROM acl_without_grant AS acl){narrowed}
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
       END AS is_extension_member,
       CASE WHEN judged.is_grantable THEN false
            ELSE pg_catalog.has_schema_privilege(judged.relowner, judged.namespace, 'USAGE')
       END AS has_owner_usage
  FROM judged
  JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = judged.namespace
 WHERE judged.is_grantable IS NOT NULL  -- NULL: dropped since the scan saw it
 ORDER BY namespace.nspname, judged.name
"""  # noqa: S608 - constants


MISSING_RELATIONS = _missing_relations()
# The same, of some relations (oids).
MISSING_RELATIONS_OF_PART = _missing_relations("\n     AND class.oid = ANY (%(relations)s::pg_catalog.oid[])")

# CREATORS and MISSING_RELATIONS in one round trip: the rows of the one that returns few, as JSON beside those of the
# other.
CREATORS_AND_MISSING_RELATIONS = f"""
SELECT missing.*, NULL::pg_catalog.json AS creator
  FROM ({MISSING_RELATIONS}) AS missing
 UNION ALL
SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, pg_catalog.to_json(creator)
  FROM ({CREATORS}) AS creator
"""  # noqa: S608 - constants

# Column defaults that Metamapper could not store, as the search_path of the transaction makes them look. Others may own
# its schemas, so operators are qualified.
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
  AND pg_catalog.char_length(pg_catalog.pg_get_expr(attrdef.adbin, attrdef.adrelid))
      OPERATOR(pg_catalog.>) %(characters)s
  -- the expression of a generated column (from 12 on) is no default
  AND COALESCE(pg_catalog.to_jsonb(attribute) OPERATOR(pg_catalog.->>) 'attgenerated', '')
      OPERATOR(pg_catalog.=) ''::pg_catalog.text
ORDER BY schema, relation, column_name
"""
