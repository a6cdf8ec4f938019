# SPDX-License-Identifier: GPL-3.0-or-later
"""What a login proves about a password, and what is done when it proves nothing."""

from __future__ import annotations

from typing import Any, Callable, Iterator

import pytest
from psycopg2.extensions import encrypt_password

from tests.support.modules.access import PASSWORD, Warehouse, literal, password_states, version
from tools.postgres.server import HBA, SUPERUSER
from tools.postgres.snapshot import differences, snapshot
from tools.runners.modules import Outcome

Prepare = Callable[[Warehouse], Any]


@pytest.fixture
def granted(warehouse: Warehouse) -> Iterator[Warehouse]:
    """A warehouse with access granted, to a user whose name can be written in pg_hba.conf."""
    warehouse.user = warehouse.site.user
    warehouse.access().ok()
    try:
        yield warehouse
    finally:
        warehouse.server.hba(HBA)


def hba(warehouse: Warehouse, rule: str) -> None:
    """Put a rule for the metamapper user before the others."""
    warehouse.server.hba(f"host all {warehouse.user} 127.0.0.1/32 {rule}\n" + HBA)


def no_entry(warehouse: Warehouse) -> None:
    """Leave only the administrator's rules in pg_hba.conf."""
    admin = '"' + warehouse.admin.name.replace('"', '""') + '"'
    warehouse.server.hba("".join(f"host all {name} 127.0.0.1/32 scram-sha-256\n" for name in (admin, SUPERUSER)))


def set_password(warehouse: Warehouse, password: str) -> None:
    """Set the user's password by hand."""
    warehouse.run("ALTER ROLE {} PASSWORD " + literal(password).replace("{", "{{").replace("}", "}}"), warehouse.user)


def known(outcome: Outcome, warehouse: Warehouse) -> tuple[str, str]:
    """Return what the module reports about the password, and why."""
    (user,) = [user for user in outcome["users"] if user["name"] == warehouse.user]
    return user["password"], user["reason"]


def logins(warehouse: Warehouse, run: Callable[[], Outcome]) -> tuple[Outcome, int]:
    """Return the outcome of a run, and how many logins of the user, successful or not, the server logged."""
    position = len(warehouse.server.logged())
    outcome = run()
    log = warehouse.server.logged()[position:]
    authorized = log.count(f"connection authorized: user={warehouse.user} ")
    refused = log.count(f'authentication failed for user "{warehouse.user}"')
    return outcome, authorized + refused


def test_the_right_password_costs_one_login(granted: Warehouse) -> None:
    again, count = logins(granted, granted.access)
    assert known(again.ok(), granted) == ("proven", "")
    assert (again.changed, count) == (False, 1)


def test_a_wrong_password_is_tried_once_set_and_proven(granted: Warehouse) -> None:
    set_password(granted, "another")
    fixed, count = logins(granted, granted.access)
    assert password_states(fixed.ok()) == {granted.user: "set"}
    assert count == 2  # one with the old password, refused, and one that proves the new password
    assert granted.readable(granted.schema) == granted.relations
    assert known(granted.access().ok(), granted)[0] == "proven"


def test_check_mode_foresees_that_a_password_is_set_and_logs_in_once(granted: Warehouse) -> None:
    set_password(granted, "another")
    before = snapshot(granted.server)
    foreseen, count = logins(granted, lambda: granted.access(check=True, diff=True))
    assert password_states(foreseen.ok()) == {granted.user: "set"}
    assert foreseen.statements == [f"ALTER ROLE {granted.user} PASSWORD '********'"]
    assert "password: wrong" in foreseen["diff"]["before"]
    assert "password: set" in foreseen["diff"]["after"]
    assert count == 1
    assert differences(before, snapshot(granted.server)) == []


PASSWORDS = {
    "quotes": "'\"`$$",
    "backslashes": "\\\\'\\n\\",
    "percent-and-braces": "%s %(x)s {0} {{",
    "spaces": "in the\u00a0middle, and a\ttab",
    "saslprep-maps": "\u212b\u00ad\u3000\u2168",
    "saslprep-refuses": "\u0007bell \u06f1a",
    "long": "x" * 128,
    "emoji": "🐘🔑",
}


@pytest.mark.parametrize("case", PASSWORDS)
def test_any_password_can_be_set_proven_and_used(deputy_warehouse: Warehouse, case: str) -> None:
    warehouse = deputy_warehouse
    warehouse.password = PASSWORDS[case]
    warehouse.access().ok()
    assert warehouse.readable(warehouse.schema) == warehouse.relations
    assert known(warehouse.access().ok(), warehouse) == ("proven", "")
    set_password(warehouse, "another")
    assert password_states(warehouse.access().ok()) == {warehouse.user: "set"}
    assert known(warehouse.access().ok(), warehouse) == ("proven", "")


# Where a login proves nothing: what prevents it, and a part of the reason that is reported.
BLIND: dict[str, tuple[Prepare, str]] = {
    "trust": (lambda w: hba(w, "trust"), "without asking for a password"),
    "reject": (lambda w: hba(w, "reject"), "pg_hba.conf"),
    "clear text": (lambda w: hba(w, "password"), "asks for the password in clear text"),
    "no-entry": (no_entry, "pg_hba.conf"),
}


@pytest.mark.parametrize("case", BLIND)
def test_without_pg_authid_what_cannot_be_proven_is_left_alone(granted: Warehouse, case: str) -> None:
    prepare, reason = BLIND[case]
    set_password(granted, "another")
    prepare(granted)
    before = snapshot(granted.server)
    outcome = granted.access().ok()
    state, why = known(outcome, granted)
    assert reason in why
    if granted.admin.is_superuser:  # pg_authid shows that another password is stored
        assert (state, outcome.changed) == ("set", True)
    else:
        assert (state, outcome.changed) == ("unproven", False)
        assert differences(before, snapshot(granted.server)) == []


@pytest.mark.parametrize("case", BLIND)
def test_with_pg_authid_the_stored_verifier_proves_it(granted: Warehouse, case: str) -> None:
    prepare, reason = BLIND[case]
    prepare(granted)
    outcome = granted.access().ok()
    assert not outcome.changed
    expected = "proven" if granted.admin.is_superuser else "unproven"
    assert known(outcome, granted)[0] == expected
    assert reason in known(outcome, granted)[1]


def test_an_md5_entry_accepts_the_scram_verifier(granted: Warehouse) -> None:
    hba(granted, "md5")
    assert known(granted.access().ok(), granted) == ("proven", "")
    set_password(granted, "another")
    assert password_states(granted.access().ok()) == {granted.user: "set"}


def test_an_md5_hash_that_is_stored_is_right_and_worth_a_note(granted: Warehouse) -> None:
    if version(granted.server) < 100000:
        assert granted.access().ok().warnings == []  # 9.6 has nothing better
        return
    hba(granted, "md5")
    set_password(granted, encrypt_password(PASSWORD, granted.user, algorithm="md5"))
    outcome, count = logins(granted, granted.access)
    assert (known(outcome.ok(), granted), outcome.changed, count) == (("proven", ""), False, 1)
    (note,) = outcome.warnings
    assert note.startswith(f'The server stores the password of "{granted.user}" as an MD5 hash')
    granted.password = "another"
    granted.access().ok()
    assert granted.access().ok().warnings == []


def test_a_verifier_that_costs_minutes_is_replaced_without_a_login(superuser_warehouse: Warehouse) -> None:
    warehouse = superuser_warehouse
    if version(warehouse.server) < 100000:
        return  # 9.6 stores no SCRAM verifiers
    warehouse.access().ok()
    key = "A" * 43 + "="
    stored = f"SCRAM-SHA-256$2000000000:c2FsdHNhbHRzYWx0MTI=${key}:{key}"
    # ALTER ROLE would compute the verifier once, to check that it is not that of an empty password.
    update = "UPDATE pg_authid SET rolpassword = %s WHERE rolname = %s"
    warehouse.server.execute(update, parameters=[stored, warehouse.user])
    assert password_states(warehouse.access(check=True).ok()) == {warehouse.user: "set"}
    assert password_states(warehouse.access().ok()) == {warehouse.user: "set"}
    assert known(warehouse.access().ok(), warehouse) == ("proven", "")


def test_an_expired_password_is_repaired_first_and_tried_then(granted: Warehouse) -> None:
    granted.run("ALTER ROLE {} VALID UNTIL '2001-01-01' PASSWORD 'another'", granted.user)
    assert password_states(granted.access().ok()) == {granted.user: "set"}
    assert known(granted.access().ok(), granted) == ("proven", "")
    granted.run("ALTER ROLE {} VALID UNTIL '2001-01-01'", granted.user)
    checked = granted.access(check=True).ok()
    assert f"ALTER ROLE {granted.user} VALID UNTIL 'infinity'" in checked.statements
    repaired = granted.access().ok()
    assert repaired.changed
    assert password_states(repaired) == {granted.user: "proven"}
    again = granted.access().ok()
    assert (again.changed, known(again, granted)) == (False, ("proven", ""))


def test_a_role_without_login_is_mended_first_and_asked_then(granted: Warehouse) -> None:
    granted.run("ALTER ROLE {} NOLOGIN PASSWORD 'another'", granted.user)
    fixed, count = logins(granted, granted.access)
    assert password_states(fixed.ok()) == {granted.user: "set"}
    assert count <= 2
    assert granted.readable(granted.schema) == granted.relations
    granted.run("ALTER ROLE {} NOLOGIN", granted.user)
    fixed, count = logins(granted, granted.access)
    assert (known(fixed.ok(), granted)[0], count) == ("proven", 0 if granted.admin.is_superuser else 1)


def test_a_connection_limit_that_is_reached_is_no_refusal(granted: Warehouse) -> None:
    granted.access(connection_limit=1).ok()
    with granted.login():
        outcome, count = logins(granted, lambda: granted.access(connection_limit=1))
        state, reason = known(outcome.ok(), granted)
    assert (outcome.changed, count) == (False, 0)
    assert state == ("proven" if granted.admin.is_superuser else "unproven")
    assert "connection limit of 1 is reached" in reason


def test_a_limit_that_only_the_login_meets_is_no_refusal_of_the_password(superuser_warehouse: Warehouse) -> None:
    """Superusers are exempt from the database's limit, and the module does not check it before the login."""
    warehouse = superuser_warehouse
    warehouse.access().ok()
    warehouse.run("ALTER DATABASE {} CONNECTION LIMIT 0", warehouse.database)
    outcome = warehouse.access()
    state, reason = known(outcome.ok(), warehouse)
    assert (outcome.changed, state) == (False, "proven")
    assert "FATAL: too many connections for database" in reason
    assert "LOCATION" not in reason


def test_a_missing_connect_is_given_before_the_password_is_asked(granted: Warehouse) -> None:
    granted.run("REVOKE CONNECT ON DATABASE {} FROM {}, PUBLIC", granted.database, granted.group)
    set_password(granted, "another")
    fixed, count = logins(granted, granted.access)
    assert password_states(fixed.ok()) == {granted.user: "set"}
    assert count <= 2
    assert known(granted.access().ok(), granted) == ("proven", "")


@pytest.mark.parametrize("ssl_mode", ["prefer", "allow"])
def test_a_wrong_password_is_tried_once_with_every_mode(granted: Warehouse, ssl_mode: str) -> None:
    set_password(granted, "another")
    _outcome, count = logins(granted, lambda: granted.access(check=True, ssl_mode=ssl_mode).ok())
    assert count == 1


def test_an_administrator_on_the_socket_proves_it_over_tcp(superuser_warehouse: Warehouse) -> None:
    warehouse = superuser_warehouse
    socket: dict[str, Any] = {"login_host": "", "login_unix_socket": warehouse.server.socket_directory}
    warehouse.access(**socket).ok()
    assert known(warehouse.access(**socket).ok(), warehouse) == ("proven", "")


def test_two_users_with_passwords_of_their_own(deputy_warehouse: Warehouse) -> None:
    warehouse = deputy_warehouse
    second = warehouse.site.role_name("sec'ond\"")
    users = [{"name": warehouse.user, "password": PASSWORD}, {"name": second, "password": PASSWORD[::-1]}]
    warehouse.access(users=users).ok()
    assert password_states(warehouse.access(users=users).ok()) == {warehouse.user: "proven", second: "proven"}
