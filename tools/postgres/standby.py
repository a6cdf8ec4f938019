# SPDX-License-Identifier: GPL-3.0-or-later
"""A streaming replica of a server of any major version, created from a copy of its files."""

from __future__ import annotations

import contextlib
import shutil
import time
from pathlib import Path
from typing import Iterator

from tools.postgres.server import HBA, Server

RECOVERY = "primary_conninfo = 'host={host} port={port} user={user}'\n"


class Standby(Server):
    """A replica; the primary is stopped while its files are copied, and started again."""

    def __init__(self, primary: Server) -> None:
        super().__init__(primary.major, settings=["hot_standby=on"])
        self.primary = primary

    def _create(self) -> None:
        primary = self.primary
        primary.hba("host replication all 127.0.0.1/32 trust\n" + HBA)
        primary.stop("fast")
        shutil.copytree(primary.home, self.home, symlinks=True)
        shutil.copytree(primary.data, self.data)
        for path in (self.work, self.data, *self.data.rglob("*")):
            shutil.chown(path, *_owner(primary.data))
        primary.start()
        self._configure()

    def _configure(self) -> None:
        primary = self.primary
        text = RECOVERY.format(host=primary.host, port=primary.port, user=primary.user)
        if float(self.major) < 12:
            (self.data / "recovery.conf").write_text("standby_mode = on\n" + text)
            shutil.chown(self.data / "recovery.conf", *_owner(primary.data))
            return
        with (self.data / "postgresql.conf").open("a") as configuration:
            configuration.write(text)
        (self.data / "standby.signal").touch()

    def promote(self) -> None:
        """Promote this server, and wait until it is a primary."""
        self.command("pg_ctl", "-D", str(self.data), "promote")
        deadline = time.monotonic() + 30
        while self.execute("SELECT pg_is_in_recovery()") != [(False,)]:
            if time.monotonic() > deadline:
                raise TimeoutError(f"the replica was not promoted:\n{self.logged()[-2000:]}")
            time.sleep(0.05)

    def catch_up(self) -> None:
        """Wait until everything that the primary has written is replayed."""
        new_names = float(self.major) >= 10
        written = "pg_current_wal_lsn()" if new_names else "pg_current_xlog_location()"
        replayed = "pg_last_wal_replay_lsn()" if new_names else "pg_last_xlog_replay_location()"
        ((position,),) = self.primary.execute(f"SELECT {written}::text")
        deadline = time.monotonic() + 30
        query = f"SELECT {replayed} >= %s::pg_lsn"
        while self.execute(query, parameters=[position]) != [(True,)]:
            if time.monotonic() > deadline:
                raise TimeoutError(f"the replica does not follow its primary:\n{self.logged()[-2000:]}")
            time.sleep(0.05)


def _owner(path: Path) -> tuple[int, int]:
    state = path.stat()
    return state.st_uid, state.st_gid


@contextlib.contextmanager
def standby_of(primary: Server) -> Iterator[Standby]:
    """Run a replica for the duration of a with block."""
    with Standby(primary) as replica:
        assert isinstance(replica, Standby)
        yield replica
