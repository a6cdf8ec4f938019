# SPDX-License-Identifier: GPL-3.0-or-later
"""Which roles' future relations become readable: the rules of ``creators: auto``, and of a list."""

from __future__ import annotations

import pytest

from tests.support.modules.access import Warehouse, creators, messages, remedies, version
from tests.support.postgres.site import identifiers
from tools.postgres.snapshot import differences, snapshot
from tools.runners.modules import run_module


def new_table(warehouse: Warehouse, creator: str, schema: str) -> bool:
    """Create a table as a role, and tell whether Metamapper's user can read it."""
    warehouse.run_as(creator, "CREATE TABLE {}.brand_new(id int)", schema)
    is_readable = "brand_new" in warehouse.readable(schema)
    warehouse.run("DROP TABLE {}.brand_new", schema)
    return is_readable


def creator_with_create(warehouse: Warehouse, name: str, *, attributes: str = "NOLOGIN", reachable: bool = True) -> str:
    """Create a role with CREATE and USAGE granted to it directly on the first schema."""
    role = warehouse.site.create_role(f"cr'eator\" {name}", attributes)
    warehouse.run("GRANT CREATE, USAGE ON SCHEMA {} TO {}", warehouse.schema, role)
    if reachable and not warehouse.admin.is_superuser:
        warehouse.grant_role(role, warehouse.admin.name)
    return role


def by_right(warehouse: Warehouse) -> set[tuple[str, str]]:
    """Return the default privileges (role, privilege) that are expected where nobody else creates relations."""
    return {(name, "SELECT") for name in creators(warehouse)}


def test_the_owner_of_the_schema_is_a_creator(warehouse: Warehouse) -> None:
    warehouse.access().ok()
    assert new_table(warehouse, warehouse.owner, warehouse.schema)


def test_an_owner_of_relations_only_is_a_creator(warehouse: Warehouse) -> None:
    owner = creator_with_create(warehouse, "past")
    warehouse.run_as(owner, "CREATE TABLE {}.old(id int)", warehouse.schema)
    warehouse.run("REVOKE CREATE ON SCHEMA {} FROM {}", warehouse.schema, owner)
    warehouse.access().ok()
    assert warehouse.future_readers(warehouse.schema) == {*by_right(warehouse), (owner, "SELECT")}
    assert warehouse.future_readers(warehouse.other) == by_right(warehouse)


def test_a_role_with_a_direct_create_is_a_creator(warehouse: Warehouse) -> None:
    creator = creator_with_create(warehouse, "direct")
    warehouse.access().ok()
    assert new_table(warehouse, creator, warehouse.schema)


def member_of_the_owner(warehouse: Warehouse, attributes: str) -> str:
    """Create a role that is a member of the owner of the schemas."""
    role = warehouse.site.create_role("mem'ber\"", attributes)
    warehouse.server.execute(identifiers("GRANT {} TO {}", warehouse.owner, role))
    return role


def test_a_login_that_inherits_from_the_owner_is_a_creator(superuser_warehouse: Warehouse) -> None:
    warehouse = superuser_warehouse
    member = member_of_the_owner(warehouse, "LOGIN INHERIT")
    warehouse.access().ok()
    assert warehouse.future_readers(warehouse.schema) == {(warehouse.owner, "SELECT"), (member, "SELECT")}
    assert new_table(warehouse, member, warehouse.schema)


@pytest.mark.parametrize("attributes", ["LOGIN NOINHERIT", "NOLOGIN INHERIT", "LOGIN SUPERUSER"])
def test_a_member_that_makes_nothing_of_its_own_is_no_creator(superuser_warehouse: Warehouse, attributes: str) -> None:
    warehouse = superuser_warehouse
    member_of_the_owner(warehouse, attributes)
    warehouse.access().ok()
    assert warehouse.future_readers(warehouse.schema) == {(warehouse.owner, "SELECT")}


def test_of_whom_auto_covers_the_verification_does_not_warn(superuser_warehouse: Warehouse) -> None:
    warehouse = superuser_warehouse
    creator_with_create(warehouse, "direct")
    member_of_the_owner(warehouse, "LOGIN INHERIT")
    warehouse.access().ok()
    options = warehouse.options()
    seen = run_module(
        "visibility",
        {
            **{name: options[name] for name in ("login_host", "login_port", "group", "databases")},
            "user": warehouse.user,
            "password": warehouse.password,
        },
    )
    assert [one for one in seen["findings"] if one["aspect"] == "future"] == []


def test_public_is_no_creator(warehouse: Warehouse) -> None:
    warehouse.run("GRANT CREATE ON SCHEMA {} TO PUBLIC", warehouse.schema)
    warehouse.access().ok()
    assert warehouse.future_readers(warehouse.schema) == by_right(warehouse)


def test_a_superuser_with_create_alone_is_no_creator(superuser_warehouse: Warehouse) -> None:
    warehouse = superuser_warehouse
    creator_with_create(warehouse, "super", attributes="SUPERUSER")
    warehouse.access().ok()
    assert warehouse.future_readers(warehouse.schema) == {(warehouse.owner, "SELECT")}


def test_a_superuser_who_owns_a_relation_is_a_creator(superuser_warehouse: Warehouse) -> None:
    warehouse = superuser_warehouse
    warehouse.run("CREATE TABLE {}.mine(id int)", warehouse.schema)
    warehouse.access().ok()
    assert new_table(warehouse, warehouse.server.user, warehouse.schema)


def test_the_owner_of_an_extension_alone_is_no_creator(superuser_warehouse: Warehouse) -> None:
    warehouse = superuser_warehouse
    warehouse.run("CREATE EXTENSION pg_stat_statements SCHEMA {}", warehouse.other)
    warehouse.access().ok()
    assert warehouse.future_readers(warehouse.other) == {(warehouse.owner, "SELECT")}


def test_the_database_owner_stands_for_pg_database_owner(warehouse: Warehouse) -> None:
    if version(warehouse.server) >= 140000:
        warehouse.run("ALTER SCHEMA public OWNER TO pg_database_owner")
    owner = warehouse.server.execute(
        "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = %s", parameters=[warehouse.database]
    )[0][0]
    if version(warehouse.server) < 140000:
        warehouse.run("ALTER SCHEMA public OWNER TO {}", owner)
    warehouse.access(databases=[warehouse.entry(schemas=["public"])]).ok()
    assert warehouse.future_readers("public") == {(owner, "SELECT")}
    assert new_table(warehouse, owner, "public")


def shown_in_the_warning(warehouse: Warehouse, beginning: str) -> str:
    """Return the line with this beginning from the only warning of a run."""
    (warning,) = warehouse.access().ok().warnings
    (line,) = (line for line in warning.splitlines() if line.startswith(beginning))
    return line


def test_the_membership_that_the_warning_shows_brings_a_creator_within_reach(deputy_warehouse: Warehouse) -> None:
    warehouse = deputy_warehouse
    creator = creator_with_create(warehouse, "far", reachable=False)
    fix = shown_in_the_warning(warehouse, "  GRANT ")
    assert quoted(creator) in fix
    warehouse.run(fix)
    fixed = warehouse.access().ok()
    assert (len(fixed.statements), fixed.warnings) == (1, [])
    assert new_table(warehouse, creator, warehouse.schema)


def test_the_default_privilege_that_the_warning_shows_mends_it_too(deputy_warehouse: Warehouse) -> None:
    warehouse = deputy_warehouse
    creator = creator_with_create(warehouse, "far", reachable=False)
    warehouse.run(shown_in_the_warning(warehouse, "  ALTER DEFAULT PRIVILEGES "))
    again = warehouse.access().ok()
    assert (again.changed, again.warnings) == (False, [])
    assert new_table(warehouse, creator, warehouse.schema)


def quoted(name: str) -> str:
    """Return a name as the module shows it in statements."""
    return '"' + name.replace('"', '""') + '"'


def test_a_listed_creator_out_of_reach_is_an_error_and_nothing_is_written(deputy_warehouse: Warehouse) -> None:
    warehouse = deputy_warehouse
    creator = creator_with_create(warehouse, "far", reachable=False)
    entry = warehouse.entry(creators=[warehouse.owner, creator])
    before = snapshot(warehouse.server, warehouse.database)
    refused = warehouse.access(databases=[entry])
    assert refused.failed
    group_first, *others = messages(refused)
    assert quoted(warehouse.group) in group_first
    assert [quoted(creator) in message for message in others] == [True, True]
    assert differences(before, snapshot(warehouse.server, warehouse.database)) == []
    warehouse.grant_role(creator, warehouse.admin.name)
    warehouse.access(databases=[entry]).ok()
    assert new_table(warehouse, creator, warehouse.schema)
    assert not remedies(warehouse.access(databases=[entry]).ok())


def test_a_list_names_all_creators_there_are(warehouse: Warehouse) -> None:
    creator = creator_with_create(warehouse, "only")
    warehouse.access(databases=[warehouse.entry(creators=[creator])]).ok()
    assert warehouse.future_readers(warehouse.schema) == {(creator, "SELECT")}
    assert warehouse.future_readers(warehouse.other) == {(creator, "SELECT")}


def test_an_empty_list_is_no_creator_at_all(warehouse: Warehouse) -> None:
    made = warehouse.access(databases=[warehouse.entry(creators=[])]).ok()
    assert warehouse.future_readers(warehouse.schema) == set()
    assert [line for line in made.statements if line.startswith("ALTER DEFAULT")] == []
    assert not warehouse.access(databases=[warehouse.entry(creators=[])]).ok().changed


@pytest.mark.parametrize("privilege", ["INSERT", "UPDATE"])
def test_other_default_privileges_stay(warehouse: Warehouse, privilege: str) -> None:
    other = warehouse.site.create_role("wri'ter")
    warehouse.run(
        f"ALTER DEFAULT PRIVILEGES FOR ROLE {{}} IN SCHEMA {{}} GRANT {privilege} ON TABLES TO {{}}",
        warehouse.owner,
        warehouse.schema,
        other,
    )
    warehouse.access().ok()
    query = (
        "SELECT a.privilege_type FROM pg_default_acl f, aclexplode(f.defaclacl) a WHERE pg_get_userbyid(a.grantee) = %s"
    )
    rows = warehouse.server.execute(query, database=warehouse.database, parameters=[other])
    assert rows == [(privilege,)]
