-- SPDX-License-Identifier: GPL-3.0-or-later
-- Returns all roles, members, settings and privileges, one per line. A NULL ACL equals the default privileges, which
-- PostgreSQL treats alike.
WITH acls (what, name, acl) AS (
  SELECT 'database', d.datname::text, coalesce(d.datacl, pg_catalog.acldefault('d', d.datdba))
    FROM pg_catalog.pg_database AS d
  UNION ALL
  SELECT 'schema', n.nspname::text, coalesce(n.nspacl, pg_catalog.acldefault('n', n.nspowner))
    FROM pg_catalog.pg_namespace AS n
  UNION ALL
  SELECT 'relation', c.oid::regclass::text, coalesce(c.relacl, pg_catalog.acldefault('r', c.relowner))
    FROM pg_catalog.pg_class AS c WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
  UNION ALL
  SELECT 'column', a.attrelid::regclass::text || '.' || a.attname::text, a.attacl FROM pg_catalog.pg_attribute AS a
  UNION ALL
  SELECT 'future ' || d.defaclobjtype::text, d.defaclrole::regrole::text || ' in ' || d.defaclnamespace::text,
         d.defaclacl
    FROM pg_catalog.pg_default_acl AS d
)
SELECT pg_catalog.concat_ws(' ', a.what, a.name, e.grantor::regrole::text, e.grantee::regrole::text, e.privilege_type,
                            e.is_grantable) AS line
  FROM acls AS a CROSS JOIN LATERAL pg_catalog.aclexplode(a.acl) AS e
UNION ALL
SELECT 'role ' || r.rolname::text FROM pg_catalog.pg_roles AS r
UNION ALL
SELECT 'member ' || m.member::regrole::text || ' of ' || m.roleid::regrole::text FROM pg_catalog.pg_auth_members AS m
UNION ALL
SELECT 'setting ' || s.setrole::regrole::text FROM pg_catalog.pg_db_role_setting AS s
ORDER BY line
