# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""What module access asks about roles: what they are, who uses them, and what depends on them; see ``queries``."""

from __future__ import annotations

# The roles named, the administrator and the login. Not counted as members: those that neither inherit nor may SET ROLE
# (the membership that a CREATEROLE administrator gets of what it creates, from 16 on), which gives nothing; those that
# made themselves members, as CREATE ROLE does (createrole_self_grant); and those that the role itself made members, as
# any login could before 16: an attacker who has the login must not be able to prevent it from being locked out. A user
# mapping is listed as owned, but has no owner. pg_auth_members has options from 16 on; to_jsonb() reads them on every
# version. GRANT refuses circular memberships regardless of their options, and for pg_has_role() a superuser is a member
# of every role.
ROLES = """
WITH RECURSIVE reader AS (
  SELECT role.oid FROM pg_catalog.pg_roles AS role WHERE role.rolname = %(group)s
), with_group AS (
  SELECT reader.oid FROM reader
   UNION
  SELECT membership.roleid
    FROM pg_catalog.pg_auth_members AS membership
    JOIN with_group ON with_group.oid = membership.member
)
SELECT role.rolname AS name,
       role.rolsuper AS is_superuser, role.rolreplication AS is_replication, role.rolbypassrls AS is_bypassrls,
       role.rolcreaterole AS is_createrole, role.rolcreatedb AS is_createdb,
       role.rolcanlogin AS can_login, role.rolinherit AS is_inheriting, role.rolconnlimit AS connection_limit,
       COALESCE(role.rolvaliduntil <= pg_catalog.now(), false) AS is_expired,
       (SELECT pg_catalog.count(*)
          FROM pg_catalog.pg_shdepend AS dependency
         WHERE dependency.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass
           AND dependency.refobjid = role.oid AND dependency.deptype = 'o'
           AND dependency.classid <> 'pg_catalog.pg_user_mapping'::pg_catalog.regclass) AS owned,
       ARRAY(SELECT member.rolname::pg_catalog.text
               FROM pg_catalog.pg_auth_members AS membership
               JOIN pg_catalog.pg_roles AS member ON member.oid = membership.member
              WHERE membership.roleid = role.oid
                AND membership.grantor <> membership.member AND membership.grantor <> membership.roleid
                AND (COALESCE((pg_catalog.to_jsonb(membership) ->> 'inherit_option')::pg_catalog.bool, true)
                     OR COALESCE((pg_catalog.to_jsonb(membership) ->> 'set_option')::pg_catalog.bool, true))
              ORDER BY 1) AS members,
       (SELECT COALESCE(pg_catalog.json_agg(pg_catalog.json_build_array(member.rolname, COALESCE(grantor.rolname, ''))
                                            ORDER BY member.rolname, grantor.rolname), '[]')
          FROM pg_catalog.pg_auth_members AS membership
          JOIN with_group ON with_group.oid = membership.member
          JOIN pg_catalog.pg_roles AS member ON member.oid = membership.member
          LEFT JOIN pg_catalog.pg_roles AS grantor ON grantor.oid = membership.grantor
         WHERE membership.roleid = role.oid) AS group_through,
       COALESCE(pg_catalog.pg_has_role(role.oid, (SELECT reader.oid FROM reader), 'USAGE'), false) AS is_in_group,
       pg_catalog.pg_has_role(role.oid, 'MEMBER WITH ADMIN OPTION') AS is_administered,
       (SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_activity AS activity WHERE activity.usesysid = role.oid)
         AS connections,
       (SELECT COALESCE(pg_catalog.json_object_agg(COALESCE(database.datname, ''), setting.of_database), '{}')
          FROM (SELECT configured.setdatabase,
                       (SELECT pg_catalog.json_object_agg(pg_catalog.split_part(one, '=', 1),
                                                          pg_catalog.substr(one, pg_catalog.strpos(one, '=') + 1))
                          FROM pg_catalog.unnest(configured.setconfig) AS one) AS of_database
                  FROM pg_catalog.pg_db_role_setting AS configured
                 WHERE configured.setrole = role.oid) AS setting
          LEFT JOIN pg_catalog.pg_database AS database ON database.oid = setting.setdatabase) AS settings,
       ARRAY(SELECT COALESCE(grantor.rolname, '')::pg_catalog.text
               FROM pg_catalog.pg_auth_members AS membership
               LEFT JOIN pg_catalog.pg_roles AS grantor ON grantor.oid = membership.grantor
              WHERE membership.member = role.oid AND membership.roleid = (SELECT reader.oid FROM reader)
              ORDER BY 1) AS grantors
  FROM pg_catalog.pg_roles AS role
 WHERE role.rolname = ANY (%(names)s::pg_catalog.name[]) OR role.rolname IN (CURRENT_USER, SESSION_USER)
 ORDER BY role.rolname
"""

# The roles that the administrator can assume for the duration of a transaction, except superusers and itself: those
# that its login can SET ROLE to already, and those that it can make itself a member of. Before 16 CREATEROLE is enough
# for that; from 16 on a role whose privileges it has must hold ADMIN OPTION on the role, and is the grantor. A
# superuser need not assume any role. Beside each role the memberships of the administrator in it, to be compared
# afterwards.
# https://www.postgresql.org/docs/current/sql-grant.html#SQL-GRANT-DESCRIPTION-ROLES
ASSUMABLE = """
WITH administrator AS (
  SELECT role.oid, role.rolname, role.rolcreaterole
    FROM pg_catalog.pg_roles AS role
   WHERE role.rolname = CURRENT_USER AND NOT role.rolsuper
), membership AS (
  SELECT membership.roleid, membership.member, membership.admin_option, grantor.rolname AS grantor,
         pg_catalog.to_jsonb(membership) AS options
    FROM pg_catalog.pg_auth_members AS membership
    LEFT JOIN pg_catalog.pg_roles AS grantor ON grantor.oid = membership.grantor
), candidate AS (
  SELECT role.oid, role.rolname AS name, administrator.oid AS administrator, administrator.rolcreaterole,
         pg_catalog.pg_has_role(SESSION_USER, role.oid, %(set)s) AS can_set,
         (SELECT giver.rolname
            FROM membership
            JOIN pg_catalog.pg_roles AS giver ON giver.oid = membership.member
           WHERE membership.roleid = role.oid AND membership.admin_option AND %(needs_admin)s
             AND pg_catalog.pg_has_role(giver.oid, 'USAGE')
           ORDER BY giver.oid <> administrator.oid, giver.rolname
           LIMIT 1) AS grantor
    FROM administrator
    JOIN pg_catalog.pg_roles AS role
      ON NOT role.rolsuper AND role.oid <> administrator.oid AND role.rolname !~ '^pg_'
)
SELECT candidate.name, candidate.can_set, COALESCE(candidate.grantor, '') AS grantor,
       EXISTS (SELECT 1
                 FROM membership
                WHERE membership.roleid = candidate.oid AND membership.member = candidate.administrator
                  AND membership.grantor = candidate.grantor) AS has_membership,
       ARRAY(SELECT membership.options::pg_catalog.text
               FROM membership
              WHERE membership.roleid = candidate.oid AND membership.member = candidate.administrator
              ORDER BY 1) AS memberships
  FROM candidate
 WHERE candidate.can_set
    OR (candidate.grantor IS NOT NULL OR candidate.rolcreaterole AND NOT %(needs_admin)s)
       AND NOT pg_catalog.pg_has_role(candidate.oid, candidate.administrator, 'MEMBER')
 ORDER BY candidate.name
"""

# The stored verifier of a role's password, and how many iterations the server gives a new one (0 before 16); only for
# roles that may read pg_authid.
# https://www.postgresql.org/docs/current/runtime-config-connection.html#GUC-SCRAM-ITERATIONS
VERIFIER = """
SELECT authid.rolpassword AS verifier,
       COALESCE(pg_catalog.current_setting('scram_iterations', true), '0')::pg_catalog.int8 AS default_iterations
FROM pg_catalog.pg_authid AS authid
WHERE authid.rolname = %(user)s
ORDER BY authid.rolname
"""

# The connections of some users, and whether the administrator may end them.
# https://www.postgresql.org/docs/current/functions-admin.html#FUNCTIONS-ADMIN-SIGNAL
SESSIONS = """
SELECT activity.usename AS user, activity.pid AS process,
       pg_catalog.pg_has_role('pg_signal_backend', 'USAGE') OR pg_catalog.pg_has_role(activity.usesysid, 'USAGE')
         AS can_end
  FROM pg_catalog.pg_stat_activity AS activity
 WHERE activity.usename = ANY (%(users)s::pg_catalog.name[])
 ORDER BY activity.usename, activity.pid
"""

# Candidates for a misspelled name.
ROLE_NAMES = """
SELECT role.rolname AS name
  FROM pg_catalog.pg_roles AS role
 ORDER BY role.rolname
"""

# How many processes hold a lock and have no user, as one that is authenticated and still starting. Up to 17 it has no
# row among the activities, from 18 on a row without a user. Before 10 the view omits users that were dropped meanwhile.
STARTING_PROCESSES = """
SELECT pg_catalog.count(DISTINCT lock.pid) AS processes
  FROM pg_catalog.pg_locks AS lock
 WHERE lock.pid IS NOT NULL
   AND lock.pid NOT IN (SELECT activity.pid
                          FROM pg_catalog.pg_stat_get_activity(NULL::pg_catalog.int4) AS activity
                         WHERE activity.usesysid IS NOT NULL AND activity.pid IS NOT NULL)
 ORDER BY 1
"""

# The relations of this database that show up in information_schema for one role and not for another; except what a role
# created itself: an attacker who has the login could otherwise block its retirement with a table.
# https://www.postgresql.org/docs/current/infoschema-tables.html
VISIBLE_TO_ONE_ONLY = """
WITH visible AS (
  SELECT role.rolname, namespace.nspname::pg_catalog.text AS schema, class.relname::pg_catalog.text AS name
    FROM pg_catalog.pg_roles AS role
   CROSS JOIN pg_catalog.pg_class AS class
    JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = class.relnamespace
   WHERE role.rolname IN (%(old)s, %(new)s) AND role.oid <> class.relowner AND class.relkind IN ('r', 'p', 'v', 'f')
     AND namespace.nspname !~ '^pg_' AND namespace.nspname <> 'information_schema'
     AND pg_catalog.has_database_privilege(role.oid, pg_catalog.current_database(), 'CONNECT')
     AND pg_catalog.has_schema_privilege(role.oid, namespace.oid, 'USAGE')
     AND (pg_catalog.pg_has_role(role.oid, class.relowner, 'USAGE')
          OR pg_catalog.has_any_column_privilege(role.oid, class.oid, 'SELECT, INSERT, UPDATE, REFERENCES'))
)
SELECT visible.schema, visible.name FROM visible WHERE visible.rolname = %(old)s
EXCEPT
SELECT visible.schema, visible.name FROM visible WHERE visible.rolname = %(new)s
 ORDER BY 1, 2
"""

# Where on the server, or in one database, roles are mentioned, and how: o owner, a ACL, r policy, i (from 17 on)
# initial privileges of an extension's object, m a user mapping, which is listed as owned; and whether the administrator
# may act for the role. The database is empty for what belongs to the server as a whole.
# https://www.postgresql.org/docs/current/catalog-pg-shdepend.html
MENTIONS = """
SELECT role.rolname AS role, COALESCE(database.datname, '') AS database,
       CASE dependency.classid WHEN 'pg_catalog.pg_user_mapping'::pg_catalog.regclass THEN 'm'
            ELSE dependency.deptype::pg_catalog.text
       END AS how,
       pg_catalog.count(*) AS objects, pg_catalog.pg_has_role(role.oid, 'USAGE') AS can_act
  FROM pg_catalog.pg_shdepend AS dependency
  JOIN pg_catalog.pg_roles AS role ON role.oid = dependency.refobjid
  LEFT JOIN pg_catalog.pg_database AS database ON database.oid = dependency.dbid
 WHERE dependency.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass
   AND role.rolname = ANY (%(roles)s::pg_catalog.name[])
   AND (%(database)s::pg_catalog.name IS NULL OR database.datname = %(database)s::pg_catalog.name)
 GROUP BY role.oid, role.rolname, database.datname, how
 ORDER BY role.rolname, database.datname, how
"""

# Memberships that would be lost with the roles: those of others in them, and from 16 on those that they granted. One
# that neither inherits nor may SET ROLE (an administrator's own) gives its member nothing, and one that the role itself
# has granted, as any login could before 16, is nobody else's.
MEMBERSHIPS = """
SELECT role.rolname AS role, member.rolname AS member, COALESCE(grantor.rolname, '') AS grantor
  FROM pg_catalog.pg_auth_members AS membership
  JOIN pg_catalog.pg_roles AS role ON role.oid = membership.roleid
  JOIN pg_catalog.pg_roles AS member ON member.oid = membership.member
  LEFT JOIN pg_catalog.pg_roles AS grantor ON grantor.oid = membership.grantor
 WHERE member.rolname <> ALL (%(roles)s::pg_catalog.name[]) AND membership.member <> membership.grantor
   AND (role.rolname = ANY (%(roles)s::pg_catalog.name[]) AND membership.grantor <> membership.roleid
          AND (COALESCE((pg_catalog.to_jsonb(membership) ->> 'inherit_option')::pg_catalog.bool, true)
               OR COALESCE((pg_catalog.to_jsonb(membership) ->> 'set_option')::pg_catalog.bool, true))
        OR role.rolname <> ALL (%(roles)s::pg_catalog.name[])
           AND grantor.rolname = ANY (%(roles)s::pg_catalog.name[]) AND %(membership_grantors)s)
 ORDER BY role.rolname, member.rolname, grantor.rolname
"""

# The policies of this database that name one of the roles, and the other roles that they name.
POLICIES = """
SELECT namespace.nspname AS schema, class.relname AS relation, policy.polname AS name,
       ARRAY(SELECT role.rolname::pg_catalog.text
               FROM pg_catalog.pg_roles AS role
              WHERE role.oid = ANY (policy.polroles) AND role.rolname <> ALL (%(roles)s::pg_catalog.name[])
              ORDER BY role.rolname) AS others
  FROM pg_catalog.pg_policy AS policy
  JOIN pg_catalog.pg_class AS class ON class.oid = policy.polrelid
  JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = class.relnamespace
 WHERE EXISTS (SELECT 1
                 FROM pg_catalog.pg_roles AS role
                WHERE role.oid = ANY (policy.polroles) AND role.rolname = ANY (%(roles)s::pg_catalog.name[]))
 ORDER BY namespace.nspname, class.relname, policy.polname
"""

# The user mappings of the roles in this database, and whether the administrator may drop them.
# https://www.postgresql.org/docs/current/sql-dropusermapping.html
USER_MAPPINGS = """
SELECT mapping.usename AS role, mapping.srvname AS server, pg_catalog.pg_has_role(server.srvowner, 'USAGE') AS can_drop
  FROM pg_catalog.pg_user_mappings AS mapping
  JOIN pg_catalog.pg_foreign_server AS server ON server.oid = mapping.srvid
 WHERE mapping.usename = ANY (%(roles)s::pg_catalog.name[])
 ORDER BY mapping.usename, mapping.srvname
"""
