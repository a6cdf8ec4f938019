# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Set-based queries for what roles hold by direct grants in addition to the desired privileges.

pg_shdepend names every object whose ACL mentions a role, as grantee or as grantor, and has an index for it: nothing is
searched. An owner is not mentioned there for its own objects.
https://www.postgresql.org/docs/current/catalog-pg-shdepend.html

A query is composed of whole CTEs; each of the constants without an underscore is a statement to be pasted into psql.
Parameters: ``roles`` and ``group`` (one of them) are those that privileges are revoked from; ``schemas`` and
``privileges`` the listed schemas (oid) and what the group is to have on the relations in each; ``creator_schemas`` and
``creators`` the desired default privileges; ``databases`` on which the group is to have CONNECT; ``is_exclusive``
whether everything beyond the desired is extraneous, or only what belongs to the other mode in the listed schemas;
``login_stays`` is false where all roles are to be dropped; ``is_shared`` asks for every database of the server;
``classes`` and ``objects`` (oids) are those of a part of the database; ``assumable`` are the roles that the
administrator may become a member of for the duration of a transaction.
"""

from __future__ import annotations

from typing import Sequence

from .acl_objects import (
    DATABASE,
    DESIRED_DEFAULT,
    LISTED_KINDS,
    LISTED_SCHEMA,
    MENTION,
    MENTION_OF_PART,
    NAMED,
    OTHER_KINDS,
    OTHER_MENTION,
    PARAMETER,
    RELATIONS,
    RELATIONS_OF_COLUMNS,
    RELATIONS_OF_PART,
    TABLESPACE,
    is_desired,
    is_extraneous,
)

# Thousands of objects share a few ACLs: each ACL is expanded once. "actor" is the role that an item can be revoked as:
# 0 for the administrator as it is, another one where SET ROLE is needed, NULL where it cannot be. SET ROLE checks the
# memberships of the login, not of the current role. OFFSET 0 keeps PostgreSQL from planning these expressions again for
# each use of their result.
# https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-ACLITEM-FN-TABLE
_ITEM = f"""
assumable AS (
  SELECT role.oid FROM pg_catalog.pg_roles AS role WHERE role.rolname = ANY (%(assumable)s::pg_catalog.name[])
), shared_acl AS (
  SELECT object.owner, object.acl, object.desired, object.listed, object.kind LIKE '%%default' AS is_default,
         pg_catalog.array_agg(object.class_id) AS class_ids, pg_catalog.array_agg(object.object_id) AS object_ids,
         pg_catalog.array_agg(object.kind) AS kinds, pg_catalog.array_agg(object.namespace) AS namespaces,
         pg_catalog.array_agg(object.name) AS names, pg_catalog.array_agg(object.detail) AS details
    FROM object
   GROUP BY object.owner, object.acl, object.desired, object.listed, object.kind LIKE '%%default'
), acl_item AS (
  SELECT shared_acl.*, acl.privilege_type, acl.grantee, acl.grantor, acl.is_grantable,
         {is_desired("shared_acl")} AS is_desired,
         CASE WHEN acl.grantor = shared_acl.owner
                   AND (pg_catalog.pg_has_role(shared_acl.owner, 'USAGE')
                        OR shared_acl.is_default AND NOT %(inherited_defaults)s
                           AND pg_catalog.pg_has_role(shared_acl.owner, 'MEMBER'))
                THEN 0
              WHEN acl.grantor = (SELECT role.oid FROM pg_catalog.pg_roles AS role WHERE role.rolname = CURRENT_USER)
                THEN 0
              WHEN pg_catalog.pg_has_role(SESSION_USER, acl.grantor, %(set)s) THEN acl.grantor
              WHEN acl.grantor IN (SELECT assumable.oid FROM assumable) THEN acl.grantor
              WHEN acl.grantor = (SELECT role.oid FROM pg_catalog.pg_roles AS role
                                   WHERE role.rolname = 'pg_database_owner')
                THEN (SELECT here.datdba FROM pg_catalog.pg_database AS here
                       WHERE here.datname = pg_catalog.current_database()
                         AND here.datdba IN (SELECT assumable.oid FROM assumable))
         END::pg_catalog.oid AS actor
    FROM shared_acl
   CROSS JOIN LATERAL pg_catalog.aclexplode(shared_acl.acl) AS acl
   WHERE {is_extraneous("shared_acl")}
  OFFSET 0
), item AS (
  SELECT member.class_id, member.object_id, member.kind, member.namespace, member.name, member.detail, acl_item.owner,
         acl_item.acl, acl_item.privilege_type, acl_item.grantee, acl_item.grantor, acl_item.is_grantable,
         acl_item.is_desired, acl_item.actor
    FROM acl_item
   CROSS JOIN LATERAL ROWS FROM (pg_catalog.unnest(acl_item.class_ids), pg_catalog.unnest(acl_item.object_ids),
                                 pg_catalog.unnest(acl_item.kinds), pg_catalog.unnest(acl_item.namespaces),
                                 pg_catalog.unnest(acl_item.names), pg_catalog.unnest(acl_item.details))
           AS member (class_id, object_id, kind, namespace, name, detail)
  OFFSET 0
)"""  # noqa: S608 - constants

# USAGE on a schema in which the login sees a relation through somebody else, and USAGE through nobody else: revoked, it
# would make Metamapper's query for tables fail. The array is of all such schemas, and is made only if there is a
# schema to ask for: no index finds the relations of one. IS TRUE keeps PostgreSQL from a join, for which it estimates
# too few rows.
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
     AND item.object_id = ANY (ARRAY(
           SELECT DISTINCT shown.relnamespace
             FROM (SELECT DISTINCT class.relnamespace, own.grantee
                     FROM pg_catalog.pg_class AS class
                    CROSS JOIN LATERAL (
                           SELECT class.relacl AS acl
                            UNION ALL
                           SELECT attribute.attacl
                             FROM pg_catalog.pg_attribute AS attribute
                            WHERE attribute.attrelid = class.oid AND attribute.attacl IS NOT NULL
                              AND NOT attribute.attisdropped) AS held
                    CROSS JOIN LATERAL
                          pg_catalog.aclexplode(COALESCE(held.acl, pg_catalog.acldefault('r', class.relowner))) AS own
                    WHERE class.relkind IN ('r', 'p', 'v', 'f')
                      AND (class.relnamespace IN (SELECT other.object_id FROM item AS other
                                                   WHERE other.kind = 'schema')) IS TRUE
                      AND own.privilege_type IN ('SELECT', 'INSERT', 'UPDATE', 'REFERENCES')) AS shown
            WHERE shown.grantee NOT IN (SELECT named.oid FROM named)
              AND (shown.grantee = 0
                   OR EXISTS (SELECT 1 FROM named WHERE pg_catalog.pg_has_role(named.oid, shown.grantee, 'USAGE')))))
)"""

# Where no schema is among the objects, none is needed.
_NO_NEEDED_USAGE = """
needed_usage AS (
  SELECT NULL::pg_catalog.oid AS object_id WHERE false
)"""

# PUBLIC has oid 0 in aclexplode(); REVOKE takes "public" for it, in quotes too.
_ROWS = """
SELECT item.class_id::pg_catalog.int8, item.object_id::pg_catalog.int8, item.kind,
       COALESCE(namespace.nspname, '') AS schema, item.name, item.detail, item.privilege_type AS privilege,
       CASE item.grantee WHEN 0 THEN 'public' ELSE pg_catalog.pg_get_userbyid(item.grantee) END AS grantee,
       pg_catalog.pg_get_userbyid(item.grantor) AS grantor, pg_catalog.pg_get_userbyid(item.owner) AS owner,
       item.is_grantable AS is_grant_option, item.is_desired AS keeps_privilege,
       CASE item.actor WHEN 0 THEN '' ELSE pg_catalog.pg_get_userbyid(item.actor) END AS revoke_as,
       CASE WHEN item.kind LIKE '%%default' THEN item.namespace = 0 OR namespace.oid IS NOT NULL
            WHEN item.namespace = 0 OR item.actor IS NULL THEN true
            WHEN item.actor = 0 THEN pg_catalog.has_schema_privilege(item.namespace, 'USAGE')
            ELSE pg_catalog.has_schema_privilege(item.actor, item.namespace, 'USAGE')
       END AS is_reachable
  FROM item
  LEFT JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = item.namespace
 WHERE NOT (item.kind = 'schema' AND item.privilege_type = 'USAGE'
            AND item.object_id IN (SELECT needed_usage.object_id FROM needed_usage))
 ORDER BY item.kind, item.object_id
"""


def _statement(*ctes: str, objects: Sequence[str], needed_usage: str = _NEEDED_USAGE) -> str:
    """Return a whole statement of these CTEs, of which ``objects`` are the ones with objects in them."""
    union = " UNION ALL ".join(f"SELECT * FROM {name}" for name in objects)  # noqa: S608 - constants
    return "WITH " + ", ".join(cte.strip() for cte in (*ctes, f"object AS ({union})", _ITEM, needed_usage)) + _ROWS


# What is in this database, and on the database itself.
EXTRANEOUS = _statement(
    *(NAMED, MENTION, OTHER_MENTION, LISTED_SCHEMA, DESIRED_DEFAULT, RELATIONS, RELATIONS_OF_COLUMNS),
    *(DATABASE, LISTED_KINDS, OTHER_KINDS),
    objects=["database_object", "listed_object", "other_object"],
)
# The same, of some objects.
EXTRANEOUS_OF_PART = _statement(
    *(NAMED, MENTION_OF_PART, OTHER_MENTION, LISTED_SCHEMA, DESIRED_DEFAULT, RELATIONS_OF_PART, RELATIONS_OF_COLUMNS),
    *(DATABASE, LISTED_KINDS, OTHER_KINDS),
    objects=["database_object", "listed_object", "other_object"],
)
# The first one where "is_exclusive" is false. It asks for less, since planning the full query takes longer than
# executing it in most databases.
EXTRANEOUS_LISTED = _statement(
    *(NAMED, MENTION, OTHER_MENTION, LISTED_SCHEMA, DESIRED_DEFAULT, RELATIONS, RELATIONS_OF_COLUMNS, LISTED_KINDS),
    objects=["listed_object"],
    needed_usage=_NO_NEEDED_USAGE,
)
# What belongs to the server as a whole: databases, tablespaces and, from 15 on, parameters.
# https://www.postgresql.org/docs/current/catalog-pg-parameter-acl.html
EXTRANEOUS_SHARED = _statement(
    *(NAMED, MENTION, OTHER_MENTION, DATABASE, TABLESPACE), objects=["database_object", "tablespace_object"]
)
EXTRANEOUS_SHARED_15 = _statement(
    *(NAMED, MENTION, OTHER_MENTION, DATABASE, TABLESPACE, PARAMETER),
    objects=["database_object", "tablespace_object", "parameter_object"],
)
