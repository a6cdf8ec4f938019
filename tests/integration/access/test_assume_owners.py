# SPDX-License-Identifier: GPL-3.0-or-later
"""The administrator joins owners for the length of a transaction; afterwards its memberships are as before."""

from __future__ import annotations

import random
import signal
import time
from typing import Any, Callable, Mapping

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.identifier import identifier

from tests.support.modules.access import HOSTILE, literal, version
from tests.support.patience import eventually
from tests.support.postgres.site import Site
from tools.postgres.proxy import proxy
from tools.postgres.snapshot import differences, snapshot
from tools.runners.modules import Outcome, run_module, start_module

ADVICE = "Set metamapper_assume_owners: true"

PASSWORD = "deputy's secret"
MEMBERSHIPS = """
SELECT r.rolname::text, m.rolname::text, g.rolname::text, to_jsonb(am) - 'oid' - 'roleid' - 'member' - 'grantor'
  FROM pg_auth_members am
  JOIN pg_roles r ON r.oid = am.roleid JOIN pg_roles m ON m.oid = am.member LEFT JOIN pg_roles g ON g.oid = am.grantor
 WHERE m.rolname = %s OR g.rolname = %s
 ORDER BY 1, 2, 3
"""


class Estate:
    """Two databases of an owner with a hostile name, with tables of another role; the administrator owns nothing."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.server = site.server
        self.version = version(site.server)
        self.admin = site.create_role(f"{HOSTILE} a", f"LOGIN CREATEROLE PASSWORD {literal(PASSWORD)}")
        self.owner, self.creator = (self.role(name) for name in (f"{HOSTILE} o", "creator"))
        self.databases = [site.create_database(name, owner=self.owner) for name in ("one", f"{HOSTILE} two")]
        for database in self.databases:
            for schema in ("sales", "hr"):
                self.run("CREATE SCHEMA {} AUTHORIZATION {}", schema, self.owner, database=database)
                self.run("GRANT ALL ON SCHEMA {} TO {}", schema, self.creator, database=database)
                for role, table in ((self.owner, "t"), (self.creator, "u")):
                    self.run("SET ROLE {}; CREATE TABLE {}.{}(id int)", role, schema, table, database=database)
            self.run("REVOKE CONNECT ON DATABASE {} FROM PUBLIC", database, database=database)
            self.run("GRANT CONNECT ON DATABASE {} TO {}", database, self.admin, database=database)

    def run(self, script: str, *names: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Run statements as the superuser."""
        return self.site.run(script, *names, database=database)

    def role(self, name: str) -> str:
        """Return a new role on which the administrator has ADMIN OPTION from 16 on, as if it had created the role."""
        role = self.site.create_role(name)
        if self.version >= 160000:
            self.run("GRANT {} TO {} WITH ADMIN TRUE, INHERIT FALSE, SET FALSE", role, self.admin)
        return role

    def access(self, *schemas: str, check: bool = False, **changes: Any) -> Outcome:
        """Run the module as the administrator, with assume_owners; on schemas sales and hr unless others are named."""
        return run_module("access", self.options(*schemas, **changes), check=check)

    def options(self, *schemas: str, **changes: Any) -> dict[str, Any]:
        """Return the options of such a run."""
        entries = [{"name": name, "schemas": list(schemas or ("sales", "hr"))} for name in self.databases]
        return {
            "login_host": self.server.host,
            "login_port": self.server.port,
            "login_user": self.admin,
            "login_password": PASSWORD,
            "group": self.site.group,
            "users": [{"name": self.site.user, "password": self.site.password}],
            "databases": entries,
            "assume_owners": True,
            **changes,
        }

    @property
    def absent(self) -> dict[str, Any]:
        """The options that revoke all access."""
        return {"state": "absent", "users": [{"name": self.site.user}], "databases": None}

    def memberships(self) -> list[tuple[Any, ...]]:
        """Return the rows of pg_auth_members for the administrator, except those of Metamapper's roles."""
        rows = self.server.execute(MEMBERSHIPS, parameters=[self.admin, self.admin])
        return [row for row in rows if row[0] not in (self.site.group, self.site.user)]

    def readable(self, database: str, schema: str) -> set[str]:
        """Return the tables of a schema that the user can read."""
        query = (
            "SELECT c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = %s"
            " AND c.relkind = 'r' AND has_schema_privilege(%s, n.oid, 'USAGE')"
            " AND has_table_privilege(%s, c.oid, 'SELECT')"
        )
        rows = self.server.execute(query, database=database, parameters=[schema, self.site.user, self.site.user])
        return {row[0] for row in rows}


@pytest.fixture
def estate(site: Site) -> Estate:
    """Databases of other owners, and an administrator who may grant itself membership in these owners."""
    return Estate(site)


def _member(options: str = "", *, by_itself: bool = False) -> Callable[[Estate], None]:
    """Return a function that grants the administrator membership in the owner; before 16 without the options of 16."""

    def grant(estate: Estate) -> None:
        has_options = estate.version >= 160000 or options == "WITH ADMIN OPTION"
        script = f"GRANT {{}} TO {{}} {options if has_options else ''}"
        names = [estate.owner, estate.admin]
        if by_itself:
            estate.run(f"SET ROLE {{}}; {script}", estate.admin, *names)
        else:
            estate.run(script, *names)

    return grant


def _without_inherit(estate: Estate) -> None:
    """Before 16, inheritance is an attribute of the member and not of the membership."""
    estate.run("ALTER ROLE {} NOINHERIT", estate.admin)
    _member()(estate)


def _noinherit_alone(estate: Estate) -> None:
    estate.run("ALTER ROLE {} NOINHERIT", estate.admin)


def _indirect(estate: Estate) -> None:
    between = estate.site.create_role("between", "NOLOGIN NOINHERIT")
    estate.run("GRANT {} TO {}", estate.owner, between)
    estate.run("GRANT {} TO {}" + (" WITH INHERIT FALSE" if estate.version >= 160000 else ""), between, estate.admin)


def _through_a_team(estate: Estate) -> None:
    """Another role, whose privileges the administrator inherits, holds ADMIN OPTION."""
    team = estate.site.create_role("team")
    has_options = estate.version >= 160000
    for role in (estate.owner, estate.creator):
        estate.run("REVOKE {} FROM {}", role, estate.admin)
        options = "WITH ADMIN TRUE, INHERIT FALSE, SET FALSE" if has_options else "WITH ADMIN OPTION"
        estate.run(f"GRANT {{}} TO {{}} {options}", role, team)
    estate.run("GRANT {} TO {}" + (" WITH INHERIT TRUE, SET FALSE" if has_options else ""), team, estate.admin)


STATES: Mapping[str, Callable[[Estate], None]] = {
    "none": lambda _estate: None,
    "member": _member(),
    "with admin": _member("WITH ADMIN OPTION"),
    "without inherit": _without_inherit,
    "noinherit, no member": _noinherit_alone,
    "indirect": _indirect,
    "own row, nothing": _member("WITH INHERIT FALSE, SET FALSE", by_itself=True),
    "own row, inherit": _member("WITH INHERIT TRUE, SET FALSE", by_itself=True),
    "own row, set": _member("WITH INHERIT FALSE, SET TRUE", by_itself=True),
    "other's row, nothing": _member("WITH INHERIT FALSE, SET FALSE"),
    "through a team": _through_a_team,
}
QUICK = ("none", "without inherit", "own row, nothing")


@pytest.mark.parametrize(
    "state", [pytest.param(one, marks=() if one in QUICK else pytest.mark.thorough) for one in STATES]
)
def test_memberships_are_those_of_before(estate: Estate, state: str) -> None:
    STATES[state](estate)
    before = estate.memberships()
    expected = estate.access(check=True).ok()
    assert estate.memberships() == before
    made = estate.access().ok()
    assert made.statements == expected.statements
    assert estate.memberships() == before
    for database in estate.databases:
        assert [estate.readable(database, schema) for schema in ("sales", "hr")] == [{"t", "u"}, {"t", "u"}]
    assert not estate.access().ok().changed
    narrowed = estate.access("sales", exclusive=True).ok()
    assert narrowed.changed
    assert estate.memberships() == before
    assert [estate.readable(database, "hr") for database in estate.databases] == [set(), set()]
    expected = estate.access(check=True, **estate.absent).ok()
    gone = estate.access(**estate.absent).ok()
    assert gone.statements == expected.statements
    assert estate.memberships() == before
    assert not estate.access(**estate.absent).ok().changed


def test_the_membership_is_the_first_statement_and_undone_in_the_last(estate: Estate) -> None:
    planned = estate.access(check=True).ok().statements
    if estate.version >= 160000:
        granted, undone = " WITH INHERIT FALSE, SET TRUE GRANTED BY ", " GRANTED BY "
    else:
        granted = undone = ""
    owner, creator, admin = (identifier(name) for name in (estate.owner, estate.creator, estate.admin))
    by = {"granted": f"{granted}{admin}" if granted else "", "undone": f"{undone}{admin}" if undone else ""}
    first = planned.index(f"GRANT {creator} TO {admin}{by['granted']}")
    assert planned[first + 1] == f"GRANT {owner} TO {admin}{by['granted']}"
    last = planned.index(f"REVOKE {owner} FROM {admin}{by['undone']}")
    assert planned[last - 2 : last] == [f"SET LOCAL ROLE {admin}", f"REVOKE {creator} FROM {admin}{by['undone']}"]
    assert sum(text.startswith("SET LOCAL ROLE") for text in planned[first:last]) == 3


def test_refused_beforehand_in_one_message(estate: Estate) -> None:
    """Objects of a superuser are refused; from 16 on also of a role on which the administrator lacks ADMIN OPTION."""
    stranger = estate.site.create_role("stranger", "NOLOGIN" if estate.version >= 160000 else "SUPERUSER")
    for database in estate.databases:
        estate.run("CREATE TABLE sales.boss(id int)", database=database)
        estate.run("CREATE TABLE hr.s(id int); ALTER TABLE hr.s OWNER TO {}", stranger, database=database)
    before = snapshot(estate.server, *estate.databases)
    refused = estate.access()
    assert refused.failed
    found = [problem for problem in refused["problems"] if problem["database"]]
    assert [(problem["database"], problem["object"]) for problem in found] == [
        (database, relation) for database in sorted(estate.databases) for relation in ('"hr"."s"', '"sales"."boss"')
    ]
    assert all("cannot assume it" in problem["message"] for problem in found)
    assert differences(before, snapshot(estate.server, *estate.databases)) == []
    for database in estate.databases:
        for relation in ("hr.s", "sales.boss"):
            estate.run(f"ALTER TABLE {relation} OWNER TO {{}}", estate.owner, database=database)
    estate.access().ok()


def test_an_owner_without_usage_on_the_schema_is_refused(estate: Estate) -> None:
    for database in estate.databases:
        estate.run("REVOKE ALL ON SCHEMA hr FROM {}", estate.creator, database=database)
    refused = estate.access()
    found = [problem for problem in refused["problems"] if problem["database"]]
    assert [problem["object"] for problem in found] == ["hr", "hr"]
    assert {problem["statement"] for problem in found} == {f"GRANT USAGE ON SCHEMA hr TO {identifier(estate.creator)};"}
    for database in estate.databases:
        estate.run("GRANT USAGE ON SCHEMA hr TO {}", estate.creator, database=database)
    estate.access().ok()


def test_it_is_the_first_remedy_where_it_helps(estate: Estate) -> None:
    for database in estate.databases:
        estate.run("CREATE TABLE sales.boss(id int)", database=database)
    refused = estate.access(assume_owners=False)
    advised = {problem["object"] for problem in refused["problems"] if ADVICE in problem["remedy"]}
    others = {problem["object"] for problem in refused["problems"] if ADVICE not in problem["remedy"]}
    assert others == {'"sales"."boss"', estate.site.group}
    assert advised == {"hr", "sales", '"hr"."t"', '"hr"."u"', '"sales"."t"', '"sales"."u"', *estate.databases}


@pytest.mark.thorough
@pytest.mark.parametrize("seed", range(4))
def test_killed_at_any_moment(estate: Estate, seed: int) -> None:
    _member("WITH INHERIT FALSE, SET FALSE", by_itself=True)(estate)
    before = estate.memberships()
    with proxy(estate.server.host, estate.server.port, delay_seconds=0.02) as between:
        process = start_module("access", estate.options(login_port=between.port, ssl_mode="disable"))
        while not between.conversations and process.poll() is None:
            time.sleep(0.01)
        time.sleep(random.Random(seed).uniform(0, 2.5))
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=30)
    query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'metamapper.postgresql'"
    assert eventually(lambda: estate.server.execute(query) == [(0,)], 20)
    assert estate.memberships() == before
    estate.access().ok()
    assert estate.memberships() == before


@pytest.mark.thorough
def test_beside_other_runs(estate: Estate) -> None:
    """The runs assume the same owners, in two databases in different order; all databases share pg_auth_members."""
    before = estate.memberships()
    estate.access().ok()
    estate.access(**estate.absent).ok()
    several = [estate.options(group=f"{estate.site.group}_{number}", users=[]) for number in range(4)]
    for number, options in enumerate(several):
        options["users"] = [{"name": f"{estate.site.user}_{number}", "password": estate.site.password}]
        options["databases"] = options["databases"][:: 1 if number % 2 else -1]
    processes = [start_module("access", options) for options in several]
    for process in processes:
        process.communicate(timeout=120)
    assert [process.returncode for process in processes] == [0] * 4
    ours = {options["group"] for options in several} | {options["users"][0]["name"] for options in several}
    assert [row for row in estate.memberships() if row[0] not in ours] == before
    assert not any(run_module("access", options).ok().changed for options in several)
