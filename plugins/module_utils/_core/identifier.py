# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Names as SQL needs them: in quotes only if PostgreSQL would otherwise read another name."""

from __future__ import annotations

import re

# Every keyword of 9.6 to 18 that is reserved somewhere: SELECT word FROM pg_get_keywords() WHERE catcode <> 'U'.
WORDS = """
all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean both case cast
char character check coalesce collate collation column concurrently constraint create cross current_catalog
current_date current_role current_schema current_time current_timestamp current_user dec decimal default deferrable
desc distinct do else end except exists extract false fetch float for foreign freeze from full grant greatest group
grouping having ilike in initially inner inout int integer intersect interval into is isnull join json json_array
json_arrayagg json_exists json_object json_objectagg json_query json_scalar json_serialize json_table json_value
lateral leading least left like limit localtime localtimestamp merge_action national natural nchar none normalize
not notnull null nullif numeric offset on only or order out outer overlaps overlay placing position precision
primary real references returning right row select session_user setof similar smallint some substring symmetric
system_user table tablesample then time timestamp to trailing treat trim true union unique user using values varchar
variadic verbose when where window with xmlattributes xmlconcat xmlelement xmlexists xmlforest xmlnamespaces
xmlparse xmlpi xmlroot xmlserialize xmltable
"""
KEYWORDS = frozenset(WORDS.split())
PLAIN = re.compile("[a-z_][a-z0-9_]*")


def identifier(name: str) -> str:
    """Return a name as quote_ident() writes it in a statement."""
    return name if PLAIN.fullmatch(name) and name not in KEYWORDS else quoted(name)


def quoted(name: str) -> str:
    """Return a name in double quotes, as messages show it."""
    return '"' + name.replace('"', '""') + '"'
