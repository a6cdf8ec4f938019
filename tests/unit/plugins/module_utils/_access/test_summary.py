# SPDX-License-Identifier: GPL-3.0-or-later
"""The summaries before and after a run, as data and as the two sides of a diff."""

from __future__ import annotations

from typing import Any, Mapping

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.catalog.facts import (
    AclItem,
    DatabaseFacts,
    RoleFacts,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.privileges.desired import (
    connect_on,
    usage_on,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.privileges.diff import DatabasePlan
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.privileges.statements import Grant
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.summary import (
    changes,
    database_summary,
    desired_role_summary,
    diff_lines,
    disappearing,
    role_summary,
)
from hypothesis import given, strategies

from tests.support.values.catalogs import catalogs, granted, plan
from tests.support.values.names import (
    DIRECT,
    HOSTILE,
    LACKING,
    OUT_OF_REACH,
    THROUGH_PUBLIC,
    a_creator,
    a_database,
    a_reader,
    a_relation,
    a_request,
    a_role,
    a_schema,
    an_item,
)

GROUP = a_role("readers", members=("metamapper",))
WISH = a_request()
OURS = {"default_transaction_read_only": "on", "client_encoding": "UTF8"}


def held(usage: str = "granted", relations: int = 0, granted: int = 0, future: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the entry of a schema in a summary."""
    properties = {"privilege": "SELECT", "relations": relations, "granted": granted, "other": 0}
    return {"usage": usage, **properties, "future": list(future)}


THREE_RELATIONS = a_database(
    a_schema(HOSTILE, DIRECT),
    connect=DIRECT,
    creators=(
        a_creator(HOSTILE, "a", relations=2, has_default_privilege=True),
        a_creator(HOSTILE, HOSTILE, relations=1),
    ),
    missing=(a_relation(HOSTILE, "t"), a_relation(HOSTILE, "v", is_grantable=False, is_effective=True)),
)


@pytest.mark.parametrize(
    ("facts", "grants", "expected"),
    [
        pytest.param(a_database(), [], {"connect": "missing", "schemas": {}}, id="nothing"),
        pytest.param(
            a_database(), [connect_on("warehouse")], {"connect": "granted", "schemas": {}}, id="CONNECT foreseen"
        ),
        pytest.param(a_database(connect=DIRECT), [], {"connect": "granted", "schemas": {}}, id="CONNECT granted"),
        pytest.param(
            a_database(connect=THROUGH_PUBLIC), [], {"connect": "inherited", "schemas": {}}, id="CONNECT inherited"
        ),
        pytest.param(
            a_database(
                a_schema("a", LACKING), a_schema("b", THROUGH_PUBLIC), a_schema("c", OUT_OF_REACH), connect=DIRECT
            ),
            [usage_on("a")],
            {"connect": "granted", "schemas": {"a": held(), "b": held("inherited"), "c": held("missing")}},
            id="USAGE foreseen, inherited and missing",
        ),
        pytest.param(
            THREE_RELATIONS,
            [],
            {"connect": "granted", "schemas": {HOSTILE: held("granted", 3, 2, ("a",))}},
            id="what is inherited is readable",
        ),
        pytest.param(
            THREE_RELATIONS,
            plan(THREE_RELATIONS).grants,
            {"connect": "granted", "schemas": {HOSTILE: held("granted", 3, 3, ("a", HOSTILE))}},
            id="what is planned is foreseen",
        ),
    ],
)
def test_database_summary(facts: DatabaseFacts, grants: list[Grant], expected: Mapping[str, Any]) -> None:
    done = DatabasePlan(tuple(grants))
    assert database_summary(facts, is_listed=True, done=done) == {**expected, "extraneous": {}}


EXTRANEOUS = a_database(
    a_schema("sales", DIRECT),
    connect=DIRECT,
    extraneous=(
        an_item("sales", "t", privilege="REFERENCES"),
        an_item("sales", "t", kind="column", detail="c", privilege="REFERENCES", grantee=HOSTILE),
        an_item("sales", "owner", kind="default", detail="r", privilege="REFERENCES"),
        an_item("hr", "t"),
        an_item("hr", "u"),
        an_item("", "hr", kind="schema", privilege="USAGE"),
        an_item("", "warehouse", kind="database", privilege="CONNECT", is_grant_option=True, keeps_privilege=True),
    ),
)


def test_what_is_extraneous_is_counted_by_schema_and_role() -> None:
    found = database_summary(EXTRANEOUS, is_listed=True)
    assert found["schemas"]["sales"]["other"] == 3
    assert found["extraneous"] == {
        "": {"readers": {"GRANT OPTION for CONNECT on database": 1}},
        "hr": {"readers": {"SELECT on relation": 2, "USAGE on schema": 1}},
        "sales": {
            HOSTILE: {"REFERENCES on column": 1},
            "readers": {"REFERENCES on future tables": 1, "REFERENCES on relation": 1},
        },
    }


def test_of_a_database_that_is_not_listed_connect_is_no_question() -> None:
    assert database_summary(a_database(), is_listed=False)["connect"] == ""


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        pytest.param((), [], id="nothing"),
        pytest.param((an_item("hr"),), ["hr"], id="a relation"),
        pytest.param((an_item("hr", kind="column", detail="c", privilege="INSERT"),), ["hr"], id="a column"),
        pytest.param((an_item("hr", privilege="DELETE"),), [], id="DELETE shows nothing"),
        pytest.param((an_item("", "hr", kind="schema", privilege="USAGE"),), [], id="a schema alone"),
        pytest.param((an_item("sales", privilege="INSERT"),), [], id="what is in scope stays"),
    ],
)
def test_disappearing(items: tuple[AclItem, ...], expected: list[str]) -> None:
    assert disappearing(a_database(a_schema("sales")), items) == expected


@given(catalogs())
def test_what_is_foreseen_is_what_the_catalog_will_show(facts: DatabaseFacts) -> None:
    found = plan(facts)
    after = granted(facts, found)
    assert database_summary(facts, is_listed=True, done=found) == database_summary(after, is_listed=True)


def whole(
    schemas: Mapping[str, Any] | None = None, *, roles: Mapping[str, Any] | None = None, connect: str = "granted"
) -> dict[str, Any]:
    """Return the summary of one side, before or after: a database with some schemas, and some roles."""
    return {
        "roles": roles or {},
        "databases": {"warehouse": {"connect": connect, "schemas": schemas or {}, "extraneous": {}}},
        "server": {},
    }


NOTHING: dict[str, Any] = {"roles": {}, "databases": {}, "server": {}}
SETTINGS = {"all databases": {"default_transaction_read_only": "on"}, HOSTILE: {}}


MISSING = held("missing", 14, 0)


@pytest.mark.parametrize(
    ("before", "after", "schemas"),
    [
        pytest.param({}, {}, ({}, {}), id="no schema"),
        pytest.param({HOSTILE: held()}, {HOSTILE: held()}, ({}, {}), id="the same"),
        pytest.param({HOSTILE: MISSING}, {HOSTILE: held()}, ({HOSTILE: MISSING}, {HOSTILE: held()}), id="another"),
        pytest.param(
            {"a": held(), "b": MISSING}, {"a": held(), "b": held()}, ({"b": MISSING}, {"b": held()}), id="one of them"
        ),
        pytest.param({}, {"a": held()}, ({}, {"a": held()}), id="one that came"),
    ],
)
def test_of_the_schemas_those_that_differ(
    before: dict[str, Any], after: dict[str, Any], schemas: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    assert changes(whole(before), whole(after)) == (whole(schemas[0]), whole(schemas[1]))


def test_roles_and_databases_stay_where_nothing_differs() -> None:
    same = whole(connect="missing", roles={HOSTILE: {"login": False}})
    assert changes(same, same) == (same, same)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param(NOTHING, NOTHING, ("", ""), id="nothing at all"),
        pytest.param(whole({"a": held()}), whole({"a": held()}), ("", ""), id="no change"),
        pytest.param(
            whole(connect="missing"),
            whole(),
            ('database "warehouse": CONNECT missing\n', 'database "warehouse": CONNECT granted\n'),
            id="CONNECT",
        ),
        pytest.param(
            whole({"a": held(), HOSTILE: held("missing", 14, 0)}),
            whole({"a": held(), HOSTILE: held("granted", 14, 14, ("owner", "a, b"))}),
            (
                'database "warehouse" schema "we""ird.näme\'; --": USAGE missing, 0 of 14 relations readable, '
                "default privileges for: none\n",
                'database "warehouse" schema "we""ird.näme\'; --": USAGE granted, 14 of 14 relations readable, '
                'default privileges for: "owner", "a, b"\n',
            ),
            id="a hostile schema, and not the other",
        ),
        pytest.param(
            whole(roles={"readers": {}, HOSTILE: {"login": False}}),
            whole(roles={"readers": {"login": False, "attributes": []}, HOSTILE: {"login": True}}),
            (
                'role "readers": absent\nrole "we""ird.näme\'; --": login: no\n',
                'role "readers": login: no, attributes: none\nrole "we""ird.näme\'; --": login: yes\n',
            ),
            id="roles",
        ),
        pytest.param(
            whole(roles={"a": {"attributes": ["SUPERUSER", "CREATEDB"], "settings": {}}}),
            whole(roles={"a": {"attributes": [], "settings": SETTINGS}}),
            (
                'role "a": attributes: SUPERUSER CREATEDB, settings: none\n',
                'role "a": attributes: none, settings: all databases default_transaction_read_only on; '
                f"{HOSTILE} none\n",
            ),
            id="attributes and settings",
        ),
        pytest.param(
            whole(),
            whole({"a": held()}),
            (
                "",
                'database "warehouse" schema "a": USAGE granted, 0 of 0 relations readable, '
                "default privileges for: none\n",
            ),
            id="a schema that came since",
        ),
        pytest.param(
            whole({"a\nb\u2028": held()}),
            whole({"a\nb\u2028": held("missing")}),
            (
                'database "warehouse" schema "a\\nb\\u2028": USAGE granted, 0 of 0 relations readable, '
                "default privileges for: none\n",
                'database "warehouse" schema "a\\nb\\u2028": USAGE missing, 0 of 0 relations readable, '
                "default privileges for: none\n",
            ),
            id="a line break in a name breaks no line",
        ),
    ],
)
def test_diff(before: Mapping[str, Any], after: Mapping[str, Any], expected: tuple[str, str]) -> None:
    assert diff_lines(before, after) == expected


def sides() -> strategies.SearchStrategy[dict[str, Any]]:
    """Return a strategy for one side, before or after; values are few, so that two sides often agree in part."""
    few = strategies.sampled_from(["sales", HOSTILE, 'a" schema "b', "line\nbreak"])
    future = strategies.lists(strategies.sampled_from(["nobody", "a, b", "a", "b"]), max_size=2, unique=True)
    of_schema = strategies.builds(
        lambda readable, future: held("granted", 3, readable, tuple(future)),
        strategies.integers(min_value=0, max_value=1),
        future,
    )
    of_database = strategies.fixed_dictionaries(
        {
            "connect": strategies.sampled_from(["granted", "missing"]),
            "schemas": strategies.dictionaries(few, of_schema),
            "extraneous": strategies.just({}),
        }
    )
    of_role: strategies.SearchStrategy[dict[str, Any]] = strategies.fixed_dictionaries(
        {"login": strategies.booleans()}
    ) | strategies.just({})
    return strategies.fixed_dictionaries(
        {
            "roles": strategies.dictionaries(few, of_role, max_size=2),
            "databases": strategies.dictionaries(few, of_database, max_size=2),
            "server": strategies.just({}),
        }
    )


def entries(side: Mapping[str, Any]) -> dict[tuple[str, ...], Any]:
    """Return a side as one value for each role, database and schema."""
    flat: dict[tuple[str, ...], Any] = {("role", name): properties for name, properties in side["roles"].items()}
    for database, of_database in side["databases"].items():
        flat["database", database] = of_database["connect"]
        flat.update({("schema", database, name): value for name, value in of_database["schemas"].items()})
    return flat


@given(sides())
def test_a_diff_of_the_same_shows_nothing(side: Mapping[str, Any]) -> None:
    assert diff_lines(side, side) == ("", "")


@given(before=sides(), after=sides())
def test_a_diff_has_one_line_for_each_thing_that_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    old, new = entries(before), entries(after)
    changed = [key for key in {**old, **new} if old.get(key) != new.get(key)]
    shown = tuple(len(text.splitlines()) for text in diff_lines(before, after))
    assert shown == (sum(key in old for key in changed), sum(key in new for key in changed))


READER = {
    "login": True,
    "inherit": True,
    "connection_limit": 20,
    "member": True,
    "attributes": [],
    "settings": {"all databases": OURS},
}


@pytest.mark.parametrize(
    ("roles", "expected"),
    [
        pytest.param([], {"readers": {}, "metamapper": {}}, id="absent"),
        pytest.param(
            [GROUP, a_reader("metamapper")],
            {"readers": {"login": False, "attributes": []}, "metamapper": READER},
            id="as wanted",
        ),
        pytest.param(
            [
                a_role("readers", is_createdb=True),
                a_role("metamapper", settings={HOSTILE: {"role": "x", "work_mem": "1GB"}, "": {"work_mem": "1GB"}}),
            ],
            {
                "readers": {"login": False, "attributes": ["CREATEDB"]},
                "metamapper": {
                    "login": False,
                    "inherit": True,
                    "connection_limit": -1,
                    "member": False,
                    "attributes": [],
                    "settings": {HOSTILE: {"role": "x"}},
                },
            },
            id="attributes, and the settings that matter",
        ),
    ],
)
def test_role_summary(roles: list[RoleFacts], expected: dict[str, Any]) -> None:
    assert role_summary({role.name: role for role in roles}, WISH) == expected


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        pytest.param({}, {"all databases": OURS}, id="none"),
        pytest.param({"": {"role": "x"}}, {"all databases": OURS}, id="one that overrides ours"),
        pytest.param({HOSTILE: {"role": "x"}}, {"all databases": OURS}, id="one in a database of the task"),
        pytest.param(
            {HOSTILE: {"role": "x", **OURS}},
            {"all databases": OURS, HOSTILE: OURS},
            id="one in a database of the task that is as wanted",
        ),
        pytest.param(
            {"other": {"role": "x"}},
            {"all databases": OURS, "other": {"role": "x"}},
            id="one in another database stays",
        ),
    ],
)
def test_summary_of_the_plan_for_roles(settings: dict[str, dict[str, str]], expected: dict[str, Any]) -> None:
    roles = {role.name: role for role in (GROUP, a_reader("metamapper", settings=settings))}
    assert desired_role_summary(roles, WISH, [HOSTILE], ()) == {
        "readers": {"login": False, "attributes": []},
        "metamapper": {**READER, "settings": expected},
    }
