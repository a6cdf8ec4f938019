# SPDX-License-Identifier: GPL-3.0-or-later
"""Privileges that roles hold are found through pg_shdepend and revoked, whoever granted them."""

from __future__ import annotations

from typing import Collection

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.catalog.facts import AclItem
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.catalog.inspect import (
    Narrowed,
    inspect_database,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.privileges.obstacles import revoke_obstacles
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.privileges.statements import (
    revoke_statements,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.sql_statement import texts
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.driver import Connection
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.session import Session, render

from tests.support.modules.access import Warehouse
from tests.support.postgres.acls import acls, changed
from tests.support.postgres.holdings import everything, grant, grants, held, make_objects


def take_back(warehouse: Warehouse, found: Collection[AclItem]) -> list[str]:
    """Run the statements that revoke ACL items, as the administrator, and return them."""
    statements = revoke_statements(found, administrator=warehouse.admin.name)
    login = {"user": warehouse.admin.name, "password": warehouse.admin.password}
    with Session(Connection(warehouse.server.connect(warehouse.database, **login))) as session:
        session.begin("READ WRITE")
        session.run([render(statement) for statement in statements])
        session.commit()
    return texts(statements)


def found_by_admin(warehouse: Warehouse, *roles: str) -> list[AclItem]:
    """Return the ACL items of some roles, as the administrator finds them."""
    return held(warehouse, *roles, user=warehouse.admin.name, password=warehouse.admin.password)


def test_every_kind_of_object_is_found_and_taken_back(superuser_warehouse: Warehouse) -> None:
    warehouse = superuser_warehouse
    schema = make_objects(warehouse)
    group = warehouse.site.create_role(warehouse.group)
    other = warehouse.site.create_role("oth'er\"")
    for statement in grants(warehouse).values():
        grant(warehouse, statement, schema, other)
    before = acls(warehouse.server, warehouse.database)
    lost = []
    for kind, statement in grants(warehouse).items():
        grant(warehouse, statement, schema, group)
        found = held(warehouse, group)
        take_back(warehouse, found)
        if {item.grantee for item in found} != {group} or held(warehouse, group):
            lost.append(kind)
    assert lost == []
    assert changed(before, acls(warehouse.server, warehouse.database)) == {}


def test_all_at_once_goes_in_an_order_that_never_leaves_select_without_usage(superuser_warehouse: Warehouse) -> None:
    warehouse = superuser_warehouse
    schema = make_objects(warehouse)
    group = warehouse.site.create_role(warehouse.group)
    before = acls(warehouse.server, warehouse.database)
    for statement in grants(warehouse).values():
        grant(warehouse, statement, schema, group)
    statements = take_back(warehouse, held(warehouse, group))
    words = [statement.split(" ON ")[-1].split()[0] for statement in statements]
    assert words[0] == "TABLE"
    assert words[-5:] == ["SCHEMA", "SCHEMA", "DATABASE", "DATABASE", "DATABASE"]
    assert changed(before, acls(warehouse.server, warehouse.database)) == {}


def test_a_grant_by_another_grantor_is_taken_back_as_that_one(warehouse: Warehouse) -> None:
    group = warehouse.site.create_role(warehouse.group)
    grantor = warehouse.site.create_role("gran'tor\"")
    warehouse.run("GRANT USAGE ON SCHEMA {} TO {} WITH GRANT OPTION", warehouse.schema, grantor)
    warehouse.run('GRANT SELECT ON {}."ta.ble" TO {} WITH GRANT OPTION', warehouse.schema, grantor)
    before = acls(warehouse.server, warehouse.database)
    warehouse.run('GRANT SELECT ON {}."ta.ble" TO {}', warehouse.schema, group)
    warehouse.run_as(grantor, 'GRANT SELECT ON {}."ta.ble" TO {}', warehouse.schema, group)
    warehouse.run_as(grantor, "GRANT USAGE ON SCHEMA {} TO {}", warehouse.schema, group)
    found = found_by_admin(warehouse, group)
    if not warehouse.admin.is_superuser:
        problems = revoke_obstacles(
            found, roles=[group], database=warehouse.database, administrator=warehouse.admin.name
        )
        assert [problem.database for problem in problems] == [warehouse.database]
        warehouse.run(problems[0].statement)
        found = found_by_admin(warehouse, group)
    statements = take_back(warehouse, found)
    assert any(statement.startswith("SET LOCAL ROLE") for statement in statements) == warehouse.admin.is_superuser
    assert found_by_admin(warehouse, group) == []
    assert changed(before, acls(warehouse.server, warehouse.database)) == {}


def test_what_hangs_on_an_item_goes_with_it(warehouse: Warehouse) -> None:
    group = warehouse.site.create_role(warehouse.group)
    user = warehouse.site.create_role(warehouse.user)
    before = acls(warehouse.server, warehouse.database)
    warehouse.run("GRANT USAGE ON SCHEMA {} TO {} WITH GRANT OPTION", warehouse.schema, group)
    warehouse.run_as(group, "GRANT USAGE ON SCHEMA {} TO {}", warehouse.schema, user)
    statements = take_back(warehouse, found_by_admin(warehouse, group, user))
    assert [statement.rsplit(" ", 1)[-1] for statement in statements] == ["CASCADE"]
    assert changed(before, acls(warehouse.server, warehouse.database)) == {}


def test_what_was_passed_on_to_others_is_a_problem_with_its_remedy(warehouse: Warehouse) -> None:
    group = warehouse.site.create_role(warehouse.group)
    other = warehouse.site.create_role("oth'er\"")
    warehouse.run("GRANT USAGE ON SCHEMA {} TO {} WITH GRANT OPTION", warehouse.schema, group)
    warehouse.run_as(group, "GRANT USAGE ON SCHEMA {} TO {}, PUBLIC", warehouse.schema, other)
    found = found_by_admin(warehouse, group)
    (problem,) = revoke_obstacles(found, roles=[group], database=warehouse.database, administrator=warehouse.admin.name)
    assert '"public"' in problem.message
    warehouse.run(problem.statement)
    found = found_by_admin(warehouse, group)
    assert revoke_obstacles(found, roles=[group], database=warehouse.database, administrator=warehouse.admin.name) == []
    take_back(warehouse, found)
    assert found_by_admin(warehouse, group) == []


def test_a_schema_without_usage_hides_what_is_in_it(deputy_warehouse: Warehouse) -> None:
    warehouse = deputy_warehouse
    group = warehouse.site.create_role(warehouse.group)
    schema = make_objects(warehouse)
    warehouse.run('ALTER TABLE {}."t,a\'b" OWNER TO {}', schema, warehouse.owner)
    warehouse.run('GRANT SELECT ON {}."t,a\'b" TO {}', schema, group)
    found = found_by_admin(warehouse, group)
    (problem,) = revoke_obstacles(found, roles=[group], database=warehouse.database, administrator=warehouse.admin.name)
    assert "USAGE" in problem.message
    warehouse.run(problem.statement)
    take_back(warehouse, found_by_admin(warehouse, group))
    assert found_by_admin(warehouse, group) == []


def test_a_default_privilege_that_outlived_its_schema_is_named(superuser_warehouse: Warehouse) -> None:
    warehouse = superuser_warehouse
    group = warehouse.site.create_role(warehouse.group)
    statement = "ALTER DEFAULT PRIVILEGES IN SCHEMA {} GRANT SELECT ON TABLES TO {}"
    warehouse.run("CREATE SCHEMA {}; " + statement, "gone", "gone", group)
    warehouse.run("DELETE FROM pg_depend WHERE classid = 'pg_default_acl'::regclass; DROP SCHEMA gone")
    (problem,) = revoke_obstacles(
        held(warehouse, group), roles=[group], database=warehouse.database, administrator=warehouse.admin.name
    )
    warehouse.run(problem.statement)
    assert held(warehouse, group) == []


@pytest.mark.parametrize("count", [1, 500, 501])
def test_a_statement_names_five_hundred_relations(superuser_warehouse: Warehouse, count: int) -> None:
    warehouse = superuser_warehouse
    group = warehouse.site.create_role(warehouse.group)
    warehouse.run("CREATE SCHEMA many")
    warehouse.run(f"DO $$BEGIN FOR i IN 1..{count} LOOP EXECUTE format('CREATE TABLE many.%I()', 't,' || i);"
                  " END LOOP; END$$")  # fmt: skip
    warehouse.run("GRANT SELECT ON ALL TABLES IN SCHEMA many TO {}", group)
    found = held(warehouse, group)
    assert len(found) == count
    assert len(take_back(warehouse, found)) == (count + 499) // 500
    assert held(warehouse, group) == []


def test_a_part_is_of_objects_and_brings_all_their_items(superuser_warehouse: Warehouse) -> None:
    warehouse = superuser_warehouse
    schema = make_objects(warehouse)
    group, other = warehouse.site.create_role(warehouse.group), warehouse.site.create_role("other")
    for statement in grants(warehouse).values():
        for role in (group, other):  # two items for each object
            grant(warehouse, statement, schema, role)
    whole = held(warehouse, group, other)
    objects = sorted({(item.class_id, item.object_id) for item in whole})
    for count in (1, len(objects) // 2, len(objects)):
        connection = Connection(warehouse.server.connect(warehouse.database))
        with Session(connection) as session:
            desired = everything(warehouse, group, other)
            narrowed = Narrowed(inspect_database(session, desired), frozenset({schema}), objects=objects[:count])
            found = inspect_database(session, desired, narrowed)
        expected = [item for item in whole if (item.class_id, item.object_id) in objects[:count]]
        assert sorted(found.extraneous, key=repr) == sorted(expected, key=repr)


def test_roles_that_hold_nothing_or_do_not_exist_have_no_item(superuser_warehouse: Warehouse) -> None:
    assert held(superuser_warehouse, "nobody", superuser_warehouse.group) == []
    assert revoke_statements([], administrator="x") == []
