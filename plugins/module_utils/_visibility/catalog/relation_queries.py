# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""The query of the module ``visibility`` for all relations of a database; see ``queries`` for the rest."""

from __future__ import annotations

# One pass over all relations: for each listed schema its totals (category "schema"), and only relations worth
# reporting, by category, at most %(examples)s of a kind; "members" counts the whole kind. A relation shows up in
# information_schema by ownership or by one of four privileges, of the table or of a column:
# https://www.postgresql.org/docs/current/infoschema-columns.html
RELATIONS = """
WITH wanted AS (
  SELECT listed.schema, listed.privilege
    FROM ROWS FROM (pg_catalog.unnest(%(schemas)s::pg_catalog.oid[]),
                    pg_catalog.unnest(%(privileges)s::pg_catalog.text[])) AS listed (schema, privilege)
), attributes AS (
  SELECT attribute.attrelid,
         pg_catalog.count(CASE WHEN attribute.attisdropped THEN 1 END) AS dropped,
         pg_catalog.count(CASE WHEN NOT attribute.attisdropped THEN 1 END) AS granted
    FROM pg_catalog.pg_attribute AS attribute
   WHERE attribute.attnum > 0 AND (attribute.attisdropped OR attribute.attacl IS NOT NULL)
   GROUP BY attribute.attrelid
), schemas AS (
  SELECT namespace.oid, COALESCE(pg_catalog.has_schema_privilege(namespace.oid, 'USAGE'), false) AS usage,
         wanted.privilege
    FROM pg_catalog.pg_namespace AS namespace
    LEFT JOIN wanted ON wanted.schema = namespace.oid
   WHERE namespace.nspname !~ '^pg_' AND namespace.nspname <> 'information_schema'
  OFFSET 0
), asked AS (
  SELECT class.oid, class.relnamespace, class.relname, class.relkind, class.relowner, class.relacl, schemas.privilege,
         schemas.usage,
         class.relnatts - COALESCE(attributes.dropped, 0) AS total,
         COALESCE(attributes.granted, 0) > 0 AS by_column,
         pg_catalog.pg_has_role(class.relowner, 'USAGE') AS owned,
         COALESCE(pg_catalog.has_table_privilege(class.oid, 'SELECT'), false) AS reads,
         COALESCE(pg_catalog.has_table_privilege(class.oid, %(beyond)s || ',REFERENCES'), false) AS does_more
    FROM pg_catalog.pg_class AS class
    JOIN schemas ON schemas.oid = class.relnamespace
    LEFT JOIN attributes ON attributes.attrelid = class.oid
   WHERE class.relkind IN ('r', 'p', 'v', 'm', 'f')
  OFFSET 0
), held AS (
  SELECT asked.oid, asked.relnamespace, asked.relname, asked.relkind, asked.relowner, asked.relacl, asked.privilege,
         asked.usage, asked.total, asked.by_column,
         asked.owned, asked.reads,
         asked.does_more AND pg_catalog.has_table_privilege(asked.oid, 'INSERT,UPDATE,REFERENCES') AS shows,
         asked.does_more AND pg_catalog.has_table_privilege(asked.oid, 'REFERENCES') AS refers,
         asked.does_more AND pg_catalog.has_table_privilege(asked.oid, %(beyond)s) AS writes
    FROM asked
  OFFSET 0
), counted AS (
  SELECT held.oid, held.relnamespace, held.relname, held.relkind, held.relowner, held.relacl, held.privilege,
         held.total, held.by_column, held.usage,
         held.owned, held.refers,
         CASE WHEN held.owned OR held.reads OR held.shows THEN held.total
              WHEN NOT held.by_column THEN 0
              ELSE (SELECT pg_catalog.count(*) FROM pg_catalog.pg_attribute AS attribute
                     WHERE attribute.attrelid = held.oid AND attribute.attnum > 0 AND NOT attribute.attisdropped
                       AND pg_catalog.has_column_privilege(held.oid, attribute.attnum,
                                                           'SELECT,INSERT,UPDATE,REFERENCES'))
          END AS visible,
         CASE WHEN held.reads THEN held.total
              WHEN NOT held.by_column THEN 0
              ELSE (SELECT pg_catalog.count(*) FROM pg_catalog.pg_attribute AS attribute
                     WHERE attribute.attrelid = held.oid AND attribute.attnum > 0 AND NOT attribute.attisdropped
                       AND pg_catalog.has_column_privilege(held.oid, attribute.attnum, 'SELECT'))
          END AS readable,
         held.writes OR CASE WHEN held.by_column THEN pg_catalog.has_any_column_privilege(held.oid, 'INSERT,UPDATE')
                          ELSE false END AS writable
    FROM held
  OFFSET 0
), flagged AS (
  SELECT notable.oid, notable.relnamespace, notable.relname, notable.relkind, notable.relowner, notable.relacl,
         notable.privilege, notable.total, notable.by_column, notable.owned,
         notable.visible, notable.readable, flag.category, flag.privileges
    FROM (SELECT counted.oid, counted.relnamespace, counted.relname, counted.relkind, counted.relowner, counted.relacl,
                 counted.privilege, counted.total, counted.by_column, counted.owned, counted.usage, counted.visible,
                 counted.readable, counted.writable
            FROM counted
           WHERE counted.writable
              OR (counted.privilege IS NULL AND (counted.visible > 0 OR counted.readable > 0))
              OR (counted.privilege IS NOT NULL
                  AND (counted.privilege <> 'SELECT' OR NOT counted.usage OR counted.relkind = 'm' OR counted.total = 0
                       OR counted.visible < counted.total OR counted.readable < counted.total
                       OR counted.relname::pg_catalog.text ~ %(odd_name)s))
          OFFSET 0) AS notable
   CROSS JOIN LATERAL (VALUES
     ('missing', ARRAY[]::pg_catalog.text[],
      notable.privilege IS NOT NULL AND notable.relkind <> 'm'
      AND (notable.visible < notable.total OR (notable.privilege = 'SELECT' AND notable.readable < notable.total))),
     ('no_usage', ARRAY['SELECT', 'INSERT', 'UPDATE', 'REFERENCES'],
      notable.visible > 0 AND notable.relkind <> 'm' AND NOT notable.usage),
     ('needs_quotes', ARRAY['SELECT', 'INSERT', 'UPDATE', 'REFERENCES'],
      notable.visible > 0 AND notable.relkind <> 'm' AND notable.relname::pg_catalog.text ~ %(odd_name)s),
     ('exposed', ARRAY['SELECT', 'REFERENCES'],
      notable.privilege IS NULL AND notable.usage
      AND (notable.readable > 0 OR (notable.visible > 0 AND notable.relkind <> 'm'))),
     ('readable', ARRAY['SELECT'], notable.privilege = 'REFERENCES' AND notable.usage AND notable.readable > 0),
     ('writable', pg_catalog.string_to_array(%(beyond)s, ','), notable.usage AND notable.writable),
     ('never_listed', ARRAY[]::pg_catalog.text[],
      notable.privilege IS NOT NULL AND (notable.relkind = 'm' OR notable.total = 0))
   ) AS flag (category, privileges, applies)
   WHERE flag.applies
), attributed AS (
  SELECT flagged.oid, flagged.relnamespace, flagged.relname, flagged.relkind, flagged.privilege, flagged.total,
         flagged.visible, flagged.readable, flagged.category,
         CASE WHEN flagged.owned THEN pg_catalog.pg_get_userbyid(flagged.relowner)::pg_catalog.text ELSE '' END
           AS owner,
         ARRAY(SELECT DISTINCT CASE WHEN acl.grantee = 0 THEN ''
                                    ELSE pg_catalog.pg_get_userbyid(acl.grantee)::pg_catalog.text END
                 FROM (SELECT item.grantee, item.privilege_type FROM pg_catalog.aclexplode(flagged.relacl) AS item
                       UNION ALL
                       SELECT item.grantee, item.privilege_type
                         FROM pg_catalog.pg_attribute AS attribute, pg_catalog.aclexplode(attribute.attacl) AS item
                        WHERE flagged.by_column AND attribute.attrelid = flagged.oid AND attribute.attnum > 0
                          AND NOT attribute.attisdropped) AS acl
                WHERE acl.privilege_type = ANY (flagged.privileges)
                  AND CASE WHEN acl.grantee = 0 THEN true ELSE pg_catalog.pg_has_role(acl.grantee, 'USAGE') END
                ORDER BY 1) AS through
    FROM flagged
), numbered AS (
  SELECT attributed.oid, attributed.relnamespace, attributed.relname, attributed.relkind, attributed.privilege,
         attributed.total, attributed.visible, attributed.readable, attributed.category, attributed.owner,
         attributed.through,
         pg_catalog.count(*) OVER kind AS members,
         pg_catalog.row_number() OVER (kind ORDER BY attributed.relname) AS number
    FROM attributed
  WINDOW kind AS (PARTITION BY attributed.relnamespace, attributed.category, attributed.owner, attributed.through,
                               attributed.relkind = 'm')
)
SELECT 'schema' AS category, counted.relnamespace::pg_catalog.int8 AS schema, '' AS relation, '' AS kind,
       pg_catalog.sum(counted.total)::pg_catalog.int8 AS total,
       pg_catalog.sum(counted.visible)::pg_catalog.int8 AS visible,
       pg_catalog.count(CASE WHEN counted.refers THEN 1 END) AS readable,
       pg_catalog.count(*) AS members,
       pg_catalog.count(CASE WHEN counted.visible > 0 THEN 1 END) AS shown,
       '' AS owner, ARRAY[]::pg_catalog.text[] AS through, false AS of_extension, false AS held_by_group
  FROM counted
 WHERE counted.relkind <> 'm' AND counted.total > 0 AND (counted.privilege IS NOT NULL OR counted.visible > 0)
 GROUP BY counted.relnamespace
 UNION ALL
SELECT numbered.category, numbered.relnamespace::pg_catalog.int8, numbered.relname::pg_catalog.text,
       numbered.relkind::pg_catalog.text,
       numbered.total, numbered.visible, numbered.readable, numbered.members, 0, numbered.owner, numbered.through,
       EXISTS (SELECT 1 FROM pg_catalog.pg_depend AS dependency
                WHERE dependency.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                  AND dependency.objid = numbered.oid AND dependency.deptype = 'e'),
       COALESCE(pg_catalog.has_table_privilege(%(group)s::pg_catalog.oid, numbered.oid, numbered.privilege), false)
  FROM numbered
 WHERE numbered.number <= %(examples)s
 ORDER BY 1, 2, 3
"""

# Of relations seen earlier, those of which fewer columns would be seen now, whatever the reason.
LOST = """
SELECT wanted.schema AS schema, wanted.relation AS relation, wanted.columns AS columns_before,
       COALESCE(counted.visible, 0) AS columns,
       COALESCE(counted.existing, 0) AS existing_columns,
       class.oid IS NOT NULL AS exists,
       COALESCE(pg_catalog.has_schema_privilege(namespace.oid, 'USAGE'), false) AS usage,
       CASE WHEN class.oid IS NULL THEN COALESCE(other.schema, '') ELSE '' END AS elsewhere,
       class.oid::pg_catalog.int8 AS oid
  FROM ROWS FROM (pg_catalog.unnest(%(schemas)s::pg_catalog.text[]),
                  pg_catalog.unnest(%(relations)s::pg_catalog.text[]),
                  pg_catalog.unnest(%(columns)s::pg_catalog.int8[])) AS wanted (schema, relation, columns)
  LEFT JOIN pg_catalog.pg_namespace AS namespace ON namespace.nspname::pg_catalog.text = wanted.schema
  LEFT JOIN pg_catalog.pg_class AS class
    ON class.relnamespace = namespace.oid AND class.relname::pg_catalog.text = wanted.relation
   AND class.relkind IN ('r', 'p', 'v', 'f')
  LEFT JOIN LATERAL (
    SELECT pg_catalog.count(*) AS existing,
           pg_catalog.sum((
             pg_catalog.pg_has_role(class.relowner, 'USAGE')
             OR pg_catalog.has_column_privilege(class.oid, attribute.attnum, 'SELECT,INSERT,UPDATE,REFERENCES')
           )::pg_catalog.int4) AS visible
      FROM pg_catalog.pg_attribute AS attribute
     WHERE attribute.attrelid = class.oid AND attribute.attnum > 0 AND NOT attribute.attisdropped
  ) AS counted ON true
  LEFT JOIN LATERAL (
    SELECT elsewhere.nspname::pg_catalog.text AS schema
      FROM pg_catalog.pg_class AS namesake
      JOIN pg_catalog.pg_namespace AS elsewhere ON elsewhere.oid = namesake.relnamespace
     WHERE namesake.relname::pg_catalog.text = wanted.relation AND namesake.relkind IN ('r', 'p', 'v', 'f')
       AND elsewhere.nspname <> 'information_schema' AND elsewhere.nspname::pg_catalog.text !~ '^pg_'
       AND NOT (pg_catalog.has_schema_privilege(elsewhere.oid, 'USAGE')
                AND (pg_catalog.pg_has_role(namesake.relowner, 'USAGE')
                     OR pg_catalog.has_any_column_privilege(namesake.oid, 'SELECT,INSERT,UPDATE,REFERENCES')))
     ORDER BY 1
     LIMIT 1
  ) AS other ON true
 WHERE COALESCE(counted.visible, 0) < wanted.columns
 ORDER BY 1, 2
"""
