# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""What roles hold by direct grants beyond the desired privileges: the questions to the catalog, set-based.

pg_shdepend names every object whose ACL mentions a role, as grantee or as grantor, and has an index for it: nothing is
searched. An owner is not mentioned there for its own objects.
https://www.postgresql.org/docs/current/catalog-pg-shdepend.html

A query is put together out of whole CTEs; each of the constants without an underscore is a statement to be pasted into
psql. Parameters: ``roles`` and ``group`` (one of them) are those that privileges are revoked from; ``schemas`` and
``privileges`` the listed schemas (oid) and what the group is to have on the relations in each; ``creator_schemas`` and
``creators`` the desired default privileges; ``databases`` on which the group is to have CONNECT; ``is_exclusive``
whether everything beyond the desired is extraneous, or only what belongs to the other mode in the listed schemas;
``login_stays`` is false where all roles are to be dropped; ``classes`` and ``objects`` (oids) narrow the answer to some
objects, NULL for all.
"""

from __future__ import annotations

_NAMED = """
named AS (
  SELECT role.oid, role.rolname = %(group)s AS is_group
    FROM pg_catalog.pg_roles AS role
   WHERE role.rolname = ANY (%(roles)s::pg_catalog.name[])
), reader AS (
  SELECT named.oid FROM named WHERE named.is_group
)"""

# Either all objects that mention a role, by the index on the role, or some objects, by the index on the object.
_MENTION = """
mention AS (
  SELECT dependency.classid, dependency.objid, dependency.objsubid
    FROM named
    JOIN pg_catalog.pg_shdepend AS dependency
      ON dependency.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass AND dependency.refobjid = named.oid
         AND dependency.deptype = 'a'
   WHERE %(objects)s::pg_catalog.oid[] IS NULL
     AND dependency.dbid IN (0, (SELECT here.oid FROM pg_catalog.pg_database AS here
                                  WHERE here.datname = pg_catalog.current_database()))
   UNION
  SELECT chosen.classid, chosen.objid, dependency.objsubid
    FROM ROWS FROM (pg_catalog.unnest(%(classes)s::pg_catalog.oid[]),
                    pg_catalog.unnest(%(objects)s::pg_catalog.oid[])) AS chosen (classid, objid)
   CROSS JOIN LATERAL (
           SELECT by_object.objsubid, by_object.refobjid
             FROM pg_catalog.pg_shdepend AS by_object
            WHERE by_object.dbid = ANY (ARRAY[0, (SELECT here.oid FROM pg_catalog.pg_database AS here
                                                   WHERE here.datname = pg_catalog.current_database())
                                             ]::pg_catalog.oid[])
              AND by_object.classid = chosen.classid AND by_object.objid = chosen.objid
              AND by_object.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass AND by_object.deptype = 'a'
           OFFSET 0) AS dependency
   WHERE dependency.refobjid IN (SELECT named.oid FROM named)
), other_mention AS (
  SELECT mention.classid, mention.objid
    FROM mention
   WHERE mention.classid <> 'pg_catalog.pg_class'::pg_catalog.regclass
)"""

_LISTED = """
listed_schema AS (
  SELECT listed.oid, listed.privilege
    FROM ROWS FROM (pg_catalog.unnest(%(schemas)s::pg_catalog.oid[]),
                    pg_catalog.unnest(%(privileges)s::pg_catalog.text[])) AS listed (oid, privilege)
), select_schema AS (
  SELECT listed_schema.oid FROM listed_schema WHERE listed_schema.privilege = 'SELECT'
), references_schema AS (
  SELECT listed_schema.oid FROM listed_schema WHERE listed_schema.privilege = 'REFERENCES'
), desired_default AS (
  SELECT desired.schema, desired.creator
    FROM ROWS FROM (pg_catalog.unnest(%(creator_schemas)s::pg_catalog.oid[]),
                    pg_catalog.unnest(%(creators)s::pg_catalog.name[])) AS desired (schema, creator)
)"""

# IN with a subquery is a hash table, whatever the planner makes of the sizes; a join may become a nested loop.
_RELATIONS = """
relation AS (
  SELECT class.oid, class.relnamespace, class.relname, class.relowner, class.relacl, mention.objsubid,
         CASE class.relkind WHEN 'S' THEN 'sequence' ELSE 'relation' END AS kind,
         CASE WHEN class.relkind <> ALL (%(kinds)s::pg_catalog."char"[]) THEN NULL
              WHEN class.relnamespace IN (SELECT select_schema.oid FROM select_schema) THEN 'SELECT'
              WHEN class.relnamespace IN (SELECT references_schema.oid FROM references_schema) THEN 'REFERENCES'
         END AS listed
    FROM mention
    JOIN pg_catalog.pg_class AS class ON class.oid = mention.objid
   WHERE mention.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
)"""

_OBJECT = """
object (class_id, object_id, kind, namespace, name, detail, owner, acl, desired, listed) AS (
"""

_DATABASE = """
  SELECT 'pg_catalog.pg_database'::pg_catalog.regclass::pg_catalog.oid, database.oid, 'database', 0::pg_catalog.oid,
         database.datname::pg_catalog.text, ''::pg_catalog.text, database.datdba, database.datacl,
         CASE WHEN database.datname = ANY (%(databases)s::pg_catalog.name[]) THEN 'CONNECT' END, NULL::pg_catalog.text
    FROM other_mention
    JOIN pg_catalog.pg_database AS database ON database.oid = other_mention.objid
   WHERE other_mention.classid = 'pg_catalog.pg_database'::pg_catalog.regclass"""

# All that is in this database. Procedures exist from 11 on. Large objects are listed under pg_largeobject, and their
# ACL is in pg_largeobject_metadata. The signature of an ordered-set aggregate is nothing that REVOKE understands; the
# types of its arguments are.
_HERE = """
   UNION ALL
  SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, relation.oid, relation.kind, relation.relnamespace,
         relation.relname, '', relation.relowner, relation.relacl, relation.listed, relation.listed
    FROM relation
   WHERE relation.objsubid = 0
   UNION ALL
  SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, relation.oid, 'column', relation.relnamespace,
         relation.relname, attribute.attname, relation.relowner, attribute.attacl, NULL, relation.listed
    FROM relation
    JOIN pg_catalog.pg_attribute AS attribute
      ON attribute.attrelid = relation.oid AND attribute.attnum = relation.objsubid AND NOT attribute.attisdropped
   WHERE relation.objsubid <> 0
   UNION ALL
  SELECT other_mention.classid, namespace.oid, 'schema', 0, namespace.nspname, '', namespace.nspowner,
         namespace.nspacl,
         CASE WHEN namespace.oid IN (SELECT listed_schema.oid FROM listed_schema) THEN 'USAGE' END, NULL
    FROM other_mention
    JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = other_mention.objid
   WHERE other_mention.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass
   UNION ALL
  SELECT other_mention.classid, default_acl.oid,
         CASE default_acl.defaclnamespace WHEN 0 THEN 'global default' ELSE 'default' END,
         default_acl.defaclnamespace, creator.rolname, default_acl.defaclobjtype::pg_catalog.text,
         default_acl.defaclrole, default_acl.defaclacl,
         CASE WHEN (default_acl.defaclnamespace, creator.rolname) IN
                     (SELECT desired_default.schema, desired_default.creator FROM desired_default)
                THEN default_acl.listed END,
         default_acl.listed
    FROM other_mention
    JOIN (SELECT plain.*,
                 CASE WHEN plain.defaclobjtype <> 'r' THEN NULL
                      WHEN plain.defaclnamespace IN (SELECT select_schema.oid FROM select_schema) THEN 'SELECT'
                      WHEN plain.defaclnamespace IN (SELECT references_schema.oid FROM references_schema)
                        THEN 'REFERENCES'
                 END AS listed
            FROM (SELECT acl.oid, acl.defaclrole, acl.defaclnamespace, acl.defaclobjtype, acl.defaclacl
                    FROM pg_catalog.pg_default_acl AS acl) AS plain) AS default_acl
      ON default_acl.oid = other_mention.objid
    JOIN pg_catalog.pg_roles AS creator ON creator.oid = default_acl.defaclrole
   WHERE other_mention.classid = 'pg_catalog.pg_default_acl'::pg_catalog.regclass
   UNION ALL
  SELECT other_mention.classid, routine.oid,
         CASE pg_catalog.to_jsonb(routine) ->> 'prokind' WHEN 'p' THEN 'procedure' ELSE 'function' END,
         routine.pronamespace, routine.proname,
         CASE WHEN aggregate.aggfnoid IS NULL THEN pg_catalog.pg_get_function_identity_arguments(routine.oid)
              ELSE pg_catalog.oidvectortypes(routine.proargtypes) END,
         routine.proowner, routine.proacl, NULL, NULL
    FROM other_mention
    JOIN pg_catalog.pg_proc AS routine ON routine.oid = other_mention.objid
    LEFT JOIN pg_catalog.pg_aggregate AS aggregate ON aggregate.aggfnoid = routine.oid
   WHERE other_mention.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
   UNION ALL
  SELECT other_mention.classid, type.oid, 'type', type.typnamespace, type.typname, '', type.typowner, type.typacl,
         NULL, NULL
    FROM other_mention
    JOIN pg_catalog.pg_type AS type ON type.oid = other_mention.objid
   WHERE other_mention.classid = 'pg_catalog.pg_type'::pg_catalog.regclass
   UNION ALL
  SELECT other_mention.classid, language.oid, 'language', 0, language.lanname, '', language.lanowner,
         language.lanacl, NULL, NULL
    FROM other_mention
    JOIN pg_catalog.pg_language AS language ON language.oid = other_mention.objid
   WHERE other_mention.classid = 'pg_catalog.pg_language'::pg_catalog.regclass
   UNION ALL
  SELECT other_mention.classid, wrapper.oid, 'foreign data wrapper', 0, wrapper.fdwname, '', wrapper.fdwowner,
         wrapper.fdwacl, NULL, NULL
    FROM other_mention
    JOIN pg_catalog.pg_foreign_data_wrapper AS wrapper ON wrapper.oid = other_mention.objid
   WHERE other_mention.classid = 'pg_catalog.pg_foreign_data_wrapper'::pg_catalog.regclass
   UNION ALL
  SELECT other_mention.classid, server.oid, 'foreign server', 0, server.srvname, '', server.srvowner, server.srvacl,
         NULL, NULL
    FROM other_mention
    JOIN pg_catalog.pg_foreign_server AS server ON server.oid = other_mention.objid
   WHERE other_mention.classid = 'pg_catalog.pg_foreign_server'::pg_catalog.regclass
   UNION ALL
  SELECT other_mention.classid, large_object.oid, 'large object', 0, large_object.oid::pg_catalog.text, '',
         large_object.lomowner, large_object.lomacl, NULL, NULL
    FROM other_mention
    JOIN pg_catalog.pg_largeobject_metadata AS large_object ON large_object.oid = other_mention.objid
   WHERE other_mention.classid = 'pg_catalog.pg_largeobject'::pg_catalog.regclass"""

_TABLESPACE = """
   UNION ALL
  SELECT other_mention.classid, tablespace.oid, 'tablespace', 0, tablespace.spcname, '', tablespace.spcowner,
         tablespace.spcacl, NULL, NULL
    FROM other_mention
    JOIN pg_catalog.pg_tablespace AS tablespace ON tablespace.oid = other_mention.objid
   WHERE other_mention.classid = 'pg_catalog.pg_tablespace'::pg_catalog.regclass"""

# Parameters belong to the bootstrap superuser, who has oid 10.
_PARAMETER = """
   UNION ALL
  SELECT other_mention.classid, parameter.oid, 'parameter', 0, parameter.parname, '', 10, parameter.paracl, NULL, NULL
    FROM other_mention
    JOIN pg_catalog.pg_parameter_acl AS parameter ON parameter.oid = other_mention.objid
   WHERE other_mention.classid = 'pg_catalog.pg_parameter_acl'::pg_catalog.regclass"""

# Thousands of objects share a few ACLs: each ACL is taken apart once. "actor" is the role that an item can be
# revoked as: 0 for the administrator as it is, another one where SET ROLE is needed, NULL where it cannot be. SET ROLE
# asks what the login may, not the current role.
# https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-ACLITEM-FN-TABLE
_ITEM = """
shared_acl AS (
  SELECT object.owner, object.acl, object.desired, object.listed, object.kind LIKE '%%default' AS is_default,
         pg_catalog.array_agg(object.class_id) AS class_ids, pg_catalog.array_agg(object.object_id) AS object_ids,
         pg_catalog.array_agg(object.kind) AS kinds, pg_catalog.array_agg(object.namespace) AS namespaces,
         pg_catalog.array_agg(object.name) AS names, pg_catalog.array_agg(object.detail) AS details
    FROM object
   GROUP BY object.owner, object.acl, object.desired, object.listed, object.kind LIKE '%%default'
), acl_item AS (
  SELECT shared_acl.*, acl.privilege_type, acl.grantee, acl.grantor, acl.is_grantable,
         COALESCE(acl.privilege_type = shared_acl.desired AND acl.grantee = (SELECT reader.oid FROM reader), false)
           AS is_desired,
         CASE WHEN acl.grantor = shared_acl.owner
                   AND (pg_catalog.pg_has_role(shared_acl.owner, 'USAGE')
                        OR shared_acl.is_default AND NOT %(inherited_defaults)s
                           AND pg_catalog.pg_has_role(shared_acl.owner, 'MEMBER'))
                THEN 0
              WHEN acl.grantor = (SELECT role.oid FROM pg_catalog.pg_roles AS role WHERE role.rolname = CURRENT_USER)
                THEN 0
              WHEN pg_catalog.pg_has_role(SESSION_USER, acl.grantor, %(set)s) THEN acl.grantor
         END::pg_catalog.oid AS actor
    FROM shared_acl
   CROSS JOIN LATERAL pg_catalog.aclexplode(shared_acl.acl) AS acl
   WHERE (acl.grantee IN (SELECT named.oid FROM named)
          OR acl.grantor IN (SELECT named.oid FROM named) AND acl.grantor <> shared_acl.owner)
     AND (%(is_exclusive)s OR acl.privilege_type =
            CASE shared_acl.listed WHEN 'SELECT' THEN 'REFERENCES' WHEN 'REFERENCES' THEN 'SELECT' END)
), item AS (
  SELECT member.class_id, member.object_id, member.kind, member.namespace, member.name, member.detail, acl_item.owner,
         acl_item.acl, acl_item.privilege_type, acl_item.grantee, acl_item.grantor, acl_item.is_grantable,
         acl_item.is_desired, acl_item.actor
    FROM acl_item
   CROSS JOIN LATERAL ROWS FROM (pg_catalog.unnest(acl_item.class_ids), pg_catalog.unnest(acl_item.object_ids),
                                 pg_catalog.unnest(acl_item.kinds), pg_catalog.unnest(acl_item.namespaces),
                                 pg_catalog.unnest(acl_item.names), pg_catalog.unnest(acl_item.details))
           AS member (class_id, object_id, kind, namespace, name, detail)
   WHERE acl_item.is_grantable OR NOT acl_item.is_desired
)"""

# USAGE on a schema in which the login sees a relation through somebody else, and USAGE through nobody else: revoked, it
# would make Metamapper's query for tables fail.
_NEEDED_USAGE = """
needed_usage AS (
  SELECT item.object_id
    FROM item
   WHERE item.kind = 'schema' AND item.privilege_type = 'USAGE' AND %(login_stays)s
     AND NOT EXISTS (
           SELECT 1
             FROM pg_catalog.aclexplode(item.acl) AS usage
            WHERE usage.privilege_type = 'USAGE' AND usage.grantee NOT IN (SELECT named.oid FROM named)
              AND (usage.grantee = 0
                   OR EXISTS (SELECT 1 FROM named WHERE pg_catalog.pg_has_role(named.oid, usage.grantee, 'USAGE'))))
     AND EXISTS (
           SELECT 1
             FROM pg_catalog.pg_class AS class
            CROSS JOIN LATERAL (
                   SELECT own.grantee, own.privilege_type
                     FROM pg_catalog.aclexplode(COALESCE(class.relacl, pg_catalog.acldefault('r', class.relowner)))
                       AS own
                    UNION ALL
                   SELECT own.grantee, own.privilege_type
                     FROM pg_catalog.pg_attribute AS attribute, pg_catalog.aclexplode(attribute.attacl) AS own
                    WHERE attribute.attrelid = class.oid AND NOT attribute.attisdropped) AS shown
            WHERE class.relnamespace = item.object_id AND class.relkind IN ('r', 'p', 'v', 'f')
              AND shown.privilege_type IN ('SELECT', 'INSERT', 'UPDATE', 'REFERENCES')
              AND shown.grantee NOT IN (SELECT named.oid FROM named)
              AND (shown.grantee = 0
                   OR EXISTS (SELECT 1 FROM named WHERE pg_catalog.pg_has_role(named.oid, shown.grantee, 'USAGE'))))
)"""

# PUBLIC has oid 0 in aclexplode() and is not in pg_roles; REVOKE takes "public" for it, in quotes too.
_ROWS = """
SELECT item.class_id::pg_catalog.int8, item.object_id::pg_catalog.int8, item.kind,
       COALESCE(namespace.nspname, '') AS schema, item.name, item.detail, item.privilege_type AS privilege,
       COALESCE(grantee.rolname, 'public') AS grantee, grantor.rolname AS grantor, owner.rolname AS owner,
       item.is_grantable AS is_grant_option, item.is_desired AS keeps_privilege,
       CASE WHEN item.actor = 0 THEN '' ELSE actor.rolname END AS revoke_as,
       CASE WHEN item.kind LIKE '%%default' THEN item.namespace = 0 OR namespace.oid IS NOT NULL
            WHEN item.namespace = 0 OR item.actor IS NULL THEN true
            WHEN item.actor = 0 THEN pg_catalog.has_schema_privilege(item.namespace, 'USAGE')
            ELSE pg_catalog.has_schema_privilege(item.actor, item.namespace, 'USAGE')
       END AS is_reachable
  FROM item
  JOIN pg_catalog.pg_roles AS grantor ON grantor.oid = item.grantor
  JOIN pg_catalog.pg_roles AS owner ON owner.oid = item.owner
  LEFT JOIN pg_catalog.pg_roles AS grantee ON grantee.oid = item.grantee
  LEFT JOIN pg_catalog.pg_roles AS actor ON actor.oid = item.actor
  LEFT JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = item.namespace
 WHERE NOT (item.kind = 'schema' AND item.privilege_type = 'USAGE'
            AND item.object_id IN (SELECT needed_usage.object_id FROM needed_usage))
 ORDER BY item.kind, item.object_id
"""


def _query(*ctes: str) -> str:
    return "WITH " + ", ".join(cte.strip() for cte in ctes) + _ROWS


def _objects(*branches: str) -> str:
    return _OBJECT + "".join(branches) + "\n)"


_THIS_DATABASE = _DATABASE + "\n     AND database.datname = pg_catalog.current_database()"

# What is in this database, and on the database itself.
EXTRANEOUS = _query(_NAMED, _MENTION, _LISTED, _RELATIONS, _objects(_THIS_DATABASE, _HERE), _ITEM, _NEEDED_USAGE)
# What belongs to the server as a whole: databases, tablespaces and, from 15 on, parameters.
# https://www.postgresql.org/docs/current/catalog-pg-parameter-acl.html
EXTRANEOUS_SHARED = _query(_NAMED, _MENTION, _objects(_DATABASE, _TABLESPACE), _ITEM, _NEEDED_USAGE)
EXTRANEOUS_SHARED_15 = _query(_NAMED, _MENTION, _objects(_DATABASE, _TABLESPACE, _PARAMETER), _ITEM, _NEEDED_USAGE)
