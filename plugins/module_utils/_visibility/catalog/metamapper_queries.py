# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Queries of the same form as Metamapper's, and what only a session like Metamapper's can tell.

The first two are Metamapper's, and run with a search path on which only superusers can create objects. The others are
ours, and run with the login's own path whoever may create on it, since the path decides how a default is shown:
everything in them is qualified, including operators.
"""

from __future__ import annotations

# Metamapper's query for tables and columns, in its form: information_schema views, unquoted regnamespace and
# to_regclass. Every expression in it is evaluated, since any could fail, except defaults, which LONG_DEFAULTS
# evaluates, and those that depend only on the relation's name, which are evaluated once for each relation; one row is
# returned for each. Counts make the server evaluate what is not returned, but only if all of them are returned: it
# skips unused expressions. Quoted names tell what the names really mean, without SELECT on a catalog. A key that two
# constraints of the same name seem to hold is returned twice; its copies are distinguished, so that the columns of a
# relation can be counted.
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
  SELECT found.table_schema::text AS schema_name, found.table_name::text AS relation_name,
         found.columns, found.last_column, found.properties,
         found.table_schema::regnamespace::oid AS schema_id,
         to_regclass(found.table_schema || '.' || found.table_name)::oid AS relation_id
    FROM found
  OFFSET 0
)
SELECT relation.schema_name AS schema, relation.relation_name AS relation, relation.columns AS columns,
       relation.properties AS properties,
       col_description(relation.relation_id, relation.last_column) IS NULL AS has_no_comment,
       to_regnamespace(quote_ident(relation.schema_name))::oid IS DISTINCT FROM relation.schema_id
         OR relation.relation_id IS NULL
         OR CASE WHEN has_schema_privilege(relation.schema_name, 'USAGE')
                 THEN to_regclass(quote_ident(relation.schema_name) || '.' || quote_ident(relation.relation_name))::oid
                      IS DISTINCT FROM relation.relation_id
                 ELSE true END AS is_misread,
       relation.relation_id::int8 AS oid
  FROM relation
 ORDER BY 1, 2
"""

# Metamapper's query for indexes, in its form as far as it can fail; one row for each schema that has any.
INDEXES = """
SELECT used.schemaname::text AS schema,
       used.schemaname::regnamespace::oid IS DISTINCT FROM to_regnamespace(quote_ident(used.schemaname::text))::oid
         AS is_misread,
       count(*) AS indexes
  FROM pg_index AS indexed
  JOIN pg_class AS indexed_table ON indexed_table.oid = indexed.indrelid
  JOIN pg_class AS index_class ON index_class.oid = indexed.indexrelid
  LEFT JOIN pg_stat_user_indexes AS used ON used.indexrelid = indexed.indexrelid
 WHERE used.schemaname NOT IN ('information_schema', 'pg_catalog', 'pg_toast')
 GROUP BY 1, 2
 ORDER BY 1
"""

# Defaults, as Metamapper gets them, that may be too long for it. The server counts characters only if it knows its
# encoding: in SQL_ASCII each byte is one.
LONG_DEFAULTS = """
SELECT col.table_schema::pg_catalog.text AS schema, col.table_name::pg_catalog.text AS relation,
       col.column_name::pg_catalog.text AS column, col.column_default::pg_catalog.text AS expression
  FROM information_schema.columns AS col
 WHERE col.table_schema::pg_catalog.text OPERATOR(pg_catalog.<>)
         ALL (ARRAY['information_schema', 'pg_catalog', 'pg_toast']::pg_catalog.text[])
   AND pg_catalog.char_length(col.column_default::pg_catalog.text) OPERATOR(pg_catalog.>) %(characters)s
 ORDER BY 1, 2, 3
"""

# The relations of a scan with non-ASCII characters in a name, a default or a comment: only these can fail in an
# encoding. For a relation whose name needs quotes a scan finds no oid, and so no comments.
BEYOND_ASCII = """
SELECT class.oid::pg_catalog.int8 AS oid
  FROM pg_catalog.pg_class AS class
  JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid OPERATOR(pg_catalog.=) class.relnamespace
  JOIN pg_catalog.pg_attribute AS attribute
    ON attribute.attrelid OPERATOR(pg_catalog.=) class.oid
       AND attribute.attnum OPERATOR(pg_catalog.>) 0::pg_catalog.int2
       AND NOT attribute.attisdropped
  LEFT JOIN pg_catalog.pg_attrdef AS attrdef
    ON attrdef.adrelid OPERATOR(pg_catalog.=) attribute.attrelid
       AND attrdef.adnum OPERATOR(pg_catalog.=) attribute.attnum
  LEFT JOIN pg_catalog.pg_description AS comment
    ON comment.classoid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid
       AND comment.objoid OPERATOR(pg_catalog.=) attribute.attrelid
       AND comment.objsubid OPERATOR(pg_catalog.=) attribute.attnum::pg_catalog.int4
       AND namespace.nspname::pg_catalog.text OPERATOR(pg_catalog.!~) %(needs_quotes)s
       AND class.relname::pg_catalog.text OPERATOR(pg_catalog.!~) %(needs_quotes)s
 WHERE class.relkind::pg_catalog.text OPERATOR(pg_catalog.=) ANY (ARRAY['r', 'p', 'v', 'f']::pg_catalog.text[])
   AND namespace.nspname::pg_catalog.text OPERATOR(pg_catalog.<>)
         ALL (ARRAY['information_schema', 'pg_catalog', 'pg_toast']::pg_catalog.text[])
   AND pg_catalog.concat(namespace.nspname, class.relname, attribute.attname, comment.description,
                         pg_catalog.pg_get_expr(attrdef.adbin, attrdef.adrelid)) OPERATOR(pg_catalog.~) '[^\\x01-\\x7f]'
   AND (pg_catalog.pg_has_role(class.relowner, 'USAGE')
        OR pg_catalog.has_column_privilege(class.oid, attribute.attnum, 'SELECT,INSERT,UPDATE,REFERENCES'))
 GROUP BY 1
 ORDER BY 1
"""

# What a scan gets of these relations, text by text.
TEXTS = """
SELECT namespace.nspname::pg_catalog.text AS schema, class.relname::pg_catalog.text AS relation,
       attribute.attname::pg_catalog.text AS column,
       pg_catalog.pg_get_expr(attrdef.adbin, attrdef.adrelid) AS expression, comment.description AS comment
  FROM pg_catalog.pg_class AS class
  JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid OPERATOR(pg_catalog.=) class.relnamespace
  JOIN pg_catalog.pg_attribute AS attribute
    ON attribute.attrelid OPERATOR(pg_catalog.=) class.oid
       AND attribute.attnum OPERATOR(pg_catalog.>) 0::pg_catalog.int2
       AND NOT attribute.attisdropped
  LEFT JOIN pg_catalog.pg_attrdef AS attrdef
    ON attrdef.adrelid OPERATOR(pg_catalog.=) attribute.attrelid
       AND attrdef.adnum OPERATOR(pg_catalog.=) attribute.attnum
  LEFT JOIN pg_catalog.pg_description AS comment
    ON comment.classoid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid
       AND comment.objoid OPERATOR(pg_catalog.=) attribute.attrelid
       AND comment.objsubid OPERATOR(pg_catalog.=) attribute.attnum::pg_catalog.int4
       AND namespace.nspname::pg_catalog.text OPERATOR(pg_catalog.!~) %(needs_quotes)s
       AND class.relname::pg_catalog.text OPERATOR(pg_catalog.!~) %(needs_quotes)s
 WHERE class.oid OPERATOR(pg_catalog.=) ANY (%(relations)s::pg_catalog.oid[])
   AND (pg_catalog.pg_has_role(class.relowner, 'USAGE')
        OR pg_catalog.has_column_privilege(class.oid, attribute.attnum, 'SELECT,INSERT,UPDATE,REFERENCES'))
 ORDER BY 1, 2, 3
"""

# The same in UTF-8: fails if a server that does not know its encoding (SQL_ASCII) holds other bytes.
TEXTS_IN_UTF8 = """
SELECT pg_catalog.count(pg_catalog.convert_to(
         pg_catalog.concat(namespace.nspname, class.relname, attribute.attname, comment.description,
                           pg_catalog.pg_get_expr(attrdef.adbin, attrdef.adrelid)),
         'UTF8')) AS texts
  FROM pg_catalog.pg_class AS class
  JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid OPERATOR(pg_catalog.=) class.relnamespace
  JOIN pg_catalog.pg_attribute AS attribute
    ON attribute.attrelid OPERATOR(pg_catalog.=) class.oid
       AND attribute.attnum OPERATOR(pg_catalog.>) 0::pg_catalog.int2
       AND NOT attribute.attisdropped
  LEFT JOIN pg_catalog.pg_attrdef AS attrdef
    ON attrdef.adrelid OPERATOR(pg_catalog.=) attribute.attrelid
       AND attrdef.adnum OPERATOR(pg_catalog.=) attribute.attnum
  LEFT JOIN pg_catalog.pg_description AS comment
    ON comment.classoid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid
       AND comment.objoid OPERATOR(pg_catalog.=) attribute.attrelid
       AND comment.objsubid OPERATOR(pg_catalog.=) attribute.attnum::pg_catalog.int4
       AND namespace.nspname::pg_catalog.text OPERATOR(pg_catalog.!~) %(needs_quotes)s
       AND class.relname::pg_catalog.text OPERATOR(pg_catalog.!~) %(needs_quotes)s
 WHERE class.oid OPERATOR(pg_catalog.=) ANY (%(relations)s::pg_catalog.oid[])
   AND (pg_catalog.pg_has_role(class.relowner, 'USAGE')
        OR pg_catalog.has_column_privilege(class.oid, attribute.attnum, 'SELECT,INSERT,UPDATE,REFERENCES'))
 ORDER BY 1
"""

# After how many milliseconds the server ends a statement of the login, or its transaction (from 17 on): the least
# limit of the session, whatever our transactions set for themselves.
# https://www.postgresql.org/docs/current/view-pg-settings.html
TIME_LIMITS = """
SELECT setting.name::pg_catalog.text AS name, setting.reset_val::pg_catalog.int8 AS milliseconds
  FROM pg_catalog.pg_settings AS setting
 WHERE setting.name::pg_catalog.text OPERATOR(pg_catalog.=)
         ANY (ARRAY['statement_timeout', 'transaction_timeout']::pg_catalog.text[])
   AND setting.reset_val::pg_catalog.text OPERATOR(pg_catalog.<>) '0'::pg_catalog.text
 ORDER BY 2, 1
"""

# The names of these relations in ASCII, whatever their bytes: other bytes as octal numbers.
ESCAPED_NAMES = """
SELECT class.oid::pg_catalog.int8 AS oid,
       pg_catalog.encode(pg_catalog.convert_to(namespace.nspname::pg_catalog.text,
                                               pg_catalog.getdatabaseencoding()), 'escape') AS schema,
       pg_catalog.encode(pg_catalog.convert_to(class.relname::pg_catalog.text,
                                               pg_catalog.getdatabaseencoding()), 'escape') AS relation
  FROM pg_catalog.pg_class AS class
  JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid OPERATOR(pg_catalog.=) class.relnamespace
 WHERE class.oid OPERATOR(pg_catalog.=) ANY (%(relations)s::pg_catalog.oid[])
 ORDER BY 2, 3
"""
