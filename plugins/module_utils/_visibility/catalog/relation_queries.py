# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""What the module ``visibility`` asks about all relations of a database, in one pass; see ``queries`` for the rest."""

from __future__ import annotations

# One pass over all relations: for each listed schema its totals (category "schema"), and of the relations only those
# with something to say, by category, at most %(examples)s of a kind; "members" counts the whole kind.
# A relation shows up in information_schema by ownership or by one of four privileges, of the table or of a column:
# https://www.postgresql.org/docs/current/infoschema-columns.html
RELATIONS = """
WITH wanted AS (
  SELECT w.schema, w.privilege
    FROM ROWS FROM (pg_catalog.unnest(%(schemas)s::pg_catalog.oid[]),
                    pg_catalog.unnest(%(privileges)s::pg_catalog.text[])) AS w (schema, privilege)
), attributes AS (
  SELECT a.attrelid,
         pg_catalog.count(CASE WHEN a.attisdropped THEN 1 END) AS dropped,
         pg_catalog.count(CASE WHEN NOT a.attisdropped THEN 1 END) AS granted
    FROM pg_catalog.pg_attribute AS a
   WHERE a.attnum > 0 AND (a.attisdropped OR a.attacl IS NOT NULL)
   GROUP BY a.attrelid
), schemas AS (
  SELECT n.oid, COALESCE(pg_catalog.has_schema_privilege(n.oid, 'USAGE'), false) AS usage, w.privilege
    FROM pg_catalog.pg_namespace AS n
    LEFT JOIN wanted AS w ON w.schema = n.oid
   WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  OFFSET 0
), asked AS (
  SELECT c.oid, c.relnamespace, c.relname, c.relkind, c.relowner, c.relacl, s.privilege, s.usage,
         c.relnatts - COALESCE(k.dropped, 0) AS total,
         COALESCE(k.granted, 0) > 0 AS by_column,
         pg_catalog.pg_has_role(c.relowner, 'USAGE') AS owned,
         COALESCE(pg_catalog.has_table_privilege(c.oid, 'SELECT'), false) AS reads,
         COALESCE(pg_catalog.has_table_privilege(c.oid, %(beyond)s || ',REFERENCES'), false) AS does_more
    FROM pg_catalog.pg_class AS c
    JOIN schemas AS s ON s.oid = c.relnamespace
    LEFT JOIN attributes AS k ON k.attrelid = c.oid
   WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
  OFFSET 0
), held AS (
  SELECT a.oid, a.relnamespace, a.relname, a.relkind, a.relowner, a.relacl, a.privilege, a.usage, a.total, a.by_column,
         a.owned, a.reads,
         a.does_more AND pg_catalog.has_table_privilege(a.oid, 'INSERT,UPDATE,REFERENCES') AS shows,
         a.does_more AND pg_catalog.has_table_privilege(a.oid, 'REFERENCES') AS refers,
         a.does_more AND pg_catalog.has_table_privilege(a.oid, %(beyond)s) AS writes
    FROM asked AS a
  OFFSET 0
), counted AS (
  SELECT h.oid, h.relnamespace, h.relname, h.relkind, h.relowner, h.relacl, h.privilege, h.total, h.by_column, h.usage,
         h.owned, h.refers,
         CASE WHEN h.owned OR h.reads OR h.shows THEN h.total
              WHEN NOT h.by_column THEN 0
              ELSE (SELECT pg_catalog.count(*) FROM pg_catalog.pg_attribute AS a
                     WHERE a.attrelid = h.oid AND a.attnum > 0 AND NOT a.attisdropped
                       AND pg_catalog.has_column_privilege(h.oid, a.attnum, 'SELECT,INSERT,UPDATE,REFERENCES'))
          END AS visible,
         CASE WHEN h.reads THEN h.total
              WHEN NOT h.by_column THEN 0
              ELSE (SELECT pg_catalog.count(*) FROM pg_catalog.pg_attribute AS a
                     WHERE a.attrelid = h.oid AND a.attnum > 0 AND NOT a.attisdropped
                       AND pg_catalog.has_column_privilege(h.oid, a.attnum, 'SELECT'))
          END AS readable,
         h.writes OR CASE WHEN h.by_column THEN pg_catalog.has_any_column_privilege(h.oid, 'INSERT,UPDATE')
                          ELSE false END AS writable
    FROM held AS h
  OFFSET 0
), flagged AS (
  SELECT c.oid, c.relnamespace, c.relname, c.relkind, c.relowner, c.relacl, c.privilege, c.total, c.by_column, c.owned,
         c.visible, c.readable, f.category, f.privileges
    FROM (SELECT d.oid, d.relnamespace, d.relname, d.relkind, d.relowner, d.relacl, d.privilege, d.total, d.by_column,
                 d.owned, d.usage, d.visible, d.readable, d.writable
            FROM counted AS d
           WHERE d.writable
              OR (d.privilege IS NULL AND (d.visible > 0 OR d.readable > 0))
              OR (d.privilege IS NOT NULL
                  AND (d.privilege <> 'SELECT' OR NOT d.usage OR d.relkind = 'm' OR d.total = 0
                       OR d.visible < d.total OR d.readable < d.total
                       OR d.relname::pg_catalog.text ~ %(odd_name)s))
          OFFSET 0) AS c
   CROSS JOIN LATERAL (VALUES
     ('missing', ARRAY[]::pg_catalog.text[],
      c.privilege IS NOT NULL AND c.relkind <> 'm'
      AND (c.visible < c.total OR (c.privilege = 'SELECT' AND c.readable < c.total))),
     ('no_usage', ARRAY['SELECT', 'INSERT', 'UPDATE', 'REFERENCES'],
      c.visible > 0 AND c.relkind <> 'm' AND NOT c.usage),
     ('needs_quotes', ARRAY[]::pg_catalog.text[],
      c.visible > 0 AND c.relkind <> 'm' AND c.relname::pg_catalog.text ~ %(odd_name)s),
     ('exposed', ARRAY['SELECT', 'REFERENCES'],
      c.privilege IS NULL AND c.usage AND (c.readable > 0 OR (c.visible > 0 AND c.relkind <> 'm'))),
     ('readable', ARRAY['SELECT'], c.privilege = 'REFERENCES' AND c.usage AND c.readable > 0),
     ('writable', pg_catalog.string_to_array(%(beyond)s, ','), c.usage AND c.writable),
     ('never_listed', ARRAY[]::pg_catalog.text[], c.privilege IS NOT NULL AND (c.relkind = 'm' OR c.total = 0))
   ) AS f (category, privileges, applies)
   WHERE f.applies
), attributed AS (
  SELECT f.oid, f.relnamespace, f.relname, f.relkind, f.privilege, f.total, f.visible, f.readable, f.category,
         CASE WHEN f.owned THEN pg_catalog.pg_get_userbyid(f.relowner)::pg_catalog.text ELSE '' END AS owner,
         ARRAY(SELECT DISTINCT CASE WHEN a.grantee = 0 THEN ''
                                    ELSE pg_catalog.pg_get_userbyid(a.grantee)::pg_catalog.text END
                 FROM (SELECT t.grantee, t.privilege_type FROM pg_catalog.aclexplode(f.relacl) AS t
                       UNION ALL
                       SELECT t.grantee, t.privilege_type
                         FROM pg_catalog.pg_attribute AS k, pg_catalog.aclexplode(k.attacl) AS t
                        WHERE f.by_column AND k.attrelid = f.oid AND k.attnum > 0 AND NOT k.attisdropped) AS a
                WHERE a.privilege_type = ANY (f.privileges)
                  AND CASE WHEN a.grantee = 0 THEN true ELSE pg_catalog.pg_has_role(a.grantee, 'USAGE') END
                ORDER BY 1) AS through
    FROM flagged AS f
), numbered AS (
  SELECT a.oid, a.relnamespace, a.relname, a.relkind, a.privilege, a.total, a.visible, a.readable, a.category, a.owner,
         a.through,
         pg_catalog.count(*) OVER kind AS members,
         pg_catalog.row_number() OVER (kind ORDER BY a.relname) AS number
    FROM attributed AS a
  WINDOW kind AS (PARTITION BY a.relnamespace, a.category, a.owner, a.through, a.relkind = 'm')
)
SELECT 'schema' AS category, c.relnamespace::pg_catalog.int8 AS schema, '' AS relation, '' AS kind,
       pg_catalog.sum(c.total)::pg_catalog.int8 AS total,
       pg_catalog.sum(c.visible)::pg_catalog.int8 AS visible,
       pg_catalog.count(CASE WHEN c.refers THEN 1 END) AS readable,
       pg_catalog.count(*) AS members,
       pg_catalog.count(CASE WHEN c.visible > 0 THEN 1 END) AS shown,
       '' AS owner, ARRAY[]::pg_catalog.text[] AS through, false AS of_extension, false AS held_by_group
  FROM counted AS c
 WHERE c.relkind <> 'm' AND c.total > 0 AND (c.privilege IS NOT NULL OR c.visible > 0)
 GROUP BY c.relnamespace
 UNION ALL
SELECT n.category, n.relnamespace::pg_catalog.int8, n.relname::pg_catalog.text, n.relkind::pg_catalog.text,
       n.total, n.visible, n.readable, n.members, 0, n.owner, n.through,
       EXISTS (SELECT 1 FROM pg_catalog.pg_depend AS e
                WHERE e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND e.objid = n.oid AND e.deptype = 'e'),
       COALESCE(pg_catalog.has_table_privilege(%(group)s::pg_catalog.oid, n.oid, n.privilege), false)
  FROM numbered AS n
 WHERE n.number <= %(examples)s
 ORDER BY 1, 2, 3
"""
