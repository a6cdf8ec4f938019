# SPDX-License-Identifier: GPL-3.0-or-later
"""How rows of the catalog become values; what the queries return is tested on real servers."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Mapping, Sequence, cast

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.catalog import queries as ask
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.catalog.acl_queries import (
    EXTRANEOUS_LISTED,
    EXTRANEOUS_OF_PART,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.catalog.facts import (
    DatabaseFacts,
    MissingRelation,
    PrivilegeState,
    SchemaFacts,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.catalog.inspect import (
    Narrowed,
    _SchemaRow,
    inspect_database,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.privileges.desired import Desired
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.session import Session
from ansible_collections.metamapper.postgresql.plugins.module_utils._scope.databases import Target

from tests.support.values.names import (
    HOSTILE,
    LACKING,
    SERVER_9_6,
    SERVER_17,
    THROUGH_PUBLIC,
    a_creator,
    a_relation,
    a_request,
    a_server,
    an_entry,
    an_item,
)
from tests.support.values.session import Catalog

DATABASE = {
    "is_read_only": False,
    "database_owner": "owner",
    "is_connect_direct": False,
    "is_connect_effective": True,
    "is_connect_grantable": False,
    "can_create_schemas": False,
    "has_citus": False,
}
NO_SCHEMA = {**DATABASE, **dict.fromkeys(_SchemaRow._fields[len(DATABASE) :])}
SCHEMA = {
    "owner": "owner",
    "is_usage_direct": False,
    "is_usage_effective": False,
    "is_usage_grantable": True,
    "is_usable": True,
    "can_create": False,
    "extension": "",
    "holds_relation": False,
    "can_public_create": False,
}


def looked_at(
    catalog: Catalog,
    *chosen: str,
    narrowed: Narrowed | None = None,
    has_group: bool = True,
    accept_breaks_scan: bool = True,
) -> DatabaseFacts:
    """Return the facts about a database, inspected for an entry with these schemas."""
    entry = an_entry("warehouse", *chosen, creators=None, accept_breaks_scan=accept_breaks_scan)
    desired = Desired("warehouse", a_request(), a_server(), Target("warehouse", entry))
    return inspect_database(cast(Session, catalog), desired, narrowed, has_group=has_group)


MISSING = a_relation(HOSTILE, "a.b")
ITEM = an_item("hr", HOSTILE)
CREATOR = a_creator(HOSTILE, HOSTILE, relations=7)
FULL: Mapping[str, Sequence[Mapping[str, Any]]] = {
    ask.SCHEMAS: [
        {**DATABASE, **SCHEMA, "oid": 11, "name": "hr"},
        {**DATABASE, **SCHEMA, "oid": 12, "name": HOSTILE, "extension": "pg_cron", "is_usage_direct": True},
    ],
    ask.CREATORS_AND_MISSING_RELATIONS: [
        {**MISSING._asdict(), "creator": None},
        {**dict.fromkeys(MissingRelation._fields), "creator": asdict(CREATOR)},
    ],
    ask.CREATORS: [asdict(CREATOR)],
    ask.MISSING_RELATIONS_OF_PART: [MISSING._asdict()],
    EXTRANEOUS_LISTED: [ITEM._asdict()],
    EXTRANEOUS_OF_PART: [ITEM._asdict()],
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
                HOSTILE: SchemaFacts(
                    12, HOSTILE, "owner", PrivilegeState(True, False, True), True, extension="pg_cron"
                ),
            },
        ),
        ("listed", {HOSTILE: "SELECT"}),
        ("creators", (CREATOR,)),
        ("missing", (MISSING,)),
        ("extraneous", (ITEM,)),
        ("remains", None),
    ],
)
def test_a_database(attribute: str, expected: object) -> None:
    assert getattr(looked_at(Catalog(FULL), HOSTILE, "no_such"), attribute) == expected


@pytest.mark.parametrize("attribute", ["schemas", "listed", "creators", "missing"])
def test_a_database_without_schemas(attribute: str) -> None:
    assert not getattr(looked_at(Catalog({ask.SCHEMAS: [NO_SCHEMA]}), HOSTILE), attribute)


def test_a_schema_that_goes_while_it_is_looked_at_is_not_there() -> None:
    gone = {**DATABASE, **SCHEMA, "oid": 13, "name": "gone", "can_public_create": None}
    catalog = Catalog({**FULL, ask.SCHEMAS: [*FULL[ask.SCHEMAS], gone]})
    assert set(looked_at(catalog, HOSTILE).schemas) == {"hr", HOSTILE}


def test_how_the_entry_was_read_is_among_the_facts() -> None:
    found = looked_at(Catalog(FULL), HOSTILE, "no_such")
    assert found.scope is not None
    assert (found.scope.schemas, [problem.object for problem in found.entry_problems]) == (found.listed, ["no_such"])


def test_what_is_desired_is_a_parameter() -> None:
    catalog = Catalog(FULL)
    looked_at(catalog, HOSTILE)
    asked = catalog.asked[EXTRANEOUS_LISTED]
    assert (asked["schemas"], asked["privileges"], asked["databases"]) == ([12], ["SELECT"], ["warehouse"])
    assert (asked["creator_schemas"], asked["creators"]) == ([12], [HOSTILE])


def test_of_a_part_only_the_part_is_asked_for() -> None:
    whole = looked_at(Catalog(FULL), HOSTILE)
    catalog = Catalog({**FULL, ask.SCHEMAS: FULL[ask.SCHEMAS][1:]})
    found = looked_at(catalog, HOSTILE, narrowed=Narrowed(whole, frozenset({HOSTILE}), [1, 2], [(1259, 3)]))
    assert (set(found.schemas), found.listed) == ({HOSTILE}, {HOSTILE: "SELECT"})
    assert (found.remains, found.scope, found.entry_problems) == (None, None, ())
    assert catalog.asked[ask.SCHEMAS]["schema_names"] == [HOSTILE]
    assert catalog.asked[ask.MISSING_RELATIONS_OF_PART]["relations"] == [1, 2]
    asked = catalog.asked[EXTRANEOUS_OF_PART]
    assert (asked["classes"], asked["objects"]) == ([1259], [3])
    assert ask.CREATORS not in catalog.asked


@pytest.mark.parametrize("schemas", [frozenset(), frozenset({HOSTILE})], ids=["nothing", "the creators of a schema"])
def test_a_part_without_relations_asks_for_none(schemas: frozenset[str]) -> None:
    whole, catalog = looked_at(Catalog(FULL), HOSTILE), Catalog(FULL)
    narrowed = Narrowed(whole, frozenset({HOSTILE}), creator_schemas=schemas)
    found = looked_at(catalog, HOSTILE, narrowed=narrowed)
    assert (found.missing, found.extraneous, bool(found.creators)) == ((), (), bool(schemas))


@pytest.mark.parametrize(("has_group", "expected"), [(True, "readers"), (False, "public")])
def test_a_group_that_does_not_exist_will_hold_what_public_holds(has_group: bool, expected: str) -> None:
    catalog = Catalog(FULL)
    looked_at(catalog, HOSTILE, has_group=has_group)
    assert {asked["effective"] for asked in catalog.asked.values() if "effective" in asked} == {expected}


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
