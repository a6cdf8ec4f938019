# SPDX-License-Identifier: GPL-3.0-or-later
"""Connection paths to the server, each the only one that pg_hba.conf admits, for modules access and visibility."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Callable, Iterator, Mapping

import pytest

from tests.support.modules.visibility import found
from tests.support.postgres.certificates import Authority, Encrypted
from tests.support.postgres.site import Site
from tests.support.ssh.sshd import Sshd
from tools.postgres.server import HBA, SUPERUSER
from tools.runners.modules import Outcome, run_module

ADMIN_PASSWORD = 'the admin\'s "Secret"'


@dataclass(frozen=True)
class Place:
    """A server with TLS, a bastion, and a non-superuser administrator of the server."""

    site: Site
    authority: Authority
    sshd: Sshd
    admin: str
    proxy: str

    def access(self, way: Mapping[str, Any], *, check: bool = False, **changes: Any) -> Outcome:
        """Run module access over a connection path."""
        options = {
            "login_port": self.site.server.port,
            "login_user": self.admin,
            "group": self.site.group,
            "users": [{"name": self.site.user, "password": self.site.password}],
            "databases": [{"name": self.site.database, "schemas": ["sales"]}],
        }
        return run_module("access", {**options, **way, **changes}, check=check)

    def absent(self, way: Mapping[str, Any]) -> Outcome:
        """Run module access with state absent over a connection path."""
        return self.access(way, state="absent", users=[{"name": self.site.user}], databases=[])

    def look(self, way: Mapping[str, Any]) -> Outcome:
        """Run module visibility over a connection path."""
        options = {
            "login_port": self.site.server.port,
            "user": self.site.user,
            "password": self.site.password,
            "group": self.site.group,
            "databases": [{"name": self.site.database, "schemas": ["sales"]}],
        }
        return run_module("visibility", {**options, **way})

    def roles(self) -> set[str]:
        """Return which of the two roles, group and user, exist."""
        query = "SELECT rolname FROM pg_catalog.pg_roles WHERE rolname IN (%s, %s)"
        rows = self.site.server.execute(query, parameters=[self.site.group, self.site.user])
        return {row[0] for row in rows}

    def tunnels(self) -> int:
        """Return how many connections the bastion has forwarded."""
        return self.sshd.logged().count("Accepted publickey")


@pytest.fixture
def place(encrypted: Encrypted, sshd: Sshd, ssh_config: Path) -> Iterator[Place]:
    """A database owned by the administrator, and a login that is a member of the administrator and inherits nothing."""
    site = Site(encrypted.server)
    try:
        admin = site.create_role("admin", "LOGIN CREATEROLE")
        site.server.execute(f"ALTER ROLE {admin} PASSWORD %s", parameters=[ADMIN_PASSWORD])
        proxy = site.create_role("proxy", "LOGIN NOINHERIT PASSWORD 'x'")
        site.run("GRANT {} TO {}", admin, proxy, database="postgres")
        site.run("ALTER DATABASE {} OWNER TO {}", site.database, admin)
        site.run_as(admin, "CREATE SCHEMA sales; CREATE TABLE sales.t(id int)")
        yield Place(site, encrypted.authority, sshd, admin, proxy)
    finally:
        encrypted.server.hba(HBA)
        site.clean_up()


def certificate_of(place: Place, role: str) -> dict[str, str]:
    """Return the options for a client's certificate."""
    signed = place.authority.client(role)
    return {"ssl_cert": str(signed.certificate), "ssl_key": str(signed.key)}


def demanded(place: Place) -> str:
    """Return the option in pg_hba.conf that requires a client certificate in addition to the password."""
    return "clientcert=1" if float(place.site.server.major) < 12 else "clientcert=verify-ca"


ADDRESS = {"login_host": "127.0.0.1"}
PLAIN = {**ADDRESS, "ssl_mode": "disable"}
PASSWORD = {"login_password": ADMIN_PASSWORD}
ONLY_PLAIN = "hostnossl all all 127.0.0.1/32 scram-sha-256"
ONLY_TLS = "hostssl all all 127.0.0.1/32 scram-sha-256"


def verified(place: Place) -> dict[str, Any]:
    return {"login_host": "localhost", "ssl_mode": "verify-full", "ca_cert": str(place.authority.certificate)}


def bastion(place: Place) -> dict[str, Any]:
    return {"bastion": place.sshd.bastion_options()}


def socket(place: Place) -> dict[str, Any]:
    return {"login_unix_socket": place.site.server.socket_directory}


@dataclass(frozen=True)
class Way:
    """The rules of pg_hba.conf, and the options with which the administrator and Metamapper's user connect."""

    admitted: Callable[[Place], str]
    of_admin: Callable[[Place], Mapping[str, Any]]
    of_user: Callable[[Place], Mapping[str, Any]]
    has_tls: bool = False
    has_bastion: bool = False


WAYS: dict[str, Way] = {
    "tcp": Way(lambda p: ONLY_PLAIN, lambda p: {**PLAIN, **PASSWORD}, lambda p: PLAIN),
    "socket-and-peer": Way(
        lambda p: (
            f"local all {p.admin} peer map=admins\nlocal all {p.site.user} scram-sha-256\n"
            f"host all {p.site.user} 127.0.0.1/32 scram-sha-256"
        ),
        socket,
        socket,
    ),
    "tls-prefer": Way(lambda p: ONLY_TLS, lambda p: {**ADDRESS, **PASSWORD}, lambda p: ADDRESS, has_tls=True),
    "tls-require": Way(
        lambda p: ONLY_TLS,
        lambda p: {**ADDRESS, **PASSWORD, "ssl_mode": "require"},
        lambda p: {**ADDRESS, "ssl_mode": "require"},
        has_tls=True,
    ),
    "tls-verify-full": Way(lambda p: ONLY_TLS, lambda p: {**verified(p), **PASSWORD}, verified, has_tls=True),
    "certificate-of-the-administrator": Way(
        lambda p: f"hostssl all {p.admin} 127.0.0.1/32 cert\nhostssl all {p.site.user} 127.0.0.1/32 scram-sha-256",
        lambda p: {**verified(p), **certificate_of(p, p.admin)},
        verified,
        has_tls=True,
    ),
    "certificates-demanded-of-all": Way(
        lambda p: f"hostssl all all 127.0.0.1/32 scram-sha-256 {demanded(p)}",
        lambda p: {**verified(p), **certificate_of(p, p.admin), **PASSWORD},
        lambda p: {**verified(p), **certificate_of(p, "any name")},
        has_tls=True,
    ),
    "bastion": Way(
        lambda p: ONLY_PLAIN,
        lambda p: {**PLAIN, **PASSWORD, **bastion(p)},
        lambda p: {**PLAIN, **bastion(p)},
        has_bastion=True,
    ),
    "bastion-and-tls-verify-full": Way(
        lambda p: ONLY_TLS,
        lambda p: {**verified(p), **PASSWORD, **bastion(p)},
        lambda p: {**verified(p), **bastion(p)},
        has_tls=True,
        has_bastion=True,
    ),
    "proxy-user-and-session-role": Way(
        lambda p: f"hostnossl all {p.proxy},{p.site.user} 127.0.0.1/32 scram-sha-256",
        lambda p: {**PLAIN, "login_user": p.proxy, "login_password": "x", "session_role": p.admin},
        lambda p: PLAIN,
    ),
}


def admit(place: Place, rules: str) -> None:
    """Admit only the tests' superuser, and connections that match these rules."""
    place.site.server.peers("admins", place.admin)
    place.site.server.hba(f"host all {SUPERUSER} 127.0.0.1/32 scram-sha-256\n{rules}\n")


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
def test_check_grant_look_repair_and_take_back(place: Place, way: Way) -> None:
    admit(place, way.admitted(place))
    of_admin, of_user, before = way.of_admin(place), way.of_user(place), place.tunnels()
    assert place.access(of_admin, check=True).ok().changed
    assert place.roles() == set()
    assert place.access(of_admin).ok().changed
    assert not place.access(of_admin).ok().changed
    assert place.look(of_user).ok()["seen"] == {place.site.database: {"sales": {"t": 1}}}
    place.site.run("REVOKE SELECT ON sales.t FROM {}", place.site.group)
    assert [one["relation"] for one in found(place.look(of_user), "missing")] == ["t"]
    assert len(place.access(of_admin).ok().statements) == 1
    assert bool(place.look(of_user).ok()["connection"]["tls"]) is way.has_tls
    assert place.absent(of_admin).ok().changed
    assert place.roles() == set()
    assert (place.tunnels() > before) is way.has_bastion


def other_authority(place: Place, directory: Path) -> dict[str, Any]:
    return {**verified(place), "ca_cert": str(Authority(directory, "another").certificate)}


def strangers_certificate(place: Place, directory: Path) -> dict[str, Any]:
    stranger = replace(place, authority=Authority(directory, "another"))
    return {**verified(place), **certificate_of(stranger, place.admin)}


# The rules of pg_hba.conf, the wrong options, and what the error contains.
WRONG: dict[str, tuple[str, Callable[[Place, Path], Mapping[str, Any]], str]] = {
    "another-authority": (ONLY_TLS, other_authority, "certificate verify failed"),
    "another-name": (ONLY_TLS, lambda p, _: {**verified(p), **ADDRESS}, "does not match host name"),
    "another-name-behind-a-bastion": (
        ONLY_TLS,
        lambda p, _: {**verified(p), **ADDRESS, **bastion(p)},
        "does not match host name",
    ),
    "no-authority": (ONLY_TLS, lambda p, _: {**ADDRESS, "ssl_mode": "verify-full"}, "root certificate file"),
    "no-tls": (ONLY_TLS, lambda p, _: PLAIN, "SSL off|no encryption"),
    "no-certificate": (
        "hostssl all all 127.0.0.1/32 cert",
        lambda p, _: verified(p),
        "requires a valid client certificate",
    ),
    "certificate-of-another-role": (
        "hostssl all all 127.0.0.1/32 cert",
        lambda p, _: {**verified(p), **certificate_of(p, "stran'ger")},
        "certificate authentication failed",
    ),
    "certificate-of-a-stranger": (
        "hostssl all all 127.0.0.1/32 cert",
        lambda p, d: {
            **verified(p),
            **certificate_of(Place(p.site, Authority(d, "another"), p.sshd, p.admin, p.proxy), p.admin),
        },
        "unknown ca|SSL error|closed the connection|reset by peer",
    ),
    "peer-without-a-map": ("local all all peer", lambda p, _: socket(p), "[Pp]eer authentication failed"),
}


@pytest.mark.parametrize(("admitted", "wrong", "words"), WRONG.values(), ids=WRONG.keys())
def test_a_way_that_is_wrong_is_refused_with_the_reason(
    place: Place,
    tmp_path: Path,
    admitted: str,
    wrong: Callable[[Place, Path], Mapping[str, Any]],
    words: str,
) -> None:
    way = wrong(place, tmp_path)
    admit(place, admitted)
    place.site.create_role_exactly(place.site.user, place.site.password)
    refused = place.access({**PASSWORD, **way})
    assert refused.failed
    assert "Cannot connect to database" in refused["msg"]
    assert re.search(words, refused["msg"])
    (finding,) = found(place.look(way), "connection", "failure")
    assert re.search(words, finding["reason"])
    assert ADMIN_PASSWORD not in refused.text
