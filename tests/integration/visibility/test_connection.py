# SPDX-License-Identifier: GPL-3.0-or-later
"""Each reason why a login can fail is distinguished, and what a successful login proves about Metamapper's own."""

from __future__ import annotations

import contextlib
from typing import Any, Callable, ContextManager, Iterator

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.problem import Failure, Problem
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.remedy import by_hand
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.route import DIRECT, Route
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.secret import Secret
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.login import Login
from ansible_collections.metamapper.postgresql.plugins.module_utils._visibility.options import VISIBILITY_ARGUMENTS
from ansible_collections.metamapper.postgresql.plugins.module_utils._visibility.request import request_from_options
from ansible_collections.metamapper.postgresql.plugins.module_utils._visibility.run import examine
from psycopg2.extensions import encrypt_password

from tests.support.modules.access import version
from tests.support.modules.visibility import found, look, make_reader, options
from tests.support.postgres.certificates import Encrypted
from tests.support.postgres.site import Site
from tests.support.values.names import entry_options
from tools.postgres.server import HBA, free_port
from tools.runners.modules import Outcome, run_module

ENTRY = entry_options()


@pytest.fixture
def reader(site: Site) -> Iterator[Site]:
    """A site with group and user and a table that they may read; pg_hba.conf is restored at the end."""
    make_reader(site)
    site.run("REVOKE CREATE ON SCHEMA public FROM PUBLIC; CREATE SCHEMA sales; CREATE TABLE sales.t (a int)")
    site.run("GRANT USAGE ON SCHEMA sales TO {}; GRANT SELECT ON sales.t TO {}", site.group, site.group)
    site.run("ALTER DEFAULT PRIVILEGES IN SCHEMA sales GRANT SELECT ON TABLES TO {}", site.group)
    yield site
    site.server.hba(HBA)


def refusal(outcome: Outcome) -> dict[str, Any]:
    """Return the only failure that concerns the connection."""
    assert outcome.failed
    (one,) = found(outcome, "connection", "failure")
    return one


def revoke_connect(site: Site) -> None:
    site.run("REVOKE CONNECT ON DATABASE {} FROM PUBLIC", site.database)


def not_admitted(site: Site) -> None:
    site.server.hba(f"host all {site.user} all reject\n{HBA}")


def limited(site: Site) -> None:
    site.run("ALTER ROLE {} CONNECTION LIMIT 0", site.user)


def closed(site: Site) -> None:
    site.server.execute(f'ALTER DATABASE "{site.database}" WITH ALLOW_CONNECTIONS false')


def no_login(site: Site) -> None:
    site.run("ALTER ROLE {} NOLOGIN", site.user)


def expired(site: Site) -> None:
    site.run("ALTER ROLE {} VALID UNTIL '2020-01-01'", site.user)


REFUSALS: dict[str, tuple[Callable[[Site], None], str, str]] = {
    "CONNECT": (revoke_connect, "42501", "GRANT CONNECT ON DATABASE"),
    "pg_hba.conf": (not_admitted, "28000", "pg_hba.conf"),
    "connection limit": (limited, "53300", "CONNECTION LIMIT"),
    "no connections allowed": (closed, "55000", "ALLOW_CONNECTIONS true"),
    "NOLOGIN": (no_login, "28000", "LOGIN"),
    "expired": (expired, "28P01", "VALID UNTIL"),
}


@pytest.mark.parametrize(("do", "state", "remedy"), REFUSALS.values(), ids=REFUSALS.keys())
def test_a_refusal_is_told_by_its_sqlstate(reader: Site, do: Callable[[Site], None], state: str, remedy: str) -> None:
    do(reader)
    one = refusal(look(reader, "sales"))
    assert f"SQLSTATE {state}" in one["reason"]
    assert remedy in one["remedy"]
    assert one["database"] == reader.database


def test_the_remedy_for_connect_mends_it(reader: Site) -> None:
    revoke_connect(reader)
    reader.server.execute(refusal(look(reader, "sales"))["remedy"])
    look(reader, "sales").ok()


def test_other_databases_are_still_checked(reader: Site) -> None:
    other = reader.create_database("other")
    reader.run("REVOKE CONNECT ON DATABASE {} FROM PUBLIC", other)
    entries = [{"name": name, "schemas": ["sales"]} for name in (other, "there is no such", reader.database)]
    outcome = look(reader, databases=entries)
    assert {one["name"]: one["status"] for one in outcome["databases"]} == {
        reader.database: "ok",
        other: "failure",
        "there is no such": "failure",
    }
    assert refusal(outcome)["database"] == other
    (missing,) = found(outcome, "missing")
    assert "not found" in missing["reason"]
    assert missing["database"] == "there is no such"


def test_a_wrong_password_is_tried_on_one_database_only(reader: Site) -> None:
    before = reader.server.logged().count("28P01")
    entries = [{"name": name, "schemas": ["sales"]} for name in ("postgres", reader.database)]
    outcome = look(reader, databases=entries, password="wrong 'one\\")
    first, second = found(outcome, "connection", "failure")
    assert "SQLSTATE 28P01" in first["reason"]
    assert "Not tried" in second["reason"]
    assert outcome["server_version"] is None
    assert outcome["connection"] == {"works": False, "address": "", "tls": "", "pg_hba_proven": False}
    assert "wrong 'one" not in outcome.text
    assert reader.server.logged().count("28P01") - before == 1


@pytest.mark.parametrize("mode", ["prefer", "allow", "require", "disable"])
def test_a_wrong_password_is_one_refused_login_with_tls_too(encrypted: Encrypted, mode: str) -> None:
    refused = encrypted.server.logged().count("28P01")
    encrypted.server.execute("DROP ROLE IF EXISTS locked_out")
    encrypted.server.execute("CREATE ROLE locked_out LOGIN PASSWORD 'right'")
    wanted = {
        "login_host": encrypted.server.host,
        "login_port": encrypted.server.port,
        "user": "locked_out",
        "password": "wrong",
        "ssl_mode": mode,
        "databases": [{"name": "*", "schemas": ["*"]}],
    }
    assert run_module("visibility", wanted).failed
    assert encrypted.server.logged().count("28P01") - refused == 1
    encrypted.server.execute("DROP ROLE locked_out")


FORM: dict[str, tuple[dict[str, Any], str]] = {
    "a password of 129 characters": ({"password": "x" * 129}, "failure"),
    "a password with a blank at its end": ({"password": "secret "}, "failure"),
    "a host with an underscore": ({"login_host": "no_such_host"}, "warning"),
}


@pytest.mark.parametrize(("changes", "severity"), FORM.values(), ids=FORM.keys())
def test_what_metamappers_form_does_not_take_is_told(reader: Site, changes: dict[str, Any], severity: str) -> None:
    told = found(look(reader, "sales", **changes), "connection", severity)
    assert any("Metamapper's form" in one["reason"] for one in told)
    assert not any(changes.get("password", "no password") in str(one) for one in told)


def test_patterns_of_databases_with_a_wrong_password(reader: Site) -> None:
    one = refusal(look(reader, "sales", name="*", password="wrong"))
    assert "cannot be looked up" in one["reason"]


def test_nothing_listens(reader: Site) -> None:
    one = refusal(look(reader, "sales", login_port=free_port()))
    assert "SQLSTATE" not in one["reason"]
    assert "listens" in one["remedy"]


def test_tls_that_the_server_does_not_have(reader: Site) -> None:
    one = refusal(look(reader, "sales", ssl_mode="require"))
    assert "ssl = on" in one["remedy"]


def test_a_superuser_is_refused(reader: Site) -> None:
    reader.run("ALTER ROLE {} SUPERUSER", reader.user)
    outcome = look(reader, "sales")
    assert "is a superuser" in refusal(outcome)["reason"]
    assert outcome["seen"] == {}
    assert outcome["breakers_confirmed"] is False
    assert outcome["databases"] == [{"name": reader.database, "status": "failure", "schemas": []}]
    reader.server.execute(refusal(outcome)["remedy"])
    look(reader, "sales").ok()


def test_an_md5_hash_that_is_stored_is_told(reader: Site) -> None:
    stored = encrypt_password(reader.password, reader.user, algorithm="md5")
    reader.run(f"ALTER ROLE {{}} PASSWORD '{stored}'", reader.user)
    reader.server.hba(f"host all {reader.user} 127.0.0.1/32 md5\n{HBA}")
    outcome = look(reader, "sales").ok()
    told = [one for one in outcome["findings"] if "MD5" in one["reason"]]
    assert [one["severity"] for one in told] == ([] if version(reader.server) < 100000 else ["information"])


def test_a_login_that_becomes_another_role_is_refused(reader: Site) -> None:
    reader.run("ALTER ROLE {} SET role = {}", reader.user, reader.group)
    one = refusal(look(reader, "sales"))
    assert "becomes role" in one["reason"]
    assert "RESET role" in one["remedy"]


SOURCES = {
    "unknown": ("", "information", False),
    "the address that the server saw": ("127.0.0.1", "", True),
    "another one": ("192.0.2.7", "warning", False),
}


@pytest.mark.parametrize(("source", "severity", "is_proven"), SOURCES.values(), ids=SOURCES.keys())
def test_whether_pg_hba_is_proven_for_metamapper(reader: Site, source: str, severity: str, is_proven: bool) -> None:
    outcome = look(reader, "sales", source=source).ok()
    told = [one["severity"] for one in outcome["findings"] if "pg_hba.conf admits" in one["reason"]]
    assert told == ([severity] if severity else [])
    assert outcome["connection"] == {"works": True, "address": "127.0.0.1", "tls": "", "pg_hba_proven": is_proven}


def test_through_the_unix_socket(reader: Site) -> None:
    outcome = look(reader, "sales", login_unix_socket=reader.server.socket_directory, login_host="ignored").ok()
    assert outcome["connection"]["address"] == ""
    assert "Unix socket" in found(outcome, "connection", "information")[0]["reason"]


class BrokenPath:
    """A route that opens but carries no connection."""

    def parameters(self) -> dict[str, Any]:
        return {"port": free_port()}

    def must_retry(self, error: Exception, *, is_timeout: bool) -> bool:
        raise Failure([Problem("The bastion refused the forward.", by_hand("Allow it in sshd_config."))]) from error


class ClosedWay(contextlib.nullcontext[Route]):
    """A route that does not open."""

    def __enter__(self) -> Route:
        raise Failure([Problem("The host key of the bastion is not known.", by_hand("Learn it with ssh-keyscan."))])


WAYS = {
    "does not open": (lambda: ClosedWay(DIRECT), "host key", "ssh-keyscan"),
    "does not carry": (lambda: contextlib.nullcontext(BrokenPath()), "refused the forward", "sshd_config"),
}


@pytest.mark.parametrize(("way", "reason", "remedy"), WAYS.values(), ids=WAYS.keys())
def test_a_way_that_fails_is_told_in_its_own_words(
    reader: Site, way: Callable[[], ContextManager[Route]], reason: str, remedy: str
) -> None:
    request = request_from_options({**defaults(), **options(reader), "databases": [ENTRY, {**ENTRY, "name": "other"}]})
    login = Login(reader.user, Secret(reader.password), reader.server.host, reader.server.port)
    examination = examine(request, login, way())
    first = examination.findings[0]
    assert (first.aspect, first.severity) == ("connection", "failure")
    assert reason in first.reason
    assert remedy in first.remedy


def test_through_a_bastion_pg_hba_is_proven(reader: Site) -> None:
    entries = [{**ENTRY, "name": reader.database}]
    wanted = {**defaults(), **options(reader), "databases": entries}
    login = Login(reader.user, Secret(reader.password), reader.server.host, reader.server.port)
    request = request_from_options(wanted, through_bastion=True)
    assert examine(request, login, contextlib.nullcontext(DIRECT)).as_dict()["connection"]["pg_hba_proven"] is True


def defaults() -> dict[str, Any]:
    """Return what Ansible fills in for options that are not given."""
    return {name: one.get("default") for name, one in VISIBILITY_ARGUMENTS.items()}
