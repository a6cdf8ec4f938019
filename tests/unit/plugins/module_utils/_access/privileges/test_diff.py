# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan for a database: missing grants, privileges to revoke, and the problems that block them."""

from __future__ import annotations

from typing import Any, Sequence

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.catalog.facts import (
    AclItem,
    DatabaseFacts,
    PrivilegeState,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.privileges import statements as _statements
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.privileges.desired import (
    Desired,
    connect_on,
    usage_on,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.privileges.diff import (
    DatabasePlan,
    batches,
    plan_database,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.privileges.object_kinds import (
    OBJECT_KINDS,
    described,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.privileges.statements import (
    Grant,
    grant_statements,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.identifier import quoted
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.problem import Problem
from ansible_collections.metamapper.postgresql.plugins.module_utils._scope.databases import Target
from hypothesis import given, strategies

from tests.support.values.catalogs import (
    GROUP,
    catalogs,
    desired,
    grantable_catalogs,
    granted,
    grants_in,
    plan,
)
from tests.support.values.names import (
    DIRECT,
    HOSTILE,
    OUT_OF_REACH,
    SERVER_9_6,
    SERVER_17,
    THROUGH_PUBLIC,
    a_creator,
    a_database,
    a_relation,
    a_request,
    a_role,
    a_schema,
    a_server,
    an_entry,
    an_item,
)

CONNECT = connect_on("warehouse")
HELD = a_database(connect=DIRECT)
QUOTED = '"we""ird.näme\'; --"'


def usage(schema: str) -> Grant:
    """Return USAGE on a schema."""
    return usage_on(schema)


def select(schema: str, relation: str) -> Grant:
    """Return SELECT on a relation."""
    return Grant("relation", "SELECT", schema, relation, "", a_relation(schema, relation).oid)


def default(schema: str, creator: str) -> Grant:
    """Return SELECT on the future relations of a role in a schema."""
    return Grant("default", "SELECT", schema, creator, "r")


def of(*schemas: Any, **properties: Any) -> DatabaseFacts:
    """Return a database with these schemas, in which CONNECT is granted."""
    return a_database(*schemas, **{"connect": DIRECT, **properties})


READY_SCHEMA = a_schema(HOSTILE, DIRECT)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        pytest.param(HELD, DatabasePlan(), id="nothing is wanted but what is there"),
        pytest.param(a_database(), DatabasePlan(grants=(CONNECT,)), id="CONNECT alone"),
        pytest.param(of(a_schema("sales", DIRECT)), DatabasePlan(), id="the second run"),
        pytest.param(of(a_schema(HOSTILE)), DatabasePlan(grants=(usage(HOSTILE),)), id="a hostile schema"),
        pytest.param(
            a_database(connect=THROUGH_PUBLIC), DatabasePlan(inherited=(CONNECT,)), id="CONNECT through PUBLIC"
        ),
        pytest.param(
            of(a_schema("public", THROUGH_PUBLIC)),
            DatabasePlan(inherited=(usage("public"),)),
            id="USAGE through PUBLIC",
        ),
        pytest.param(
            of(READY_SCHEMA, missing=(a_relation(HOSTILE, HOSTILE),)),
            DatabasePlan(grants=(select(HOSTILE, HOSTILE),)),
            id="a hostile relation",
        ),
        pytest.param(
            of(READY_SCHEMA, missing=(a_relation(HOSTILE, "v", is_grantable=False, is_effective=True),)),
            DatabasePlan(inherited=(select(HOSTILE, "v"),)),
            id="a relation that PUBLIC may read",
        ),
        pytest.param(
            of(READY_SCHEMA, missing=(a_relation(HOSTILE, "v", is_grantable=False, is_extension_member=True),)),
            DatabasePlan(skipped=(select(HOSTILE, "v"),)),
            id="a relation of an extension that cannot be granted",
        ),
        pytest.param(
            of(READY_SCHEMA, missing=(a_relation(HOSTILE, "v", is_extension_member=True),)),
            DatabasePlan(grants=(select(HOSTILE, "v"),)),
            id="a relation of an extension that can be granted",
        ),
        pytest.param(
            of(READY_SCHEMA, creators=(a_creator(HOSTILE, HOSTILE),)),
            DatabasePlan(grants=(default(HOSTILE, HOSTILE),)),
            id="a hostile creator",
        ),
        pytest.param(
            of(READY_SCHEMA, creators=(a_creator(HOSTILE, "owner", has_default_privilege=True),)),
            DatabasePlan(),
            id="a creator that is ready",
        ),
        pytest.param(
            a_database(
                a_schema("b"),
                a_schema("a"),
                creators=(a_creator("b"), a_creator("a")),
                missing=(a_relation("b", "t"), a_relation("a", "t")),
            ),
            DatabasePlan(
                grants=(
                    CONNECT,
                    usage("b"),
                    usage("a"),
                    default("b", "owner"),
                    default("a", "owner"),
                    select("b", "t"),
                    select("a", "t"),
                )
            ),
            id="everything, in order",
        ),
    ],
)
def test_plan(facts: DatabaseFacts, expected: DatabasePlan) -> None:
    assert plan(facts) == expected


@pytest.mark.parametrize(
    ("properties", "is_wanted"),
    [
        pytest.param({}, True, id="a creator"),
        pytest.param({"is_creator": False}, False, id="none, but an owner of an extension or listed elsewhere"),
        pytest.param({"is_superuser": True}, True, id="a superuser that owns something"),
        pytest.param({"name": GROUP}, False, id="the group itself"),
        pytest.param({"name": "metamapper"}, False, id="a user"),
    ],
)
def test_creators_found(properties: dict[str, Any], is_wanted: bool) -> None:
    facts = of(READY_SCHEMA, creators=(a_creator(HOSTILE, **properties),))
    assert bool(plan(facts).grants) is is_wanted


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        pytest.param((), (), id="nobody"),
        pytest.param(("app",), (default(HOSTILE, "app"),), id="one, not the owner"),
        pytest.param((HOSTILE,), (default(HOSTILE, HOSTILE),), id="a hostile name"),
        pytest.param((GROUP,), (default(HOSTILE, GROUP),), id="the group, if it is listed"),
        pytest.param(("no_such",), (), id="an unknown one is the business of the roles"),
    ],
)
def test_creators_listed(listed: tuple[str, ...], expected: tuple[Grant, ...]) -> None:
    names = ("owner", "app", HOSTILE, GROUP)
    facts = of(READY_SCHEMA, creators=tuple(a_creator(HOSTILE, name, is_creator=False) for name in names))
    assert plan(facts, listed).grants == expected


RDS_ADMIN = a_role("rds", is_createrole=True)


def of_an_admin(
    facts: DatabaseFacts, *, version: int = 170010, creators: tuple[str, ...] | None = None, **properties: Any
) -> DatabasePlan:
    """Return the plan for a non-superuser administrator."""
    server = a_server(admin=RDS_ADMIN, version_num=version, **{"superusers": ["boss"], **properties})
    return plan_database(
        facts,
        Desired(facts.name, a_request(GROUP, "metamapper"), server, Target(facts.name, an_entry(creators=creators))),
    )


def said(problems: Sequence[Problem]) -> list[str]:
    """Return the text of each problem."""
    return [str(problem) for problem in problems]


WAREHOUSE = 'in database "warehouse", run:'
REFUSED = 'role "rds" is not the owner, "owner", and does not inherit its privileges.'
AS_OWNER = f'As "owner" or a superuser, {WAREHOUSE}'
MEMBER = 'Or as a role with ADMIN OPTION on "owner" or a superuser, run:\n  GRANT owner TO rds WITH INHERIT TRUE;'


SINCE = 'since "owner" is a member of "rds"'


def excluded(schema: str) -> str:
    """Return the alternative remedy: to exclude a schema."""
    return f"Or add {quoted(schema)} to exclude_schemas {IN_THE_ENTRY}"


IN_THE_ENTRY = 'in the entry of "warehouse" in metamapper_databases.'


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        pytest.param(
            a_database(connect=OUT_OF_REACH),
            f'Cannot grant CONNECT in database "warehouse": {REFUSED}\n{AS_OWNER}\n'
            f"  GRANT CONNECT ON DATABASE warehouse TO readers;\n{MEMBER}",
            id="CONNECT",
        ),
        pytest.param(
            of(a_schema(HOSTILE, OUT_OF_REACH)),
            f'Cannot grant USAGE on schema {QUOTED} in database "warehouse": {REFUSED}\n{AS_OWNER}\n'
            f"  GRANT USAGE ON SCHEMA {QUOTED} TO readers;\n{MEMBER}\n{excluded(HOSTILE)}",
            id="USAGE on a hostile schema",
        ),
        pytest.param(
            of(a_schema("public", OUT_OF_REACH, owner="pg_database_owner")),
            f'Cannot grant USAGE on schema "public" in database "warehouse": {REFUSED}\n{AS_OWNER}\n'
            f"  GRANT USAGE ON SCHEMA public TO readers;\n{MEMBER}\n{excluded('public')}",
            id="the owner of public is the database's",
        ),
        pytest.param(
            of(READY_SCHEMA, missing=(a_relation(HOSTILE, "a.b", is_grantable=False),)),
            f'Cannot grant SELECT on {QUOTED}."a.b" in database "warehouse": {REFUSED}\n{AS_OWNER}\n'
            f'  GRANT SELECT ON TABLE {QUOTED}."a.b" TO readers;\n{MEMBER}\n{excluded(HOSTILE)}',
            id="SELECT on a relation with a dot",
        ),
        pytest.param(
            of(READY_SCHEMA, missing=(a_relation(HOSTILE, "t", owner="boss", is_grantable=False),)),
            f'Cannot grant SELECT on {QUOTED}."t" in database "warehouse": {REFUSED}\n{AS_OWNER}\n'.replace(
                '"owner"', '"boss"'
            )
            + f"  GRANT SELECT ON TABLE {QUOTED}.t TO readers;\n{excluded(HOSTILE)}",
            id="nobody is advised to become a member of a superuser",
        ),
        pytest.param(
            of(a_schema(HOSTILE, DIRECT, is_usable=False), missing=(a_relation(HOSTILE, "t"),)),
            f'Cannot grant SELECT on the relations of schema {QUOTED} of database "warehouse": role "rds" has no '
            f"USAGE on the schema and so cannot name what is in it.\n{AS_OWNER}\n"
            f"  GRANT USAGE ON SCHEMA {QUOTED} TO rds;",
            id="no USAGE of one's own",
        ),
    ],
)
def test_what_an_administrator_cannot_grant(facts: DatabaseFacts, expected: str) -> None:
    assert said(of_an_admin(facts).problems) == [expected]


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        pytest.param(
            150000,
            f"Or as a role with CREATEROLE or a superuser, {SINCE}, run:\n  REVOKE rds FROM owner;\n"
            "  GRANT owner TO rds;",
            id="before 16",
        ),
        pytest.param(
            170010,
            f"Or as a superuser, {SINCE}, run:\n  REVOKE rds FROM owner GRANTED BY boss;\n"
            "  GRANT owner TO rds WITH INHERIT TRUE;",
            id="since 16",
        ),
    ],
)
def test_an_owner_who_is_a_member_of_the_administrator_has_to_leave_it_first(version: int, expected: str) -> None:
    facts = a_database(connect=OUT_OF_REACH)
    (problem,) = of_an_admin(facts, version=version, administrator_members=[("rds", "owner", "boss")]).problems
    assert str(problem).endswith(expected)


def test_many_relations_of_an_owner_are_one_problem() -> None:
    relations = tuple(a_relation(HOSTILE, f"t{number}", is_grantable=False) for number in range(20))
    (problem,) = of_an_admin(of(READY_SCHEMA, missing=relations)).problems
    assert problem.message.startswith(
        f'Cannot grant SELECT on {QUOTED}."t0", {QUOTED}."t1", {QUOTED}."t2" and 17 more in database "warehouse"'
    )


def test_each_owner_and_schema_is_a_problem_of_its_own() -> None:
    relations = tuple(
        a_relation(schema, f"t{number}", owner=owner, is_grantable=False)
        for number in range(3)
        for schema in ("a", "b")
        for owner in ("x", "y")
    )
    schemas = (a_schema("a", DIRECT), a_schema("b", DIRECT))
    assert len(of_an_admin(of(*schemas, missing=relations)).problems) == 4


REFUSED_CREATOR = (
    f'Cannot alter default privileges of role "app" in schema {QUOTED} of database "warehouse": role "rds" is '
    f'not a member of it.\nAs "app" or a superuser, {WAREHOUSE}\n'
    f"  ALTER DEFAULT PRIVILEGES FOR ROLE app IN SCHEMA {QUOTED} GRANT SELECT ON TABLES TO readers;\n"
)
BEFORE_16 = (
    f"{REFUSED_CREATOR}Or as a role with CREATEROLE or a superuser, run:\n  GRANT app TO rds;\n{excluded(HOSTILE)}"
)
SINCE_16 = (
    f'{REFUSED_CREATOR}Or as a role with ADMIN OPTION on "app" or a superuser, run:\n'
    f"  GRANT app TO rds WITH INHERIT TRUE;\n{excluded(HOSTILE)}"
)


@pytest.mark.parametrize(
    ("version", "creators", "memberships", "warnings", "problems"),
    [
        pytest.param(SERVER_17, None, (True, True), [], [], id="a member that inherits"),
        pytest.param(
            SERVER_17,
            None,
            (True, False),
            [SINCE_16],
            [],
            id="from 16 on, it inherits",
        ),
        pytest.param(SERVER_9_6, None, (True, False), [], [], id="before 16 membership was enough"),
        pytest.param(SERVER_9_6, None, (False, False), [BEFORE_16], [], id="auto is a warning"),
        pytest.param(SERVER_9_6, ("app",), (False, False), [], [BEFORE_16], id="a list is a promise"),
    ],
)
def test_creators_that_an_administrator_cannot_act_for(
    version: int,
    creators: tuple[str, ...] | None,
    memberships: tuple[bool, bool],
    warnings: list[str],
    problems: list[str],
) -> None:
    is_member, is_inherited = memberships
    creator = a_creator(HOSTILE, "app", is_member=is_member, is_inherited=is_inherited)
    found = of_an_admin(of(READY_SCHEMA, creators=(creator,)), version=version, creators=creators)
    assert (said(found.warnings), said(found.problems)) == (warnings, problems)


@pytest.mark.parametrize(
    ("grant", "expected"),
    [
        (CONNECT, 'CONNECT on database "warehouse"'),
        (usage(HOSTILE), f"USAGE on schema {QUOTED}"),
        (select("a.b", HOSTILE), f'SELECT on relation "a.b".{QUOTED}'),
        (default("sales", HOSTILE), f'SELECT on future relations of {QUOTED} in schema "sales"'),
    ],
    ids=("database", "schema", "relation", "default"),
)
def test_a_grant_in_words(grant: Grant, expected: str) -> None:
    assert described(grant) == expected


@pytest.mark.parametrize(
    ("grants", "expected"),
    [
        pytest.param([], [], id="none"),
        pytest.param([CONNECT], ["GRANT CONNECT ON DATABASE warehouse TO readers"], id="CONNECT"),
        pytest.param(
            [usage("a"), usage(HOSTILE)], [f"GRANT USAGE ON SCHEMA a, {QUOTED} TO readers"], id="a list of schemas"
        ),
        pytest.param(
            [select("a.b", "t"), select("a", "b.t")],
            ['GRANT SELECT ON TABLE "a.b".t, a."b.t" TO readers'],
            id="a dot belongs to one name",
        ),
        pytest.param(
            [default("a", "x"), default("b", "x"), default("a", "y"), default("b", "y")],
            [
                "ALTER DEFAULT PRIVILEGES FOR ROLE x, y IN SCHEMA a, b GRANT SELECT ON TABLES TO readers",
            ],
            id="a cross product is one statement",
        ),
        pytest.param(
            [default("a", "x"), default("a", "y"), default("b", "y")],
            [
                "ALTER DEFAULT PRIVILEGES FOR ROLE x IN SCHEMA a GRANT SELECT ON TABLES TO readers",
                "ALTER DEFAULT PRIVILEGES FOR ROLE y IN SCHEMA a, b GRANT SELECT ON TABLES TO readers",
            ],
            id="what is no cross product is not",
        ),
        pytest.param(
            [select("a", "t"), default("a", "x"), usage("a"), CONNECT],
            [
                "GRANT CONNECT ON DATABASE warehouse TO readers",
                "GRANT USAGE ON SCHEMA a TO readers",
                "ALTER DEFAULT PRIVILEGES FOR ROLE x IN SCHEMA a GRANT SELECT ON TABLES TO readers",
                "GRANT SELECT ON TABLE a.t TO readers",
            ],
            id="always in this order",
        ),
    ],
)
def test_statements(grants: list[Grant], expected: list[str]) -> None:
    assert [str(statement) for statement in grant_statements(grants, GROUP)] == expected


def test_a_statement_names_at_most_five_hundred_objects() -> None:
    grants = [usage(f"s{number}") for number in range(1001)] + [select("a", f"t{number}") for number in range(501)]
    assert [len(statement.names) - 1 for statement in grant_statements(grants, GROUP)] == [500, 500, 1, 500, 1]


@given(catalogs())
def test_statements_make_exactly_the_grants(facts: DatabaseFacts) -> None:
    grants = plan(facts).grants
    made = list(grants_in(grant_statements(grants, GROUP)))
    assert sorted(made, key=repr) == sorted(grants, key=repr)


@given(facts=catalogs(), size=strategies.integers(min_value=1, max_value=3))
def test_statements_make_exactly_the_grants_however_short_they_are(facts: DatabaseFacts, size: int) -> None:
    grants = plan(facts).grants
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_statements, "NAMES_PER_STATEMENT", size)
        made = list(grants_in(grant_statements(grants, GROUP)))
    assert sorted(made, key=repr) == sorted(grants, key=repr)


@given(catalogs())
def test_nothing_is_taken_back_before_everything_is_granted(facts: DatabaseFacts) -> None:
    actions = [
        "GRANT" not in str(statement).split() for statement in plan(facts).statements(GROUP, administrator="admin")
    ]
    assert actions == sorted(actions)


@given(grantable_catalogs())
def test_a_plan_converges(facts: DatabaseFacts) -> None:
    found = plan(facts)
    after = granted(facts, found)
    assert (desired(after).missing(after), after.extraneous, plan(after).has_changes) == ([], (), False)


@given(catalogs())
def test_every_grant_goes_to_the_group_alone(facts: DatabaseFacts) -> None:
    statements = grant_statements(plan(facts).grants, GROUP)
    assert {(statement.names[-1], statement.template.endswith(" TO {}")) for statement in statements} <= {
        ((GROUP,), True)
    }


@given(catalogs())
def test_no_relation_comes_before_its_schema_and_nothing_before_connect(facts: DatabaseFacts) -> None:
    order = [-OBJECT_KINDS[grant.kind].rank for grant in grants_in(grant_statements(plan(facts).grants, GROUP))]
    assert order == sorted(order)


@given(grantable_catalogs())
def test_the_grants_are_all_that_is_wanted(facts: DatabaseFacts) -> None:
    after = granted(facts, plan(facts))
    assert desired(after).missing(after) == []


@given(catalogs())
def test_a_second_plan_grants_nothing(facts: DatabaseFacts) -> None:
    assert plan(granted(facts, plan(facts))).grants == ()


@given(catalogs())
def test_a_second_plan_says_the_same_about_the_rest(facts: DatabaseFacts) -> None:
    first, second = plan(facts), plan(granted(facts, plan(facts)))
    assert (second.inherited, second.skipped, said(second.warnings)) == (
        first.inherited,
        first.skipped,
        said(first.warnings),
    )


@given(catalogs())
def test_everything_missing_and_extraneous_has_one_decision(facts: DatabaseFacts) -> None:
    found = plan(facts)
    settled = [*found.grants, *found.inherited, *found.skipped]
    warned = {(_unquoted_schema(facts, problem), problem.object) for problem in found.warnings}
    missing = {grant for grant in desired(facts).missing(facts) if (grant.schema, grant.name) not in warned}
    left = bool(missing - set(settled)) or any(item.revoke_as is None for item in facts.extraneous)
    assert (len(settled), left) == (len(set(settled)), bool(found.problems))
    assert set(found.revokes) == set(facts.extraneous)


def _unquoted_schema(facts: DatabaseFacts, problem: Problem) -> str:
    return next(
        creator.schema
        for creator in facts.creators
        if f'in schema "{creator.schema.replace(chr(34), chr(34) * 2)}" of' in problem.message
        and creator.name == problem.object
    )


@given(catalogs())
def test_nothing_is_granted_that_is_held_or_beyond_reach(facts: DatabaseFacts) -> None:
    holdings: dict[Grant, PrivilegeState] = {CONNECT: facts.connect}
    holdings.update({usage(name): schema.usage for name, schema in facts.schemas.items()})
    given_out = [holdings[grant] for grant in plan(facts).grants if grant in holdings]
    assert all(holding.is_grantable and not holding.is_direct for holding in given_out)


def revoked(schema: str, relation: str) -> AclItem:
    """Return the ACL item of SELECT on a relation, which is to be revoked."""
    return an_item(schema, relation)


USAGE_TO_REVOKE = an_item("", "b", kind="schema", privilege="USAGE")
CONNECT_TO_REVOKE = an_item("", "warehouse", kind="database", privilege="CONNECT")


@pytest.mark.parametrize(
    ("changes", "limit", "expected"),
    [
        pytest.param([], None, [], id="nothing, no limit"),
        pytest.param([], 5, [], id="nothing, a limit"),
        pytest.param([CONNECT], 1, [[CONNECT]], id="CONNECT alone"),
        pytest.param([usage("a"), CONNECT], None, [[usage("a"), CONNECT]], id="no limit, one transaction"),
        pytest.param([CONNECT, usage("a")], 2, [[CONNECT, usage("a")]], id="just fits"),
        pytest.param(
            [usage("b"), CONNECT, usage("a")], 2, [[CONNECT, usage("a")], [usage("b")]], id="one too many, in order"
        ),
        pytest.param(
            [select("b", "t"), usage("a"), select("b", "u"), usage("b"), usage("c")],
            2,
            [[usage("a")], [usage("b"), select("b", "t")], [select("b", "u"), usage("c")]],
            id="a schema beyond the limit, USAGE first",
        ),
        pytest.param(
            [select("a", "t"), usage("a"), select("b", "t"), usage("b")],
            3,
            [[usage("a"), select("a", "t")], [usage("b"), select("b", "t")]],
            id="schemas stay whole",
        ),
        pytest.param(
            [USAGE_TO_REVOKE, CONNECT_TO_REVOKE, revoked("b", "t"), revoked("b", "u"), usage("c")],
            2,
            [[usage("c")], [revoked("b", "t"), revoked("b", "u")], [USAGE_TO_REVOKE, CONNECT_TO_REVOKE]],
            id="grants before revokes, USAGE and CONNECT last",
        ),
        pytest.param(
            [revoked("b", "t"), revoked("b", "t")._replace(privilege="INSERT"), revoked("b", "u")],
            1,
            [[revoked("b", "t")._replace(privilege="INSERT"), revoked("b", "t")], [revoked("b", "u")]],
            id="the items of one object stay together",
        ),
    ],
)
def test_batches(changes: list[Grant | AclItem], limit: int | None, expected: list[list[Grant | AclItem]]) -> None:
    grants = tuple(change for change in changes if isinstance(change, Grant))
    revokes = tuple(change for change in changes if isinstance(change, AclItem))
    found = batches(DatabasePlan(grants, revokes), limit)
    assert [[*batch.grants, *batch.revokes] for batch in found] == expected


LIMITS = strategies.integers(min_value=1, max_value=12)


@given(facts=catalogs(), limit=LIMITS)
def test_batches_respect_the_limit(facts: DatabaseFacts, limit: int) -> None:
    sizes = [len(batch.grants) + len({item.object for item in batch.revokes}) for batch in batches(plan(facts), limit)]
    assert [size for size in sizes if size > limit] == []


@given(facts=catalogs(), limit=LIMITS | strategies.none())
def test_batches_change_everything_once_and_relations_with_usage(facts: DatabaseFacts, limit: int | None) -> None:
    found = plan(facts)
    parts = batches(found, limit)
    done = [grant for part in parts for grant in sorted(part.grants, key=lambda grant: grant.kind == "relation")]
    early = [
        grant
        for position, grant in enumerate(done)
        if grant.kind == "relation" and usage(grant.schema) in done[position:]
    ]
    revoked_items = [item for part in parts for item in part.revokes]
    assert (sorted(done, key=repr), early) == (sorted(found.grants, key=repr), [])
    assert sorted(revoked_items, key=repr) == sorted(found.revokes, key=repr)


@given(facts=catalogs(), limit=LIMITS)
def test_a_batch_of_an_earlier_plan_is_found_again(facts: DatabaseFacts, limit: int) -> None:
    now = facts
    for batch in batches(plan(facts), limit):
        part = plan(now).limited_to(batch)
        assert set(part.grants) == set(batch.grants)
        assert set(part.revokes) == set(batch.revokes)
        now = granted(now, part)
    assert not plan(now).has_changes
