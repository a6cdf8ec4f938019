# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""The catalog queries of the module ``visibility``, one constant per query; columns are named as the fields of records.

All of it runs as the Metamapper user, with ``search_path = pg_catalog``: without it, an operator in a schema of the
login's path could be a better match than PostgreSQL's own. Catalogs are queried by oid and never by regclass casts,
which would fail on exactly the objects of interest. Grantee 0 is PUBLIC; it is returned as an empty text, which is no
role's name.
"""

from __future__ import annotations

# Everything that is read here. On a hardened server, SELECT on some of it may have been revoked from PUBLIC.
CATALOGS = (
    "pg_attribute",
    "pg_auth_members",
    "pg_class",
    "pg_database",
    "pg_default_acl",
    "pg_depend",
    "pg_extension",
    "pg_index",
    "pg_namespace",
    "pg_operator",
    "pg_proc",
    "pg_roles",
    "pg_shdepend",
)

# Every database of the server. One in which the group holds something matters, whether the login may connect or not:
# https://www.postgresql.org/docs/current/catalog-pg-shdepend.html covers them all.
DATABASES = """
SELECT database.datname::pg_catalog.text AS name, database.datallowconn AS allows_connections,
       database.datistemplate AS is_template,
       pg_catalog.has_database_privilege(database.oid, 'CONNECT')
         OR EXISTS (SELECT 1
                      FROM pg_catalog.pg_shdepend AS dependency
                      JOIN pg_catalog.pg_roles AS readers ON readers.oid = dependency.refobjid
                     WHERE dependency.dbid = database.oid AND dependency.deptype = 'a'
                       AND dependency.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass
                       AND readers.rolname = %(group)s) AS can_connect
  FROM pg_catalog.pg_database AS database
 ORDER BY 1
"""

# The login's search path, quoted as in SET. It is read before our path is set, so no operator is used here that could
# be another role's.
OWN_PATH = """
SELECT COALESCE((SELECT pg_catalog.string_agg(pg_catalog.quote_ident(place.name::pg_catalog.text), ', '
                                              ORDER BY place.position)
                   FROM pg_catalog.unnest(pg_catalog.current_schemas(true)) WITH ORDINALITY AS place (name, position)),
                '') AS path,
       COALESCE((SELECT pg_catalog.array_agg(place.name::pg_catalog.text ORDER BY place.position)
                   FROM pg_catalog.unnest(pg_catalog.current_schemas(true)) WITH ORDINALITY AS place (name, position)),
                ARRAY[]::pg_catalog.text[]) AS schemas
"""

# to_regrole() and has_table_privilege() need no SELECT on a catalog, so that this works on a hardened server, too.
SESSION = """
SELECT pg_catalog.current_setting('server_version_num')::pg_catalog.int4 AS version,
       session_user::pg_catalog.text AS session_user_name,
       current_user::pg_catalog.text AS current_user_name,
       COALESCE(pg_catalog.host(pg_catalog.inet_client_addr()), '') AS address,
       pg_catalog.current_setting('is_superuser') = 'on' AS is_superuser,
       pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE') AS can_create_schemas,
       pg_catalog.has_database_privilege(pg_catalog.current_database(), 'TEMPORARY') AS can_create_temporary,
       readers.oid::pg_catalog.int8 AS group_oid,
       COALESCE(pg_catalog.pg_has_role(readers.oid, 'USAGE'), false) AS inherits_group,
       COALESCE(pg_catalog.pg_has_role(readers.oid, 'MEMBER'), false) AS is_member,
       ARRAY(SELECT catalog.name
               FROM pg_catalog.unnest(%(catalogs)s::pg_catalog.text[]) AS catalog (name)
              WHERE NOT pg_catalog.has_table_privilege('pg_catalog.' || catalog.name, 'SELECT')
              ORDER BY 1) AS unreadable_catalogs
  FROM (SELECT pg_catalog.to_regrole(pg_catalog.quote_ident(%(group)s))::pg_catalog.oid AS oid) AS readers
"""

# The same for a server and all its copies. Only called if CAN_IDENTIFY is true: the privilege is checked first.
# https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-CONTROLDATA
IDENTITY = """
SELECT control.system_identifier::pg_catalog.text AS system_identifier
  FROM pg_catalog.pg_control_system() AS control
 ORDER BY 1
"""

CAN_IDENTIFY = """
SELECT pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE') AS can_identify
 ORDER BY 1
"""

ATTRIBUTES = """
SELECT me.rolcreaterole AS createrole, me.rolcreatedb AS createdb, me.rolreplication AS replication,
       me.rolbypassrls AS bypassrls
  FROM pg_catalog.pg_roles AS me
 WHERE me.rolname = current_user
 ORDER BY 1
"""

# Who else could create an operator or a function in the schemas of a path, or has done so: superusers could do worse,
# and the login itself need not. pg_database_owner stands for the owner of this database (14 and newer).
PATH_CREATORS = """
WITH place AS (
  SELECT namespace.oid, namespace.nspname, namespace.nspowner, namespace.nspacl
    FROM pg_catalog.pg_namespace AS namespace
   WHERE namespace.nspname::pg_catalog.text = ANY (%(schemas)s::pg_catalog.text[])
     AND namespace.nspname NOT IN ('pg_catalog', 'information_schema')
     AND namespace.oid <> pg_catalog.pg_my_temp_schema()
), creator AS (
  SELECT place.nspname, place.nspowner AS role, 'owner' AS how FROM place
   UNION
  SELECT place.nspname, acl.grantee, 'create'
    FROM place, pg_catalog.aclexplode(place.nspacl) AS acl
   WHERE acl.privilege_type = 'CREATE' AND acl.grantee <> place.nspowner
   UNION
  SELECT place.nspname, routine.proowner, 'object'
    FROM place
    JOIN pg_catalog.pg_proc AS routine ON routine.pronamespace = place.oid
   UNION
  SELECT place.nspname, operation.oprowner, 'object'
    FROM place
    JOIN pg_catalog.pg_operator AS operation ON operation.oprnamespace = place.oid
)
SELECT creator.nspname::pg_catalog.text AS schema, COALESCE(role.rolname::pg_catalog.text, '') AS role,
       creator.how AS how
  FROM creator
  LEFT JOIN pg_catalog.pg_roles AS named ON named.oid = creator.role
  LEFT JOIN pg_catalog.pg_database AS database ON database.datname = pg_catalog.current_database()
  LEFT JOIN pg_catalog.pg_roles AS role
    ON role.oid = CASE WHEN named.rolname = 'pg_database_owner' THEN database.datdba ELSE creator.role END
 WHERE role.oid IS NULL OR NOT (role.rolsuper OR role.rolname = current_user)
 GROUP BY 1, 2, 3
 ORDER BY 1, 2, 3
"""

# What the login may do anywhere on the server: roles that it is or can become.
MEMBERSHIPS = """
SELECT role.rolname::pg_catalog.text AS role,
       pg_catalog.pg_has_role(role.oid, 'USAGE') AS is_inherited,
       role.rolsuper OR role.rolcreaterole OR role.rolcreatedb OR role.rolreplication OR role.rolbypassrls
         AS is_powerful,
       EXISTS (SELECT 1
                 FROM pg_catalog.pg_auth_members AS membership
                 JOIN pg_catalog.pg_roles AS holder ON holder.oid = membership.member
                WHERE membership.roleid = role.oid AND membership.admin_option
                  AND holder.rolname IN (current_user, %(group)s)) AS can_pass_on,
       ARRAY(SELECT lead.rolname::pg_catalog.text
               FROM pg_catalog.pg_auth_members AS membership
               JOIN pg_catalog.pg_roles AS holder ON holder.oid = membership.member
               JOIN pg_catalog.pg_roles AS lead ON lead.oid = membership.roleid
              WHERE holder.rolname IN (current_user, %(group)s) AND lead.rolname <> %(group)s
                AND pg_catalog.pg_has_role(lead.oid, role.oid, 'MEMBER')
              ORDER BY lead.rolname, holder.rolname) AS leads,
       ARRAY(SELECT holder.rolname::pg_catalog.text
               FROM pg_catalog.pg_auth_members AS membership
               JOIN pg_catalog.pg_roles AS holder ON holder.oid = membership.member
               JOIN pg_catalog.pg_roles AS lead ON lead.oid = membership.roleid
              WHERE holder.rolname IN (current_user, %(group)s) AND lead.rolname <> %(group)s
                AND pg_catalog.pg_has_role(lead.oid, role.oid, 'MEMBER')
              ORDER BY lead.rolname, holder.rolname) AS members
  FROM pg_catalog.pg_roles AS role
 WHERE role.rolname NOT IN (current_user, 'pg_database_owner')
   AND pg_catalog.pg_has_role(role.oid, 'MEMBER')
 ORDER BY 1
"""

# https://www.postgresql.org/docs/current/catalog-pg-shdepend.html covers every database of the server.
OWNED = """
SELECT role.rolname::pg_catalog.text AS role, COALESCE(database.datname::pg_catalog.text, '') AS database,
       pg_catalog.count(*) AS objects
  FROM pg_catalog.pg_shdepend AS dependency
  JOIN pg_catalog.pg_roles AS role ON role.oid = dependency.refobjid
  LEFT JOIN pg_catalog.pg_database AS database
    ON database.oid = CASE WHEN dependency.classid = 'pg_catalog.pg_database'::pg_catalog.regclass THEN dependency.objid
                           ELSE dependency.dbid
                      END
 WHERE dependency.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass
   AND dependency.deptype = 'o'
   AND dependency.classid <> 'pg_catalog.pg_user_mapping'::pg_catalog.regclass
   AND role.rolname IN (current_user, %(group)s)
 GROUP BY 1, 2
 ORDER BY 1, 2
"""

# Every schema except system schemas.
SCHEMAS = """
SELECT namespace.oid::pg_catalog.int8 AS oid,
       namespace.nspname::pg_catalog.text AS name,
       COALESCE(pg_catalog.has_schema_privilege(namespace.oid, 'USAGE'), false) AS usage,
       COALESCE(pg_catalog.has_schema_privilege(namespace.oid, 'CREATE'), false) AS create,
       CASE WHEN pg_catalog.has_schema_privilege(namespace.oid, 'CREATE')
            THEN ARRAY(SELECT CASE WHEN acl.grantee = 0 THEN ''
                                   ELSE pg_catalog.pg_get_userbyid(acl.grantee)::pg_catalog.text END
                         FROM pg_catalog.aclexplode(namespace.nspacl) AS acl
                        WHERE acl.privilege_type = 'CREATE'
                          AND CASE WHEN acl.grantee = 0 THEN true ELSE pg_catalog.pg_has_role(acl.grantee, 'USAGE') END
                        ORDER BY 1)
            ELSE ARRAY[]::pg_catalog.text[] END AS create_through,
       COALESCE(pg_catalog.has_schema_privilege(%(group)s::pg_catalog.oid, namespace.oid, 'USAGE'), false)
         AS group_usage,
       EXISTS (SELECT 1
                 FROM pg_catalog.aclexplode(namespace.nspacl) AS acl
                WHERE acl.grantee = %(group)s::pg_catalog.oid AND acl.privilege_type = 'USAGE') AS is_granted
  FROM pg_catalog.pg_namespace AS namespace
 WHERE namespace.nspname !~ '^pg_' AND namespace.nspname <> 'information_schema'
 ORDER BY 2
"""

# Which of the schemas that need quotes Metamapper's query for indexes would read.
INDEXED_SCHEMAS = """
SELECT namespace.nspname::pg_catalog.text AS schema
  FROM pg_catalog.pg_namespace AS namespace
 WHERE namespace.nspname !~ '^pg_' AND namespace.nspname <> 'information_schema'
   AND namespace.nspname::pg_catalog.text ~ %(odd_name)s
   AND EXISTS (SELECT 1
                 FROM pg_catalog.pg_index AS index
                 JOIN pg_catalog.pg_class AS class ON class.oid = index.indrelid
                WHERE class.relnamespace = namespace.oid AND class.relkind IN ('r', 'm', 't'))
 ORDER BY 1
"""

# The schemas that are members of an extension.
EXTENSION_SCHEMAS = """
SELECT namespace.nspname::pg_catalog.text AS schema, extension.extname::pg_catalog.text AS extension
  FROM pg_catalog.pg_namespace AS namespace
  JOIN pg_catalog.pg_depend AS member_of
    ON member_of.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND member_of.objid = namespace.oid
   AND member_of.deptype = 'e'
   AND member_of.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
  JOIN pg_catalog.pg_extension AS extension ON extension.oid = member_of.refobjid
 ORDER BY 1, 2
"""

# Of the schemas that Metamapper cannot quote, those in which the group holds a privilege on a table or view:
# pg_shdepend knows columns, too.
HELD_SCHEMAS = """
SELECT DISTINCT namespace.nspname::pg_catalog.text AS schema
  FROM pg_catalog.pg_namespace AS namespace
  JOIN pg_catalog.pg_database AS database ON database.datname = pg_catalog.current_database()
  JOIN pg_catalog.pg_class AS class ON class.relnamespace = namespace.oid AND class.relkind IN ('r', 'p', 'v', 'f')
  JOIN pg_catalog.pg_shdepend AS dependency
    ON dependency.dbid = database.oid AND dependency.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
   AND dependency.objid = class.oid
   AND dependency.deptype = 'a' AND dependency.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass
   AND dependency.refobjid = %(group)s::pg_catalog.oid
 WHERE namespace.nspname::pg_catalog.text ~ %(unquotable)s
 ORDER BY 1
"""

# Which of the creators that are listed by name exist.
NAMED_CREATORS = """
SELECT role.rolname::pg_catalog.text AS role, pg_catalog.pg_has_role(role.oid, 'USAGE') AS is_inherited
  FROM pg_catalog.pg_roles AS role
 WHERE role.rolname::pg_catalog.text = ANY (%(names)s::pg_catalog.text[])
 ORDER BY 1
"""

# Which default privileges will reach the user, or would if it inherited its group; an empty schema is all schemas.
# https://www.postgresql.org/docs/current/catalog-pg-default-acl.html
DEFAULTS = """
SELECT pg_catalog.pg_get_userbyid(default_acl.defaclrole)::pg_catalog.text AS role,
       COALESCE(namespace.nspname::pg_catalog.text, '') AS schema,
       CASE WHEN grantee.oid = 0 THEN '' ELSE pg_catalog.pg_get_userbyid(grantee.oid)::pg_catalog.text END AS grantee,
       ARRAY(SELECT DISTINCT acl.privilege_type::pg_catalog.text
               FROM pg_catalog.aclexplode(default_acl.defaclacl) AS acl
              WHERE acl.grantee = grantee.oid
              ORDER BY 1) AS privileges
  FROM pg_catalog.pg_default_acl AS default_acl
 CROSS JOIN LATERAL (SELECT DISTINCT acl.grantee AS oid FROM pg_catalog.aclexplode(default_acl.defaclacl) AS acl)
         AS grantee
  LEFT JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = default_acl.defaclnamespace
 WHERE default_acl.defaclobjtype = 'r'
   AND grantee.oid <> default_acl.defaclrole
   AND CASE WHEN grantee.oid = 0 OR grantee.oid = %(group)s::pg_catalog.oid THEN true
            ELSE pg_catalog.pg_has_role(grantee.oid, 'USAGE') END
 ORDER BY 1, 2, 3
"""
