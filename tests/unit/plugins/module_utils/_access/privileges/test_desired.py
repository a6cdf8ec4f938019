# SPDX-License-Identifier: GPL-3.0-or-later
"""The privileges that are desired in a database and not granted directly."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.catalog.facts import (
    CreatorFacts,
    DatabaseFacts,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.privileges.desired import Desired
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.privileges.statements import Grant
from ansible_collections.metamapper.postgresql.plugins.module_utils._scope.databases import Target

from tests.support.values.names import (
    DIRECT,
    HOSTILE,
    LACKING,
    THROUGH_PUBLIC,
    a_creator,
    a_database,
    a_relation,
    a_request,
    a_schema,
    a_server,
    an_entry,
)


def desired(*schemas: str, **entry: Any) -> Desired:
    """Return the desired state of a configured database."""
    return Desired("warehouse", a_request(), a_server(), Target("warehouse", an_entry("warehouse", *schemas, **entry)))


AUTO = desired()
NAMED = desired(creators=(HOSTILE, "nobody"))
NONE_NAMED = desired(creators=())
NOT_LISTED = Desired("warehouse", a_request(), a_server(), None)
OWNER = a_creator("s", HOSTILE)
MAKER = a_creator("s", "maker")
NO_CREATOR = a_creator("s", "root", is_creator=False)
OURS = a_creator("s", "metamapper")


@pytest.mark.parametrize(
    ("desired", "creators", "expected"),
    [
        pytest.param(AUTO, (), [], id="none there"),
        pytest.param(AUTO, (OWNER, MAKER), [HOSTILE, "maker"], id="all who create"),
        pytest.param(AUTO, (NO_CREATOR,), [], id="who does not"),
        pytest.param(AUTO, (OURS,), [], id="a role of ours"),
        pytest.param(NAMED, (OWNER, MAKER), [HOSTILE], id="those that the entry names"),
        pytest.param(NONE_NAMED, (OWNER, MAKER), [], id="the entry wants none"),
        pytest.param(NOT_LISTED, (OWNER,), [], id="the database is not listed"),
    ],
)
def test_whose_future_relations_are_to_be_seen(
    desired: Desired, creators: tuple[CreatorFacts, ...], expected: list[str]
) -> None:
    assert [creator.name for creator in desired.creators(creators)] == expected


CONNECT = Grant("database", "CONNECT", "", "warehouse")
TABLE = a_relation(HOSTILE, "t")


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        pytest.param(a_database(connect=DIRECT), [], id="nothing listed, CONNECT granted"),
        pytest.param(a_database(connect=LACKING), [CONNECT], id="CONNECT"),
        pytest.param(a_database(connect=THROUGH_PUBLIC), [CONNECT], id="CONNECT through PUBLIC is no direct grant"),
        pytest.param(a_database(a_schema("s", DIRECT), connect=DIRECT), [], id="USAGE granted"),
        pytest.param(
            a_database(a_schema(HOSTILE), a_schema("other"), connect=DIRECT, listed={HOSTILE: "SELECT"}),
            [Grant("schema", "USAGE", "", HOSTILE)],
            id="USAGE on listed schemas only",
        ),
        pytest.param(
            a_database(a_schema(HOSTILE, DIRECT), connect=DIRECT, listed={HOSTILE: "REFERENCES"}, missing=(TABLE,)),
            [Grant("relation", "REFERENCES", HOSTILE, "t", "", TABLE.oid)],
            id="the privilege of the schema on a relation",
        ),
        pytest.param(
            a_database(
                a_schema("s", DIRECT),
                connect=DIRECT,
                creators=(OWNER, a_creator("s", "done", has_default_privilege=True)),
            ),
            [Grant("default", "SELECT", "s", HOSTILE, "r")],
            id="default privileges that are not there",
        ),
    ],
)
def test_what_is_missing(facts: DatabaseFacts, expected: list[Grant]) -> None:
    assert AUTO.missing(facts) == expected


def test_nothing_is_missing_in_a_database_that_is_not_listed() -> None:
    assert NOT_LISTED.missing(a_database(a_schema("s"), missing=(a_relation("s", "t"),))) == []


def test_the_scope_of_a_database() -> None:
    scope, problems = desired("s", "gone").scope([a_schema("s"), a_schema("other")])
    assert scope is not None
    assert (dict(scope.schemas), len(problems)) == ({"s": "SELECT"}, 1)
    assert NOT_LISTED.scope([a_schema("s")]) == (None, ())
