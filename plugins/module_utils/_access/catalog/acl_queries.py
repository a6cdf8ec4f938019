# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""What roles hold by direct grants: the questions to the catalog, set-based, to be pasted into psql.

pg_shdepend names every object whose ACL mentions a role, as grantee or as grantor, and has an index for it: nothing is
searched. An owner is not mentioned there for its own objects.
https://www.postgresql.org/docs/current/catalog-pg-shdepend.html
"""

from __future__ import annotations

_NAMED = """
WITH named AS (
  SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolname = ANY (%(roles)s::pg_catalog.name[])
), mention AS (
  SELECT DISTINCT d.dbid, d.classid, d.objid, d.objsubid
    FROM named n
    JOIN pg_catalog.pg_shdepend d
      ON d.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass AND d.refobjid = n.oid AND d.deptype = 'a'
), here AS (
  SELECT m.classid, m.objid, m.objsubid
    FROM mention m
   WHERE m.dbid = (SELECT b.oid FROM pg_catalog.pg_database b WHERE b.datname = pg_catalog.current_database())
), object (kind, namespace, schema, name, detail, owner, acl) AS (
"""

# One row an item of an ACL. "become" is the role that the item can be taken back as: empty for the administrator as it
# is, another name where SET ROLE is needed, NULL where it cannot be. SET ROLE asks what the login may, not the current
# role. PUBLIC has oid 0 in aclexplode() and is not in pg_roles; REVOKE takes "public" for it, in quotes too.
# https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-ACLITEM-FN-TABLE
_ITEMS = """
), chosen AS (
  SELECT o.*
    FROM object o
   ORDER BY pg_catalog.array_position(%(kinds)s::pg_catalog.text[], o.kind::pg_catalog.text), o.schema, o.name, o.detail
   LIMIT %(limit)s
), item AS (
  SELECT o.*, a.privilege_type, a.grantee, a.grantor, a.is_grantable,
         CASE WHEN a.grantor = o.owner AND (pg_catalog.pg_has_role(o.owner, 'USAGE')
                OR o.kind LIKE '%%default' AND NOT %(inherited_defaults)s AND pg_catalog.pg_has_role(o.owner, 'MEMBER'))
                THEN 0
              WHEN a.grantor = (SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolname = CURRENT_USER) THEN 0
              WHEN pg_catalog.pg_has_role(SESSION_USER, a.grantor, %(set)s) THEN a.grantor
         END::pg_catalog.oid AS actor
    FROM chosen o
   CROSS JOIN LATERAL pg_catalog.aclexplode(o.acl) a
   WHERE a.grantee IN (SELECT n.oid FROM named n)
      OR a.grantor IN (SELECT n.oid FROM named n) AND a.grantor <> o.owner
)
SELECT i.kind, COALESCE(i.schema, ''), i.name, i.detail, i.privilege_type,
       COALESCE(t.rolname, 'public') AS grantee, f.rolname AS grantor, w.rolname AS owner, i.is_grantable,
       CASE WHEN i.actor = 0 THEN '' ELSE b.rolname END AS become,
       CASE WHEN i.kind LIKE '%%default' THEN i.namespace = 0 OR i.schema IS NOT NULL
            WHEN i.namespace = 0 OR i.actor IS NULL THEN true
            WHEN i.actor = 0 THEN pg_catalog.has_schema_privilege(i.namespace, 'USAGE')
            ELSE pg_catalog.has_schema_privilege(i.actor, i.namespace, 'USAGE')
       END AS is_reachable
  FROM item i
  JOIN pg_catalog.pg_roles f ON f.oid = i.grantor
  JOIN pg_catalog.pg_roles w ON w.oid = i.owner
  LEFT JOIN pg_catalog.pg_roles t ON t.oid = i.grantee
  LEFT JOIN pg_catalog.pg_roles b ON b.oid = i.actor
 ORDER BY 1, 2, 3, 4, 5, 6, 7
"""

_DATABASE = """
  SELECT 'database', 0::pg_catalog.oid, NULL::pg_catalog.name, b.datname::pg_catalog.text, ''::pg_catalog.text,
         b.datdba, b.datacl
    FROM mention m
    JOIN pg_catalog.pg_database b ON b.oid = m.objid
   WHERE m.classid = 'pg_catalog.pg_database'::pg_catalog.regclass
"""

# All that some roles hold in this database, and on the database itself. Procedures exist from 11 on.
# Large objects are listed under pg_largeobject, and their ACL is in pg_largeobject_metadata. The signature of an
# ordered-set aggregate is nothing that REVOKE understands; the types of its arguments are.
_OBJECTS = """
     AND b.datname = pg_catalog.current_database()
   UNION ALL
  SELECT CASE c.relkind WHEN 'S' THEN 'sequence' ELSE 'relation' END, n.oid, n.nspname, c.relname::pg_catalog.text, '',
         c.relowner, c.relacl
    FROM here h
    JOIN pg_catalog.pg_class c ON c.oid = h.objid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE h.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND h.objsubid = 0
   UNION ALL
  SELECT 'column', n.oid, n.nspname, c.relname::pg_catalog.text, t.attname::pg_catalog.text, c.relowner, t.attacl
    FROM here h
    JOIN pg_catalog.pg_class c ON c.oid = h.objid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_attribute t ON t.attrelid = c.oid AND t.attnum = h.objsubid AND NOT t.attisdropped
   WHERE h.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND h.objsubid <> 0
   UNION ALL
  SELECT 'schema', 0::pg_catalog.oid, NULL::pg_catalog.name, n.nspname::pg_catalog.text, '', n.nspowner, n.nspacl
    FROM here h
    JOIN pg_catalog.pg_namespace n ON n.oid = h.objid
   WHERE h.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass
   UNION ALL
  SELECT CASE pg_catalog.to_jsonb(p) ->> 'prokind' WHEN 'p' THEN 'procedure' ELSE 'function' END,
         n.oid, n.nspname, p.proname::pg_catalog.text,
         CASE WHEN g.aggfnoid IS NULL THEN pg_catalog.pg_get_function_identity_arguments(p.oid)
              ELSE pg_catalog.oidvectortypes(p.proargtypes) END,
         p.proowner, p.proacl
    FROM here h
    JOIN pg_catalog.pg_proc p ON p.oid = h.objid
    JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
    LEFT JOIN pg_catalog.pg_aggregate g ON g.aggfnoid = p.oid
   WHERE h.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
   UNION ALL
  SELECT 'type', n.oid, n.nspname, y.typname::pg_catalog.text, '', y.typowner, y.typacl
    FROM here h
    JOIN pg_catalog.pg_type y ON y.oid = h.objid
    JOIN pg_catalog.pg_namespace n ON n.oid = y.typnamespace
   WHERE h.classid = 'pg_catalog.pg_type'::pg_catalog.regclass
   UNION ALL
  SELECT 'language', 0::pg_catalog.oid, NULL::pg_catalog.name, l.lanname::pg_catalog.text, '', l.lanowner, l.lanacl
    FROM here h
    JOIN pg_catalog.pg_language l ON l.oid = h.objid
   WHERE h.classid = 'pg_catalog.pg_language'::pg_catalog.regclass
   UNION ALL
  SELECT 'foreign data wrapper', 0::pg_catalog.oid, NULL::pg_catalog.name, w.fdwname::pg_catalog.text, '',
         w.fdwowner, w.fdwacl
    FROM here h
    JOIN pg_catalog.pg_foreign_data_wrapper w ON w.oid = h.objid
   WHERE h.classid = 'pg_catalog.pg_foreign_data_wrapper'::pg_catalog.regclass
   UNION ALL
  SELECT 'foreign server', 0::pg_catalog.oid, NULL::pg_catalog.name, s.srvname::pg_catalog.text, '',
         s.srvowner, s.srvacl
    FROM here h
    JOIN pg_catalog.pg_foreign_server s ON s.oid = h.objid
   WHERE h.classid = 'pg_catalog.pg_foreign_server'::pg_catalog.regclass
   UNION ALL
  SELECT 'large object', 0::pg_catalog.oid, NULL::pg_catalog.name, l.oid::pg_catalog.text, '', l.lomowner, l.lomacl
    FROM here h
    JOIN pg_catalog.pg_largeobject_metadata l ON l.oid = h.objid
   WHERE h.classid = 'pg_catalog.pg_largeobject'::pg_catalog.regclass
   UNION ALL
  SELECT CASE f.defaclnamespace WHEN 0 THEN 'global default' ELSE 'default' END, f.defaclnamespace, n.nspname,
         r.rolname::pg_catalog.text, f.defaclobjtype::pg_catalog.text, f.defaclrole, f.defaclacl
    FROM here h
    JOIN pg_catalog.pg_default_acl f ON f.oid = h.objid
    JOIN pg_catalog.pg_roles r ON r.oid = f.defaclrole
    LEFT JOIN pg_catalog.pg_namespace n ON n.oid = f.defaclnamespace
   WHERE h.classid = 'pg_catalog.pg_default_acl'::pg_catalog.regclass
"""
HELD = _NAMED + _DATABASE + _OBJECTS + _ITEMS

_TABLESPACE = """
   UNION ALL
  SELECT 'tablespace', 0::pg_catalog.oid, NULL::pg_catalog.name, s.spcname::pg_catalog.text, '', s.spcowner, s.spcacl
    FROM mention m
    JOIN pg_catalog.pg_tablespace s ON s.oid = m.objid
   WHERE m.classid = 'pg_catalog.pg_tablespace'::pg_catalog.regclass
"""
# Parameters belong to the bootstrap superuser, who has oid 10.
_PARAMETER = """
   UNION ALL
  SELECT 'parameter', 0::pg_catalog.oid, NULL::pg_catalog.name, p.parname, '', 10::pg_catalog.oid, p.paracl
    FROM mention m
    JOIN pg_catalog.pg_parameter_acl p ON p.oid = m.objid
   WHERE m.classid = 'pg_catalog.pg_parameter_acl'::pg_catalog.regclass
"""

# All that some roles hold on what belongs to the server as a whole: databases, tablespaces and, from 15 on, parameters.
# https://www.postgresql.org/docs/current/catalog-pg-parameter-acl.html
HELD_SHARED = _NAMED + _DATABASE + _TABLESPACE + _ITEMS
HELD_SHARED_15 = _NAMED + _DATABASE + _TABLESPACE + _PARAMETER + _ITEMS
