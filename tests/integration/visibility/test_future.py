# SPDX-License-Identifier: GPL-3.0-or-later
"""Which roles' future tables will not be visible."""

from __future__ import annotations

from typing import Callable

import pytest

from tests.support.modules.visibility import HOSTILE, found, look, make_reader
from tests.support.postgres.site import Site


@pytest.fixture
def reader(site: Site) -> Site:
    """A site with group and user, and a schema whose owner has no LOGIN."""
    make_reader(site)
    site.run("CREATE SCHEMA sales AUTHORIZATION {}", site.create_role("owner"))
    site.run("GRANT USAGE ON SCHEMA sales TO {}", site.group)
    site.run(
        "ALTER DEFAULT PRIVILEGES FOR ROLE {} IN SCHEMA sales GRANT SELECT ON TABLES TO {}",
        site.role_name("owner"),
        site.group,
    )
    return site


def future(site: Site) -> list[str]:
    """Return the reasons in the findings of the aspect future."""
    return [one["reason"] for one in found(look(site, "sales"), "future")]


def member(site: Site, name: str, of: str, attributes: str = "LOGIN INHERIT") -> str:
    """Create a role that is a member of another one."""
    role = site.create_role(name, attributes)
    site.server.execute(f'GRANT "{of}" TO "{role}"')
    return role


def of_the_owner(site: Site) -> str:
    return member(site, "alice", site.role_name("owner"))


def of_a_role_with_create(site: Site) -> str:
    developers = site.create_role("developers")
    site.run("GRANT CREATE ON SCHEMA sales TO {}", developers)
    cover(site, developers)
    return member(site, "alice", developers)


def of_a_member(site: Site) -> str:
    return member(site, "alice", member(site, "team", site.role_name("owner"), "NOLOGIN INHERIT"))


def of_the_owner_of_the_database(site: Site) -> str:
    developers = site.create_role("developers")
    site.run("ALTER DATABASE {} OWNER TO {}", site.database, developers)
    owner = "pg_database_owner" if float(site.server.major) >= 14 else developers
    site.run(f'ALTER SCHEMA sales OWNER TO "{owner}"')
    cover(site, developers)
    return member(site, "alice", developers)


def with_create(site: Site) -> str:
    role = site.create_role("alice", "LOGIN")
    site.run("GRANT CREATE, USAGE ON SCHEMA sales TO {}", role)
    return role


def cover(site: Site, role: str) -> None:
    """Grant the group the default privilege on a role's future tables."""
    site.run("ALTER DEFAULT PRIVILEGES FOR ROLE {} IN SCHEMA sales GRANT SELECT ON TABLES TO {}", role, site.group)


CREATORS: dict[str, Callable[[Site], str]] = {
    "a member of the schema's owner": of_the_owner,
    "a member of a role with CREATE": of_a_role_with_create,
    "a member of a member": of_a_member,
    "a member of the owner of the database": of_the_owner_of_the_database,
    "a role with CREATE": with_create,
}


@pytest.mark.parametrize("make", CREATORS.values(), ids=CREATORS.keys())
def test_a_role_that_can_create_is_found_and_the_remedy_covers_it(reader: Site, make: Callable[[Site], str]) -> None:
    role = make(reader)
    outcome = look(reader, "sales")
    (one,) = found(outcome, "future")
    assert f'"{role}"' in one["reason"]
    assert outcome["databases"][0]["schemas"][0]["future_covered"] is False
    reader.run("SET ROLE {}; CREATE TABLE sales.mine (a int)", role)
    assert found(look(reader, "sales"), "missing")
    reader.run("DROP TABLE sales.mine")
    reader.server.execute(one["remedy"], database=reader.database)
    assert not future(reader)
    reader.run("SET ROLE {}; CREATE TABLE sales.mine (a int)", role)
    assert not found(look(reader, "sales").ok(), "missing")


def noinherit(site: Site) -> None:
    member(site, "alice", site.role_name("owner"), "LOGIN NOINHERIT")


def nologin(site: Site) -> None:
    member(site, "team", site.role_name("owner"), "NOLOGIN")


def superuser(site: Site) -> None:
    member(site, "root", site.role_name("owner"), "LOGIN SUPERUSER")


OTHERS: dict[str, Callable[[Site], None]] = {
    "a member that does not inherit": noinherit,
    "a member that cannot log in": nologin,
    "a superuser": superuser,
}


@pytest.mark.parametrize("make", OTHERS.values(), ids=OTHERS.keys())
def test_who_creates_nothing_of_its_own_is_not_found(reader: Site, make: Callable[[Site], None]) -> None:
    make(reader)
    assert not future(reader)


def test_a_superuser_that_owns_is_found(reader: Site) -> None:
    reader.run("CREATE TABLE sales.t (a int); GRANT SELECT ON sales.t TO {}", reader.group)
    assert any('"postgres"' in reason for reason in future(reader))


def test_create_through_public_is_found_and_the_remedy_ends_it(reader: Site) -> None:
    reader.run("GRANT CREATE ON SCHEMA sales TO PUBLIC")
    outcome = look(reader, "sales")
    (one,) = found(outcome, "future")
    assert "PUBLIC" in one["reason"]
    assert outcome["databases"][0]["schemas"][0]["future_covered"] is False
    reader.server.execute(one["remedy"], database=reader.database)
    assert not future(reader)


def test_hostile_names(reader: Site) -> None:
    reader.run("CREATE SCHEMA {}; GRANT CREATE ON SCHEMA {} TO PUBLIC", HOSTILE, HOSTILE)
    (one, other) = found(look(reader, HOSTILE), "future")
    for each in (one, other):
        reader.server.execute(each["remedy"], database=reader.database)
    assert not found(look(reader, HOSTILE), "future")


def test_explicit_creators_are_those_listed(reader: Site) -> None:
    of_the_owner(reader)
    outcome = look(reader, "sales", creators=[reader.role_name("owner")])
    assert not found(outcome, "future")
