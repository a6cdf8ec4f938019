# SPDX-License-Identifier: GPL-3.0-or-later
"""All blockers are reported in one error before anything is written, and running its statements removes them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Callable
from unittest import mock

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.catalog.inspect import inspect_server

from tests.support.modules.access import HOSTILE, Admin, Warehouse, messages, remedies, version
from tests.support.modules.removal import remove, role_names
from tests.support.postgres.acls import acls, changed
from tools.postgres.snapshot import differences, snapshot
from tools.runners.modules import Outcome

SURVEY = "ansible_collections.metamapper.postgresql.plugins.module_utils._access.survey"


@dataclass(frozen=True)
class Case:
    """What somebody did, what the error says about it, and the options that fix it where no statement does."""

    do: Callable[[Warehouse], Any]
    says: str
    cure: tuple[tuple[str, Any], ...] = ()


def member(warehouse: Warehouse, role: str) -> None:
    other = warehouse.site.create_role("oth'er\"")
    warehouse.run("GRANT {} TO {}", role, other)


def elsewhere(warehouse: Warehouse, statement: str, *names: str) -> None:
    other = warehouse.site.create_database(f"{HOSTILE} other")
    warehouse.site.run(statement, *names, database=other)


def foreign_grantor(warehouse: Warehouse) -> None:
    grantor = warehouse.site.create_role("gran'tor\"")
    warehouse.run("GRANT USAGE ON SCHEMA {} TO {} WITH GRANT OPTION", warehouse.schema, grantor)
    warehouse.run_as(grantor, "GRANT USAGE ON SCHEMA {} TO {}", warehouse.schema, warehouse.user)


def passed_on(warehouse: Warehouse) -> None:
    warehouse.run("GRANT USAGE ON SCHEMA {} TO {} WITH GRANT OPTION", warehouse.schema, warehouse.group)
    warehouse.run_as(warehouse.group, "GRANT USAGE ON SCHEMA {} TO {}", warehouse.schema, warehouse.owner)


def closed_database(warehouse: Warehouse) -> None:
    other = warehouse.site.create_database(f"{HOSTILE} closed")
    warehouse.site.run("CREATE SCHEMA s; GRANT USAGE ON SCHEMA s TO {}", warehouse.group, database=other)
    warehouse.run("ALTER DATABASE {} ALLOW_CONNECTIONS false", other)


def no_connect(warehouse: Warehouse) -> None:
    other = warehouse.site.create_database(f"{HOSTILE} other")
    warehouse.site.run("CREATE SCHEMA s; GRANT USAGE ON SCHEMA s TO {}", warehouse.group, database=other)
    warehouse.run("REVOKE ALL ON DATABASE {} FROM PUBLIC", other)


def foreign_member(warehouse: Warehouse) -> None:
    """Let the user add a member to another role: from 16 on, that membership depends on the user as its grantor."""
    role, other = warehouse.site.create_role("ro'le"), warehouse.site.create_role("oth'er\"")
    warehouse.run("GRANT {} TO {} WITH ADMIN OPTION", role, warehouse.user)
    warehouse.run("ALTER ROLE {} RESET default_transaction_read_only", warehouse.user)
    warehouse.run_as(warehouse.user, "GRANT {} TO {}", role, other)


POLICY = 'ALTER TABLE {}."ta.ble" ENABLE ROW LEVEL SECURITY; CREATE POLICY {} ON {}."ta.ble" TO {}'

CASES = {
    "owner": Case(lambda w: w.run("CREATE SCHEMA mine AUTHORIZATION {}", w.user), "owns 1 objects in database"),
    "owner elsewhere": Case(
        lambda w: elsewhere(w, "CREATE SCHEMA mine AUTHORIZATION {}", w.group), "owns 1 objects in database"
    ),
    "owner of a database": Case(
        lambda w: w.run("ALTER DATABASE {} OWNER TO {}", w.site.create_database("owned"), w.user), "of the server as a"
    ),
    "owner of default privileges": Case(
        lambda w: w.run("ALTER DEFAULT PRIVILEGES FOR ROLE {} GRANT SELECT ON TABLES TO PUBLIC", w.user), "owns 1"
    ),
    "group with other members": Case(lambda w: member(w, w.group), "is a member of"),
    "user with members": Case(lambda w: member(w, w.user), "is a member of"),
    "policy for the role alone": Case(
        lambda w: w.run(POLICY, w.schema, f"{HOSTILE} p", w.schema, w.group), "names a role that is to be dropped"
    ),
    "policy for others too": Case(
        lambda w: w.run(POLICY + ", {}", w.schema, f"{HOSTILE} p", w.schema, w.user, w.owner), "names a role"
    ),
    "passed on": Case(passed_on, "has passed on to"),
    "database that is closed": Case(closed_database, "accepts no connections"),
    "superuser": Case(lambda w: w.run("ALTER ROLE {} SUPERUSER", w.user), "SUPERUSER", (("adopt", True),)),
    "creator of roles": Case(lambda w: w.run("ALTER ROLE {} CREATEROLE", w.user), "CREATEROLE", (("adopt", True),)),
    "group with login": Case(lambda w: w.run("ALTER ROLE {} LOGIN", w.group), "able to log in", (("adopt", True),)),
}
DEPUTY_CASES = {
    "grant by somebody else": Case(foreign_grantor, "was granted by"),
    "grant by the owner of a database": Case(
        lambda w: elsewhere(w, "GRANT CREATE ON SCHEMA public TO {}", w.group), "was granted by"
    ),
    "user mapping for somebody else's server": Case(
        lambda w: w.run("CREATE USER MAPPING FOR {} SERVER wrapper", w.user), "has a user mapping"
    ),
    "database without CONNECT": Case(no_connect, "may not connect to database"),
    "no right to make roles": Case(lambda w: w.run("ALTER ROLE {} NOCREATEROLE", w.admin.name), "lacks CREATEROLE"),
    "superuser": Case(lambda w: w.run("ALTER ROLE {} SUPERUSER", w.user), "SUPERUSER", (("adopt", True),)),
    "replication": Case(lambda w: w.run("ALTER ROLE {} REPLICATION", w.user), "REPLICATION", (("adopt", True),)),
}


def cleared(warehouse: Warehouse, refused: Outcome, cure: dict[str, Any]) -> Outcome:
    """Run the statements of the errors until the removal succeeds, three times at most; return the last outcome."""
    for _step in range(3):
        for problem in refused["problems"]:
            if problem["statement"]:
                is_about_it = problem["statement"].startswith("ALTER DATABASE")
                database = "postgres" if is_about_it else problem["database"]
                warehouse.site.run(problem["statement"], database=database or warehouse.database)
        refused = remove(warehouse, **cure)
        if not refused.failed:
            break
    return refused


def refuses_and_is_cured(warehouse: Warehouse, case: Case) -> None:
    warehouse.access().ok()
    case.do(warehouse)
    before = snapshot(warehouse.server, warehouse.database, "postgres")
    for check in (True, False):
        refused = remove(warehouse, check=check)
        assert refused.failed
        assert any(case.says in message for message in messages(refused)), messages(refused)
        assert refused["committed"] == []
        assert differences(before, snapshot(warehouse.server, warehouse.database, "postgres")) == []
    assert remedies(refused) or case.cure
    cleared(warehouse, refused, dict(case.cure)).ok()
    assert role_names(warehouse) == set()


@pytest.mark.thorough
@pytest.mark.parametrize("name", CASES)
def test_a_superuser_is_refused_and_cured(superuser_warehouse: Warehouse, name: str) -> None:
    refuses_and_is_cured(superuser_warehouse, CASES[name])


@pytest.mark.parametrize("name", DEPUTY_CASES)
def test_an_administrator_who_is_no_superuser_is_refused_and_cured(deputy_warehouse: Warehouse, name: str) -> None:
    refuses_and_is_cured(deputy_warehouse, DEPUTY_CASES[name])


def test_all_that_is_in_the_way_is_one_error(superuser_warehouse: Warehouse) -> None:
    warehouse = superuser_warehouse
    warehouse.access().ok()
    for name in ("owner", "owner elsewhere", "policy for others too", "group with other members", "passed on"):
        CASES[name].do(warehouse)
    refused = remove(warehouse)
    assert len(messages(refused)) == 5
    cleared(warehouse, refused, {}).ok()


def test_a_membership_that_hangs_on_the_user_is_named_where_it_would_end(superuser_warehouse: Warehouse) -> None:
    warehouse = superuser_warehouse
    warehouse.access().ok()
    foreign_member(warehouse)
    outcome = remove(warehouse)
    assert outcome.failed == (version(warehouse.server) >= 160000)
    if outcome.failed:
        assert "which would end with it" in outcome["msg"]
        cleared(warehouse, outcome, {}).ok()
    assert role_names(warehouse) == set()


def test_the_login_itself_is_never_dropped(warehouse: Warehouse) -> None:
    """No other problem is reported for this role: what it owns and has granted is not to be dropped."""
    refused = remove(warehouse, users=[{"name": warehouse.admin.name}], adopt=True)
    (message,) = messages(refused)
    assert message.endswith("is the administrator role of this task.")
    assert [one["kind"] for problem in refused["problems"] for one in problem["remedies"]] == ["person"]


def test_connections_that_the_administrator_may_not_end(deputy_warehouse: Warehouse) -> None:
    warehouse = deputy_warehouse
    warehouse.access().ok()
    with warehouse.login():
        refused = remove(warehouse, end_connections=True)
        assert "may not end the connections" in refused["msg"]
        cleared(warehouse, refused, {"end_connections": True}).ok()


def test_the_administrator_is_the_session_role(deputy_warehouse: Warehouse) -> None:
    warehouse = deputy_warehouse
    before = acls(warehouse.server, warehouse.database)
    warehouse.access().ok()
    login = warehouse.site.create_role("per'son\"al", "LOGIN NOINHERIT PASSWORD 'x'")
    warehouse.run("GRANT {} TO {}", warehouse.admin.name, login)
    admin, warehouse.admin = warehouse.admin, Admin(login, "x", is_superuser=False)
    assert remove(warehouse).failed
    remove(warehouse, session_role=admin.name).ok()
    warehouse.run("DROP ROLE {}", login)
    assert changed(before, acls(warehouse.server, warehouse.database)) == {}


OPTIONS = {
    "one name for both": ({"group": "same", "users": [{"name": "same"}]}, "one name space"),
    "reserved": ({"group": "pg_monitor"}, "reserved by PostgreSQL"),
    "public": ({"users": [{"name": "public"}]}, "reserved by PostgreSQL"),
    "empty": ({"users": [{"name": ""}]}, "is empty"),
    "twice": ({"users": [{"name": "a"}, {"name": "a"}]}, "more than once"),
    "number": ({"lock_timeout_ms": 0}, "lock_timeout_ms"),
}


@pytest.mark.parametrize(("change", "message"), OPTIONS.values(), ids=OPTIONS)
def test_wrong_options_are_refused(superuser_warehouse: Warehouse, change: dict[str, Any], message: str) -> None:
    assert message in remove(superuser_warehouse, **change)["msg"]


def test_a_group_alone_is_enough(superuser_warehouse: Warehouse) -> None:
    warehouse = superuser_warehouse
    warehouse.run("CREATE ROLE {}", warehouse.group)
    made = remove(warehouse, users=None)
    assert made.ok().statements == [f'DROP ROLE "{warehouse.group.replace(chr(34), chr(34) * 2)}"']


def test_a_replica_has_nothing_to_do_or_is_refused(superuser_warehouse: Warehouse) -> None:
    """The survey only reports that the server is in recovery: nothing else about a replica matters here."""
    warehouse = superuser_warehouse
    in_recovery = mock.Mock(side_effect=lambda *given: replace(inspect_server(*given), is_in_recovery=True))
    with mock.patch(f"{SURVEY}.inspect_server", in_recovery):
        assert not remove(warehouse).ok().changed
    warehouse.access().ok()
    with mock.patch(f"{SURVEY}.inspect_server", in_recovery):
        assert "in recovery" in remove(warehouse)["msg"]
    assert role_names(warehouse) == {warehouse.group, warehouse.user}


def test_a_login_whose_transactions_are_read_only_is_refused(deputy_warehouse: Warehouse) -> None:
    warehouse = deputy_warehouse
    warehouse.access().ok()
    warehouse.run("ALTER ROLE {} SET default_transaction_read_only = on", warehouse.admin.name)
    assert "default_transaction_read_only is on" in remove(warehouse)["msg"]
    warehouse.run("ALTER ROLE {} RESET default_transaction_read_only", warehouse.admin.name)
    remove(warehouse).ok()
    warehouse.run("ALTER ROLE {} SET default_transaction_read_only = on", warehouse.admin.name)
    assert not remove(warehouse).ok().changed
