# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Who holds a lock after a lock timeout, and the statements that end it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Sequence

from .._core.remedy import Remedies, alternatively, sql
from .._core.sql_statement import Statement, quoted, simple

# Who holds a lock: a prepared transaction has no process, and is identified by the lock on its own ID.
# https://www.postgresql.org/docs/current/view-pg-locks.html
HOLDERS = """\
  FROM pg_catalog.pg_locks AS lock
  LEFT JOIN pg_catalog.pg_stat_activity AS activity ON activity.pid = lock.pid
  LEFT JOIN pg_catalog.pg_locks AS own
    ON lock.pid IS NULL AND own.pid IS NULL AND own.locktype = 'transactionid' AND own.granted
   AND own.virtualtransaction = lock.virtualtransaction
  LEFT JOIN pg_catalog.pg_prepared_xacts AS prepared ON prepared.transaction = own.transactionid"""
WHO = """\
COALESCE(lock.pid, 0) AS process,
       COALESCE(activity.usename::pg_catalog.text, prepared.owner::pg_catalog.text, '') AS role,
       COALESCE(activity.application_name, '') AS application"""

# Who holds the advisory lock of this key in this database: any user who can connect can take it. A 64-bit key is shown
# in two halves.
# https://www.postgresql.org/docs/current/view-pg-locks.html
ADVISORY_LOCK_HOLDERS = f"""
SELECT DISTINCT {WHO},
       COALESCE(pg_catalog.to_char(activity.backend_start, 'YYYY-MM-DD HH24:MI:SS TZ'), '') AS since,
       COALESCE(prepared.gid, '') AS prepared
{HOLDERS}
 WHERE lock.locktype = 'advisory' AND lock.granted AND lock.objsubid = 1
   AND lock.database = (SELECT database.oid
                          FROM pg_catalog.pg_database AS database
                         WHERE database.datname = pg_catalog.current_database())
   AND lock.classid::pg_catalog.int8 = %(high)s
   AND lock.objid::pg_catalog.int8 = %(low)s
 ORDER BY 1, 5
"""  # noqa: S608 - constants

# Who may have blocked a GRANT or a change of a role, the oldest transaction first: sessions that have written or locked
# a table in this database, and sessions that have changed a role in any database. A wait for a changed row is a wait
# for the transaction, which does not tell the row.
# https://www.postgresql.org/docs/current/explicit-locking.html
TRANSACTIONS_THAT_WRITE = f"""
SELECT {WHO},
       COALESCE(pg_catalog.to_char(pg_catalog.min(COALESCE(activity.xact_start, prepared.prepared)),
                                   'YYYY-MM-DD HH24:MI:SS TZ'), '') AS since,
       COALESCE(prepared.gid, '') AS prepared
{HOLDERS}
 WHERE lock.granted AND lock.pid IS DISTINCT FROM pg_catalog.pg_backend_pid()
   AND (lock.relation IN ('pg_catalog.pg_authid'::pg_catalog.regclass,
                          'pg_catalog.pg_auth_members'::pg_catalog.regclass,
                          'pg_catalog.pg_db_role_setting'::pg_catalog.regclass)
          AND lock.mode <> 'AccessShareLock'
        OR COALESCE(activity.datname, prepared.database) = pg_catalog.current_database()
          AND (lock.locktype = 'transactionid'
               OR lock.locktype = 'relation'
                 AND lock.mode NOT IN ('AccessShareLock', 'RowShareLock', 'RowExclusiveLock')))
   AND COALESCE(activity.xact_start, prepared.prepared, '-infinity')
       <= pg_catalog.clock_timestamp() - %(waited_ms)s * '1 millisecond'::pg_catalog.interval
 GROUP BY lock.pid, activity.usename, prepared.owner, activity.application_name, prepared.gid
 ORDER BY pg_catalog.min(COALESCE(activity.xact_start, prepared.prepared)), 1, 5
 LIMIT 3
"""  # noqa: S608 - constants

# Whose lock keeps readers waiting, in this database or on a catalog of the server: only ACCESS EXCLUSIVE does. Since
# when it is held can only be told of sessions that the login may look at.
# https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-TABLES
READERS_LOCK_HOLDERS = f"""
SELECT DISTINCT {WHO},
       COALESCE(pg_catalog.to_char(COALESCE(activity.xact_start, prepared.prepared),
                                   'YYYY-MM-DD HH24:MI:SS TZ'), '') AS since,
       COALESCE(prepared.gid, '') AS prepared,
       COALESCE(namespace.nspname::pg_catalog.text, '') AS schema,
       COALESCE(class.relname::pg_catalog.text, '') AS relation
{HOLDERS}
  LEFT JOIN pg_catalog.pg_database AS database ON database.oid = lock.database
  LEFT JOIN pg_catalog.pg_class AS class ON class.oid = lock.relation
  LEFT JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = class.relnamespace
 WHERE lock.locktype = 'relation' AND lock.mode = 'AccessExclusiveLock' AND lock.granted
   AND lock.pid IS DISTINCT FROM pg_catalog.pg_backend_pid()
   AND (lock.database = 0 OR database.datname = pg_catalog.current_database())
 ORDER BY 1, 5, 6, 7
"""  # noqa: S608 - constants

GONE = "a session that has ended meanwhile"


@dataclass(frozen=True)
class LockHolder:
    """Who holds a lock: a process, or 0 and the name of a prepared transaction, empty if that has just ended.

    The other texts are empty if the server does not tell them.
    """

    process: int
    role: str
    application: str
    since: str
    prepared: str = ""

    def __str__(self) -> str:
        told = [f"role {quoted(self.role)}"] if self.role else []
        told += [f"application {quoted(self.application)}"] if self.application else []
        told += [f"since {self.since}"] if self.since else []
        prepared = f"the prepared transaction {quoted(self.prepared)}" if self.prepared else GONE
        name = f"process {self.process}" if self.process else prepared
        return name + (f" ({', '.join(told)})" if told else "")

    @property
    def end(self) -> str:
        """The statement that ends it."""
        if self.process:
            return f"{end_session(self.process)};"
        return "ROLLBACK PREPARED '" + self.prepared.replace("'", "''") + "';"


@dataclass(frozen=True)
class ReadersLockHolder(LockHolder):
    """Who holds a lock on a relation that keeps readers of it waiting."""

    schema: str = ""
    relation: str = ""


def end_session(process: int) -> Statement:
    """Return what ends a session."""
    return simple(f"SELECT pg_catalog.pg_terminate_backend({process})")


def named(holders: Sequence[LockHolder]) -> str:
    """Return the holders in a sentence; without any, say that it is gone."""
    return " and ".join(map(str, holders)) or GONE


def ends(holders: Sequence[LockHolder]) -> list[str]:
    """Return the statements that end the holders, each once; empty if there are none any more."""
    return list(dict.fromkeys(holder.end for holder in holders if holder.process or holder.prepared))


def ended(holders: Sequence[LockHolder]) -> Remedies:
    """Return what ends the holders, instead of a wait for them; nothing for none."""
    statements, by = ends(holders), "a superuser or a member of its role"
    return alternatively(sql("end the sessions that hold the lock", *statements, by=by)) if statements else ()
