# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""What the module ``visibility`` asks a server, one constant a question.

All of it runs as the Metamapper user. Catalogs are asked by oid and never by regclass casts, which would fail on the
very objects that are looked for. Grantee 0 is PUBLIC; it comes back as an empty text, which no role can be named.
"""

from __future__ import annotations

# Every database of the server. One in which the group holds something is the login's business, whether it may connect
# or not: https://www.postgresql.org/docs/current/catalog-pg-shdepend.html covers them all.
DATABASES = """
SELECT d.datname::pg_catalog.text, d.datallowconn, d.datistemplate,
       pg_catalog.has_database_privilege(d.oid, 'CONNECT')
         OR EXISTS (SELECT 1
                      FROM pg_catalog.pg_shdepend AS s
                      JOIN pg_catalog.pg_roles AS readers ON readers.oid = s.refobjid
                     WHERE s.dbid = d.oid AND s.deptype = 'a'
                       AND s.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass
                       AND readers.rolname = %(group)s)
  FROM pg_catalog.pg_database AS d
 ORDER BY 1
"""

SESSION = """
SELECT pg_catalog.current_setting('server_version_num')::pg_catalog.int4,
       session_user::pg_catalog.text,
       current_user::pg_catalog.text,
       pg_catalog.host(pg_catalog.inet_client_addr()),
       me.rolsuper, me.rolcreaterole, me.rolcreatedb, me.rolreplication, me.rolbypassrls,
       pg_catalog.has_database_privilege(me.oid, d.oid, 'CREATE'),
       pg_catalog.has_database_privilege(me.oid, d.oid, 'TEMPORARY'),
       readers.oid::pg_catalog.int8,
       COALESCE(pg_catalog.pg_has_role(me.oid, readers.oid, 'USAGE'), false),
       COALESCE(pg_catalog.pg_has_role(me.oid, readers.oid, 'MEMBER'), false)
  FROM pg_catalog.pg_database AS d
  JOIN pg_catalog.pg_roles AS me ON me.rolname = current_user
  LEFT JOIN pg_catalog.pg_roles AS readers ON readers.rolname = %(group)s
 WHERE d.datname = pg_catalog.current_database()
 ORDER BY 1
"""

# What the login may do anywhere on the server: roles that it is or can become.
MEMBERSHIPS = """
SELECT r.rolname::pg_catalog.text,
       pg_catalog.pg_has_role(r.oid, 'USAGE'),
       r.rolsuper OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication OR r.rolbypassrls,
       EXISTS (SELECT 1
                 FROM pg_catalog.pg_auth_members AS m
                 JOIN pg_catalog.pg_roles AS holder ON holder.oid = m.member
                WHERE m.roleid = r.oid AND m.admin_option AND holder.rolname IN (current_user, %(group)s))
  FROM pg_catalog.pg_roles AS r
 WHERE r.rolname NOT IN (current_user, 'pg_database_owner')
   AND pg_catalog.pg_has_role(r.oid, 'MEMBER')
 ORDER BY 1
"""

# https://www.postgresql.org/docs/current/catalog-pg-shdepend.html covers every database of the server.
OWNED = """
SELECT r.rolname::pg_catalog.text, COALESCE(d.datname::pg_catalog.text, ''), pg_catalog.count(*)
  FROM pg_catalog.pg_shdepend AS s
  JOIN pg_catalog.pg_roles AS r ON r.oid = s.refobjid
  LEFT JOIN pg_catalog.pg_database AS d
    ON d.oid = CASE WHEN s.classid = 'pg_catalog.pg_database'::pg_catalog.regclass THEN s.objid ELSE s.dbid END
 WHERE s.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass
   AND s.deptype = 'o'
   AND r.rolname IN (current_user, %(group)s)
 GROUP BY 1, 2
 ORDER BY 1, 2
"""

# Every schema but PostgreSQL's own. Of the oddly named, whether the index query would meet it, and whether the group
# holds a privilege on a table or view there: pg_shdepend knows columns, too.
SCHEMAS = """
SELECT n.oid::pg_catalog.int8,
       n.nspname::pg_catalog.text,
       COALESCE(pg_catalog.has_schema_privilege(n.oid, 'USAGE'), false),
       COALESCE(pg_catalog.has_schema_privilege(n.oid, 'CREATE'), false),
       CASE WHEN pg_catalog.has_schema_privilege(n.oid, 'CREATE')
            THEN ARRAY(SELECT CASE WHEN a.grantee = 0 THEN '' ELSE r.rolname::pg_catalog.text END
                         FROM pg_catalog.aclexplode(n.nspacl) AS a
                         LEFT JOIN pg_catalog.pg_roles AS r ON r.oid = a.grantee
                        WHERE a.privilege_type = 'CREATE'
                          AND CASE WHEN a.grantee = 0 THEN true ELSE pg_catalog.pg_has_role(a.grantee, 'USAGE') END
                        ORDER BY 1)
            ELSE ARRAY[]::pg_catalog.text[] END,
       COALESCE(pg_catalog.has_schema_privilege(%(group)s::pg_catalog.oid, n.oid, 'USAGE'), false),
       CASE WHEN n.nspname::pg_catalog.text ~ %(odd_name)s
            THEN EXISTS (SELECT 1
                           FROM pg_catalog.pg_index AS i
                           JOIN pg_catalog.pg_class AS c ON c.oid = i.indrelid
                          WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'm', 't'))
            ELSE false END,
       COALESCE(x.extname::pg_catalog.text, ''),
       EXISTS (SELECT 1
                 FROM pg_catalog.aclexplode(n.nspacl) AS a
                WHERE a.grantee = %(group)s::pg_catalog.oid AND a.privilege_type = 'USAGE'),
       CASE WHEN n.nspname::pg_catalog.text ~ %(unquotable)s
            THEN EXISTS (SELECT 1
                           FROM pg_catalog.pg_class AS c
                           JOIN pg_catalog.pg_shdepend AS s
                             ON s.dbid = d.oid AND s.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                            AND s.objid = c.oid AND s.deptype = 'a'
                            AND s.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass
                            AND s.refobjid = %(group)s::pg_catalog.oid
                          WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'p', 'v', 'f'))
            ELSE false END
  FROM pg_catalog.pg_namespace AS n
  JOIN pg_catalog.pg_database AS d ON d.datname = pg_catalog.current_database()
  LEFT JOIN pg_catalog.pg_depend AS m
    ON m.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND m.objid = n.oid AND m.deptype = 'e'
   AND m.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
  LEFT JOIN pg_catalog.pg_extension AS x ON x.oid = m.refobjid
 WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
 ORDER BY 2
"""

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
     ('closed', ARRAY['SELECT', 'INSERT', 'UPDATE', 'REFERENCES'],
      c.visible > 0 AND c.relkind <> 'm' AND NOT c.usage),
     ('odd', ARRAY[]::pg_catalog.text[],
      c.visible > 0 AND c.relkind <> 'm' AND c.relname::pg_catalog.text ~ %(odd_name)s),
     ('exposed', ARRAY['SELECT', 'REFERENCES'],
      c.privilege IS NULL AND c.usage AND (c.readable > 0 OR (c.visible > 0 AND c.relkind <> 'm'))),
     ('readable', ARRAY['SELECT'], c.privilege = 'REFERENCES' AND c.usage AND c.readable > 0),
     ('written', pg_catalog.string_to_array(%(beyond)s, ','), c.usage AND c.writable),
     ('hidden', ARRAY[]::pg_catalog.text[], c.privilege IS NOT NULL AND (c.relkind = 'm' OR c.total = 0))
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

# Which of these qualified names exist, as any kind of relation: a wrongly read name may mean one of them.
NAMESAKES = """
SELECT n.nspname::pg_catalog.text, c.relname::pg_catalog.text
  FROM ROWS FROM (pg_catalog.unnest(%(schemas)s::pg_catalog.text[]),
                  pg_catalog.unnest(%(relations)s::pg_catalog.text[])) AS w (schema, relation)
  JOIN pg_catalog.pg_namespace AS n ON n.nspname::pg_catalog.text = w.schema
  JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname::pg_catalog.text = w.relation
 GROUP BY 1, 2
 ORDER BY 1, 2
"""

# Who will create tables in the listed schemas. pg_database_owner stands for the owner of this database (14 and newer).
CREATORS = """
WITH listed AS (
  SELECT n.oid, n.nspname, n.nspowner, n.nspacl
    FROM pg_catalog.pg_namespace AS n
   WHERE n.oid = ANY (%(schemas)s::pg_catalog.oid[])
), creator AS (
  SELECT c.relnamespace AS schema, c.relowner AS role, true AS by_right
    FROM pg_catalog.pg_class AS c
    JOIN listed AS l ON l.oid = c.relnamespace
   WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
     AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend AS e
                      WHERE e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                        AND e.objid = c.oid AND e.deptype = 'e'
                        AND e.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass)
   GROUP BY 1, 2
   UNION
  SELECT l.oid, l.nspowner, true FROM listed AS l
   UNION
  SELECT l.oid, a.grantee, false
    FROM listed AS l, pg_catalog.aclexplode(l.nspacl) AS a
   WHERE a.privilege_type = 'CREATE' AND a.grantee <> 0
   UNION
  SELECT w.schema, r.oid, true
    FROM ROWS FROM (pg_catalog.unnest(%(named_schemas)s::pg_catalog.oid[]),
                    pg_catalog.unnest(%(named_creators)s::pg_catalog.text[])) AS w (schema, creator)
    JOIN pg_catalog.pg_roles AS r ON r.rolname::pg_catalog.text = w.creator
)
SELECT n.nspname::pg_catalog.text, r.rolname::pg_catalog.text,
       pg_catalog.bool_or(pg_catalog.pg_has_role(r.oid, 'USAGE'))
  FROM creator AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.schema
  JOIN pg_catalog.pg_roles AS named ON named.oid = c.role
  JOIN pg_catalog.pg_database AS d ON d.datname = pg_catalog.current_database()
  JOIN pg_catalog.pg_roles AS r
    ON r.oid = CASE WHEN named.rolname = 'pg_database_owner' THEN d.datdba ELSE c.role END
 WHERE c.by_right OR NOT r.rolsuper
 GROUP BY 1, 2
 ORDER BY 1, 2
"""

# Which default privileges will reach the user, or would if it inherited its group; an empty schema is all schemas.
# https://www.postgresql.org/docs/current/catalog-pg-default-acl.html
DEFAULTS = """
SELECT r.rolname::pg_catalog.text,
       COALESCE(n.nspname::pg_catalog.text, ''),
       CASE WHEN a.grantee = 0 THEN '' ELSE pg_catalog.pg_get_userbyid(a.grantee)::pg_catalog.text END,
       ARRAY(SELECT DISTINCT x.privilege_type::pg_catalog.text
               FROM pg_catalog.aclexplode(d.defaclacl) AS x
              WHERE x.grantee = a.grantee
              ORDER BY 1)
  FROM pg_catalog.pg_default_acl AS d
 CROSS JOIN LATERAL (SELECT DISTINCT x.grantee FROM pg_catalog.aclexplode(d.defaclacl) AS x) AS a
  JOIN pg_catalog.pg_roles AS r ON r.oid = d.defaclrole
  LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid = d.defaclnamespace
 WHERE d.defaclobjtype = 'r'
   AND a.grantee <> d.defaclrole
   AND CASE WHEN a.grantee = 0 OR a.grantee = %(group)s::pg_catalog.oid THEN true
            ELSE pg_catalog.pg_has_role(a.grantee, 'USAGE') END
 ORDER BY 1, 2, 3
"""

# Of relations seen earlier, those of which fewer columns would be seen now, whatever the reason.
LOST = """
SELECT w.schema, w.relation, w.columns, c.oid IS NOT NULL,
       COALESCE(pg_catalog.has_schema_privilege(n.oid, 'USAGE'), false),
       COALESCE(k.visible, 0)
  FROM ROWS FROM (pg_catalog.unnest(%(schemas)s::pg_catalog.text[]),
                  pg_catalog.unnest(%(relations)s::pg_catalog.text[]),
                  pg_catalog.unnest(%(columns)s::pg_catalog.int8[])) AS w (schema, relation, columns)
  LEFT JOIN pg_catalog.pg_namespace AS n ON n.nspname::pg_catalog.text = w.schema
  LEFT JOIN pg_catalog.pg_class AS c
    ON c.relnamespace = n.oid AND c.relname::pg_catalog.text = w.relation AND c.relkind IN ('r', 'p', 'v', 'f')
  LEFT JOIN LATERAL (
    SELECT pg_catalog.count(*) AS visible
      FROM pg_catalog.pg_attribute AS a
     WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
       AND (pg_catalog.pg_has_role(c.relowner, 'USAGE')
            OR pg_catalog.has_column_privilege(c.oid, a.attnum, 'SELECT,INSERT,UPDATE,REFERENCES'))) AS k ON true
 WHERE COALESCE(k.visible, 0) < w.columns
 ORDER BY 1, 2
"""

# Metamapper's question for tables and columns, in its form: information_schema views, unquoted regnamespace and
# to_regclass. Every expression of it is worked out, since any could fail, but those that see only the relation's name
# once for each relation; one row comes back for each. Counts make the server work out what is not returned, and only
# as long as all of them are returned: what nobody reads it leaves out. A key that two constraints of one name seem to
# hold comes twice; its copies are told apart, so that the columns of a relation can be counted.
DEFINITIONS = """
WITH keys AS (
  SELECT col.table_schema, col.table_name, col.column_name,
         row_number() OVER (PARTITION BY col.table_schema, col.table_name, col.column_name) AS copy
    FROM information_schema.table_constraints AS con
    JOIN information_schema.constraint_column_usage AS part USING (constraint_schema, constraint_name)
    JOIN information_schema.columns AS col
      ON col.table_schema = con.constraint_schema
     AND col.table_name = con.table_name
     AND col.column_name = part.column_name
   WHERE con.constraint_type = 'PRIMARY KEY'
), found AS (
  SELECT col.table_schema, col.table_name,
         count(CASE WHEN keys.copy > 1 THEN NULL ELSE 1 END) AS columns,
         count(CASE WHEN char_length(COALESCE(col.column_default, '')) > 255 THEN 1 END) AS long_defaults,
         max(col.ordinal_position) AS last_column,
         count(lower(tab.table_type)) + count(col.data_type)
           + count(COALESCE(col.character_maximum_length, col.numeric_precision)) + count(col.numeric_scale)
           + count(upper(col.is_nullable) = 'YES') AS properties
    FROM information_schema.columns AS col
    JOIN information_schema.tables AS tab
      ON tab.table_schema = col.table_schema AND tab.table_name = col.table_name
    LEFT JOIN keys
      ON keys.table_schema = col.table_schema
     AND keys.table_name = col.table_name
     AND keys.column_name = col.column_name
   WHERE col.table_schema NOT IN ('information_schema', 'pg_catalog', 'pg_toast')
   GROUP BY 1, 2
), relation AS (
  SELECT f.table_schema::text AS schema_name, f.table_name::text AS relation_name,
         f.columns, f.long_defaults, f.last_column, f.properties,
         f.table_schema::regnamespace::oid AS schema_id,
         to_regclass(f.table_schema || '.' || f.table_name)::oid AS relation_id
    FROM found AS f
  OFFSET 0
)
SELECT r.schema_name, r.relation_name, r.columns, r.long_defaults, r.properties,
       col_description(r.relation_id, r.last_column) IS NULL,
       n.oid IS DISTINCT FROM r.schema_id, r.relation_id IS NULL, c.oid IS DISTINCT FROM r.relation_id
  FROM relation AS r
  LEFT JOIN pg_catalog.pg_namespace AS n ON n.nspname::text = r.schema_name
  LEFT JOIN pg_catalog.pg_class AS c
    ON c.relnamespace = n.oid AND c.relname::text = r.relation_name AND c.relkind IN ('r', 'p', 'v', 'f')
 ORDER BY 1, 2
"""

# Metamapper's question for indexes, in its form as far as it can fail; one row for each schema that holds any.
INDEXES = """
SELECT used.schemaname::text, used.schemaname::regnamespace::oid IS DISTINCT FROM n.oid, count(*)
  FROM pg_index AS i
  JOIN pg_class AS t ON t.oid = i.indrelid
  JOIN pg_class AS x ON x.oid = i.indexrelid
  LEFT JOIN pg_stat_user_indexes AS used ON used.indexrelid = i.indexrelid
  LEFT JOIN pg_catalog.pg_namespace AS n ON n.nspname = used.schemaname
 WHERE used.schemaname NOT IN ('information_schema', 'pg_catalog', 'pg_toast')
 GROUP BY 1, 2
 ORDER BY 1
"""
