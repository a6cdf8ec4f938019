# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Which objects mention some roles in their ACL: the parts of which the statements of ``acl_queries`` are composed.

Each constant is one or more whole CTEs; the parameters are described there. A literal in the first SELECT of one is
cast: before PostgreSQL 10 the column would have no type.
"""

from __future__ import annotations

NAMED = """
named AS (
  SELECT role.oid, role.rolname = %(group)s AS is_group
    FROM pg_catalog.pg_roles AS role
   WHERE role.rolname = ANY (%(roles)s::pg_catalog.name[])
), reader AS (
  SELECT named.oid FROM named WHERE named.is_group
)"""

# All objects that mention a role, by the index on the role, except whole relations.
MENTION = """
mention AS (
  SELECT DISTINCT dependency.classid, dependency.objid, dependency.objsubid
    FROM named
    JOIN pg_catalog.pg_shdepend AS dependency
      ON dependency.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass AND dependency.refobjid = named.oid
         AND dependency.deptype = 'a'
   WHERE dependency.dbid IN (0, (SELECT here.oid FROM pg_catalog.pg_database AS here
                                  WHERE here.datname = pg_catalog.current_database()))
     AND (dependency.classid <> 'pg_catalog.pg_class'::pg_catalog.regclass OR dependency.objsubid <> 0)
)"""

# Those of some objects that mention a role, by the index on the object.
MENTION_OF_PART = """
mention AS (
  SELECT DISTINCT chosen.classid, chosen.objid, dependency.objsubid
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
)"""

OTHER_MENTION = """
other_mention AS (
  SELECT mention.classid, mention.objid
    FROM mention
   WHERE mention.classid <> 'pg_catalog.pg_class'::pg_catalog.regclass
)"""

# The schemas in scope, and what the group is to have on a relation "class": NULL for nothing. IN with a subquery
# becomes a hash table whatever the planner's estimates; a join may become a nested loop.
LISTED_SCHEMA = """
listed_schema AS (
  SELECT listed.oid, listed.privilege
    FROM ROWS FROM (pg_catalog.unnest(%(schemas)s::pg_catalog.oid[]),
                    pg_catalog.unnest(%(privileges)s::pg_catalog.text[])) AS listed (oid, privilege)
), select_schema AS (
  SELECT listed_schema.oid FROM listed_schema WHERE listed_schema.privilege = 'SELECT'
), references_schema AS (
  SELECT listed_schema.oid FROM listed_schema WHERE listed_schema.privilege = 'REFERENCES'
)"""
LISTED_PRIVILEGE = """
         CASE WHEN class.relkind <> ALL (%(kinds)s::pg_catalog."char"[]) THEN NULL
              WHEN class.relnamespace IN (SELECT select_schema.oid FROM select_schema) THEN 'SELECT'
              WHEN class.relnamespace IN (SELECT references_schema.oid FROM references_schema) THEN 'REFERENCES'
         END"""

DESIRED_DEFAULT = """
desired_default AS (
  SELECT desired.schema, desired.creator
    FROM ROWS FROM (pg_catalog.unnest(%(creator_schemas)s::pg_catalog.oid[]),
                    pg_catalog.unnest(%(creators)s::pg_catalog.name[])) AS desired (schema, creator)
)"""


def is_desired(of: str) -> str:
    """Return the condition that an item "acl" of an ACL is desired; ``of`` has what is desired of its object."""
    return f"COALESCE(acl.privilege_type = {of}.desired AND acl.grantee = (SELECT reader.oid FROM reader), false)"  # noqa: S608 - constants


def is_extraneous(of: str) -> str:
    """Return the condition that an item "acl" of an ACL, or its grant option, is extraneous.

    ``of`` has the owner, what is desired, and the privilege of the listed schema that the object is in.
    """
    return f"""(acl.grantee IN (SELECT named.oid FROM named)
          OR acl.grantor IN (SELECT named.oid FROM named) AND acl.grantor <> {of}.owner)
     AND (%(is_exclusive)s OR acl.privilege_type =
            CASE {of}.listed WHEN 'SELECT' THEN 'REFERENCES' WHEN 'REFERENCES' THEN 'SELECT' END)
     AND (acl.is_grantable OR NOT {is_desired(of)})"""  # noqa: S608 - constants


_RELATION = f"""
  SELECT class.oid, class.relnamespace, class.relname, class.relowner, class.relacl,
         CASE class.relkind WHEN 'S' THEN 'sequence' ELSE 'relation' END AS kind,{LISTED_PRIVILEGE} AS listed"""


def _is_mentioned(narrowed: str = "") -> str:
    """Return the condition that the ACL of a relation mentions a role; ``narrowed`` is a further one on pg_shdepend.

    OFFSET 0 keeps PostgreSQL from a join, so that it finds the rows by an index, and asks once where it can.
    """
    return f"""EXISTS (
           SELECT 1
             FROM pg_catalog.pg_shdepend AS dependency
            WHERE dependency.dbid = (SELECT here.oid FROM pg_catalog.pg_database AS here
                                      WHERE here.datname = pg_catalog.current_database())
              AND dependency.classid = 'pg_catalog.pg_class'::pg_catalog.regclass{narrowed}
              AND dependency.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass AND dependency.deptype = 'a'
              AND dependency.refobjid IN (SELECT named.oid FROM named)
           OFFSET 0)"""  # noqa: S608 - constants


# Thousands of relations share a few ACLs: only those of an ACL with something extraneous are looked up. That an ACL
# names a role does not suffice, since the ACL of an owner's own object does, and pg_shdepend is asked last: OFFSET 0
# keeps PostgreSQL from asking for each relation of the database.
RELATIONS = f"""
relation_acl AS (
  SELECT relation.owner, relation.acl, relation.listed, relation.listed AS desired
    FROM (SELECT DISTINCT class.relowner AS owner, class.relacl AS acl,{LISTED_PRIVILEGE} AS listed
            FROM pg_catalog.pg_class AS class
           WHERE class.relacl IS NOT NULL AND {_is_mentioned()}) AS relation
), extraneous_acl AS (
  SELECT relation_acl.owner, relation_acl.acl, COALESCE(relation_acl.listed, '') AS listed
    FROM relation_acl
   WHERE EXISTS (SELECT 1 FROM pg_catalog.aclexplode(relation_acl.acl) AS acl WHERE {is_extraneous("relation_acl")})
), relation AS (
  SELECT relation_of_acl.*
    FROM ({_RELATION}
            FROM pg_catalog.pg_class AS class
           WHERE (class.relowner, class.relacl, COALESCE({LISTED_PRIVILEGE}, '')) IN (
                   SELECT extraneous_acl.owner, extraneous_acl.acl, extraneous_acl.listed FROM extraneous_acl)
          OFFSET 0) AS relation_of_acl
   WHERE {_is_mentioned(" AND dependency.objid = relation_of_acl.oid AND dependency.objsubid = 0")}
)"""  # noqa: S608 - constants

RELATIONS_OF_PART = f"""
relation AS ({_RELATION}
    FROM mention
    JOIN pg_catalog.pg_class AS class ON class.oid = mention.objid
   WHERE mention.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND mention.objsubid = 0
)"""

RELATIONS_OF_COLUMNS = f"""
relation_of_column AS (
  SELECT class.oid, class.relnamespace, class.relname, class.relowner, mention.objsubid,{LISTED_PRIVILEGE} AS listed
    FROM mention
    JOIN pg_catalog.pg_class AS class ON class.oid = mention.objid
   WHERE mention.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND mention.objsubid <> 0
)"""  # noqa: S608 - constants

# Databases can be listed from any database: all of them with "is_shared", else this one.
DATABASE = """
database_object (class_id, object_id, kind, namespace, name, detail, owner, acl, desired, listed) AS (
  SELECT 'pg_catalog.pg_database'::pg_catalog.regclass::pg_catalog.oid, database.oid,
         'database'::pg_catalog.text, 0::pg_catalog.oid, database.datname::pg_catalog.text,
         ''::pg_catalog.text, database.datdba, database.datacl,
         CASE WHEN database.datname = ANY (%(databases)s::pg_catalog.name[]) THEN 'CONNECT' END, NULL::pg_catalog.text
    FROM other_mention
    JOIN pg_catalog.pg_database AS database ON database.oid = other_mention.objid
   WHERE other_mention.classid = 'pg_catalog.pg_database'::pg_catalog.regclass
     AND (%(is_shared)s OR database.datname = pg_catalog.current_database())
)"""

# Of what is in this database, the kinds that the two modes differ in: relations, their columns, and default privileges.
LISTED_KINDS = """
listed_object (class_id, object_id, kind, namespace, name, detail, owner, acl, desired, listed) AS (
  SELECT 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid, relation.oid, relation.kind,
         relation.relnamespace, relation.relname::pg_catalog.text, ''::pg_catalog.text, relation.relowner,
         relation.relacl, relation.listed, relation.listed
    FROM relation
   UNION ALL
  SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, relation_of_column.oid, 'column', relation_of_column.relnamespace,
         relation_of_column.relname, attribute.attname, relation_of_column.relowner, attribute.attacl, NULL,
         relation_of_column.listed
    FROM relation_of_column
    JOIN pg_catalog.pg_attribute AS attribute
      ON attribute.attrelid = relation_of_column.oid AND attribute.attnum = relation_of_column.objsubid
         AND NOT attribute.attisdropped
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
    JOIN (SELECT acl.oid, acl.defaclrole, acl.defaclnamespace, acl.defaclobjtype, acl.defaclacl,
                 CASE WHEN acl.defaclobjtype <> 'r' THEN NULL
                      WHEN acl.defaclnamespace IN (SELECT select_schema.oid FROM select_schema) THEN 'SELECT'
                      WHEN acl.defaclnamespace IN (SELECT references_schema.oid FROM references_schema)
                        THEN 'REFERENCES'
                 END AS listed
            FROM pg_catalog.pg_default_acl AS acl) AS default_acl
      ON default_acl.oid = other_mention.objid
    JOIN pg_catalog.pg_roles AS creator ON creator.oid = default_acl.defaclrole
   WHERE other_mention.classid = 'pg_catalog.pg_default_acl'::pg_catalog.regclass
)"""

# All else that is in this database. Procedures exist from 11 on. Large objects are listed under pg_largeobject, and
# their ACL is in pg_largeobject_metadata. REVOKE does not accept the signature of an ordered-set aggregate, only the
# types of its arguments.
OTHER_KINDS = """
other_object (class_id, object_id, kind, namespace, name, detail, owner, acl, desired, listed) AS (
  SELECT other_mention.classid, namespace.oid, 'schema'::pg_catalog.text, 0::pg_catalog.oid,
         namespace.nspname::pg_catalog.text, ''::pg_catalog.text, namespace.nspowner, namespace.nspacl,
         CASE WHEN namespace.oid IN (SELECT listed_schema.oid FROM listed_schema) THEN 'USAGE' END,
         NULL::pg_catalog.text
    FROM other_mention
    JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = other_mention.objid
   WHERE other_mention.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass
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
   WHERE other_mention.classid = 'pg_catalog.pg_largeobject'::pg_catalog.regclass
)"""

TABLESPACE = """
tablespace_object (class_id, object_id, kind, namespace, name, detail, owner, acl, desired, listed) AS (
  SELECT other_mention.classid, tablespace.oid, 'tablespace'::pg_catalog.text, 0::pg_catalog.oid,
         tablespace.spcname::pg_catalog.text, ''::pg_catalog.text, tablespace.spcowner, tablespace.spcacl,
         NULL::pg_catalog.text, NULL::pg_catalog.text
    FROM other_mention
    JOIN pg_catalog.pg_tablespace AS tablespace ON tablespace.oid = other_mention.objid
   WHERE other_mention.classid = 'pg_catalog.pg_tablespace'::pg_catalog.regclass
)"""

# Parameters belong to the bootstrap superuser, who has oid 10.
PARAMETER = """
parameter_object (class_id, object_id, kind, namespace, name, detail, owner, acl, desired, listed) AS (
  SELECT other_mention.classid, parameter.oid, 'parameter'::pg_catalog.text, 0::pg_catalog.oid,
         parameter.parname, ''::pg_catalog.text, 10::pg_catalog.oid, parameter.paracl, NULL::pg_catalog.text,
         NULL::pg_catalog.text
    FROM other_mention
    JOIN pg_catalog.pg_parameter_acl AS parameter ON parameter.oid = other_mention.objid
   WHERE other_mention.classid = 'pg_catalog.pg_parameter_acl'::pg_catalog.regclass
)"""
