"""How rows of the catalog become values; what the queries return is tested on real servers."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, Mapping, Sequence, cast

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.catalog import queries as ask
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.catalog.facts import (
    DatabaseFacts,
    SchemaFacts,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.catalog.inspect import (
    inspect_database,
    inspect_roles,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.driver import Row
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.session import Session

from tests.support.values.names import (
    DIRECT,
    HOSTILE,
    LACKING,
    SERVER_9_6,
    SERVER_17,
    THROUGH_PUBLIC,
    a_creator,
    a_relation,
    a_server,
    a_wish,
    an_entry,
)

DATABASE_COLUMNS = (False, "owner", False, True, False, False)
NO_SCHEMA = (*DATABASE_COLUMNS, *[None] * 3, None, None, None, None, None, "", False, None)
ROLE_COLUMNS = (True, False, False, False, True, True, False, 5, False, 3, ["a", "b"], True, False, 2)


class Catalog:
    """A session that answers each question with some rows, and remembers what it was asked with."""

    def __init__(self, answers: Mapping[str, Sequence[Row]]) -> None:
        self._answers = answers
        self.connection = SimpleNamespace(server_version=SERVER_17)
        self.asked: list[Mapping[str, Any]] = []

    def rows(self, query: str, parameters: Mapping[str, Any]) -> Sequence[Row]:
        self.asked.append(dict(parameters))
        return self._answers.get(query, [])


def looked_at(catalog: Catalog, *chosen: str, group_exists: bool = True) -> DatabaseFacts:
    """Return what a database holds of some schemas."""
    return inspect_database(
        cast(Session, catalog),
        "warehouse",
        group="readers",
        group_exists=group_exists,
        listed=["app"],
        choose=lambda schemas: {name: "SELECT" for name in chosen if name in {schema.name for schema in schemas}},
    )


FULL: Mapping[str, Sequence[Row]] = {
    ask.SCHEMAS: [
        (*DATABASE_COLUMNS, 11, "hr", "owner", False, False, True, True, False, "", False, False),
        (*DATABASE_COLUMNS, 12, HOSTILE, "other", True, True, True, False, True, "pg_cron", True, True),
    ],
    ask.CREATORS: [(12, HOSTILE, False, 7, True, True, False, False, False, True, True)],
    ask.RELATIONS: [(12, "a.b", False, False, True, "owner", False, False)],
}


@pytest.mark.parametrize(
    ("attribute", "expected"),
    [
        ("name", "warehouse"),
        ("owner", "owner"),
        ("is_read_only", False),
        ("connect", THROUGH_PUBLIC),
        (
            "schemas",
            {
                "hr": SchemaFacts(11, "hr", "owner", LACKING, True),
                HOSTILE: SchemaFacts(12, HOSTILE, "other", DIRECT, False, True, "pg_cron", True, True),
            },
        ),
        ("wanted", {HOSTILE: "SELECT"}),
        ("creators", (a_creator(HOSTILE, HOSTILE, relations=7),)),
        ("relations", (a_relation(HOSTILE, "a.b"),)),
    ],
)
def test_a_database(attribute: str, expected: object) -> None:
    assert getattr(looked_at(Catalog(FULL), HOSTILE, "no_such"), attribute) == expected


@pytest.mark.parametrize("attribute", ["schemas", "wanted", "creators", "relations"])
def test_a_database_without_schemas(attribute: str) -> None:
    assert not getattr(looked_at(Catalog({ask.SCHEMAS: [NO_SCHEMA]}), HOSTILE), attribute)


@pytest.mark.parametrize("answered", [0, 3, 4], ids=["before the first privilege", "between two", "before the last"])
def test_a_schema_that_goes_while_it_is_looked_at_is_not_there(answered: int) -> None:
    privileges = (*[True] * answered, *[None] * (5 - answered))
    gone = (*DATABASE_COLUMNS, 13, "gone", "owner", False, *privileges[:-1], "", False, privileges[-1])
    catalog = Catalog({**FULL, ask.SCHEMAS: [*FULL[ask.SCHEMAS], gone]})
    assert set(looked_at(catalog, HOSTILE).schemas) == {"hr", HOSTILE}


def test_only_the_chosen_schemas_are_asked_about_by_oid() -> None:
    catalog = Catalog(FULL)
    looked_at(catalog, HOSTILE)
    assert [asked.get("schemas") for asked in catalog.asked] == [None, [12], [12]]


@pytest.mark.parametrize(("group_exists", "expected"), [(True, "readers"), (False, "public")])
def test_a_group_that_does_not_exist_will_hold_what_public_holds(group_exists: bool, expected: str) -> None:
    catalog = Catalog(FULL)
    looked_at(catalog, HOSTILE, group_exists=group_exists)
    assert {asked["effective"] for asked in catalog.asked} == {expected}


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        pytest.param(None, {}, id="none"),
        pytest.param([["", ["role=x"]]], {"": {"role": "x"}}, id="for all databases"),
        pytest.param([[HOSTILE, ["search_path=a, b"]]], {HOSTILE: {"search_path": "a, b"}}, id="for a hostile one"),
        pytest.param([["", ["application_name=a=b", "role="]]], {"": {"application_name": "a=b", "role": ""}}, id="="),
    ],
)
def test_settings_of_a_role(settings: object, expected: object) -> None:
    catalog = Catalog({ask.ROLES: [(HOSTILE, *ROLE_COLUMNS, settings, [])]})
    assert inspect_roles(cast(Session, catalog), a_wish())[HOSTILE].settings == expected


def test_a_role() -> None:
    (role,) = inspect_roles(
        cast(Session, Catalog({ask.ROLES: [(HOSTILE, *ROLE_COLUMNS, None, [])]})), a_wish()
    ).values()
    assert (role.is_superuser, role.can_login, role.connection_limit, role.owned, role.members, role.connections) == (
        True,
        True,
        5,
        3,
        ["a", "b"],
        2,
    )


def test_the_roles_of_the_task_and_its_creators_are_asked_about() -> None:
    catalog = Catalog({})
    inspect_roles(cast(Session, catalog), a_wish("readers", HOSTILE, databases=(an_entry(creators=("app",)),)))
    assert catalog.asked == [{"names": ["readers", HOSTILE, "app"], "group": "readers"}]


@pytest.mark.parametrize(
    ("version", "is_member", "is_inherited", "expected"),
    [
        pytest.param(SERVER_17, True, True, True, id="a member that inherits"),
        pytest.param(SERVER_17, True, False, False, id="a member that does not, 16 and newer"),
        pytest.param(SERVER_9_6, True, False, True, id="a member that does not, before 16"),
        pytest.param(SERVER_9_6, False, False, False, id="no member"),
    ],
)
def test_for_whom_an_administrator_can_act(version: int, is_member: bool, is_inherited: bool, expected: bool) -> None:
    creator = a_creator(HOSTILE, "app", is_member=is_member, is_inherited=is_inherited)
    assert a_server(version_num=version).can_act_for(creator) is expected


def test_the_administrator_is_one_of_the_roles() -> None:
    assert a_server().admin.name == "admin"
