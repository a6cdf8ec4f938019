"""What a database lacks of what is wanted, and how it gets it."""

from __future__ import annotations

from typing import Any, Sequence

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.catalog.facts import DatabaseFacts, Holding
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.privileges import statements as _grants
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.privileges.diff import DatabasePlan, Planner
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.privileges.statements import (
    KINDS,
    Grant,
    batches,
    statements_for,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.problem import Problem
from hypothesis import given, strategies

from tests.support.values.catalogs import (
    GROUP,
    catalogs,
    grantable_catalogs,
    granted,
    grants_in,
    plan,
    planner,
    within,
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
    a_role,
    a_schema,
    a_server,
    an_entry,
)

CONNECT = Grant("database", "CONNECT")
HELD = a_database(connect=DIRECT)
QUOTED = '"we""ird.näme\'; --"'


def usage(schema: str) -> Grant:
    """Return USAGE on a schema."""
    return Grant("schema", "USAGE", schema)


def select(schema: str, relation: str) -> Grant:
    """Return SELECT on a relation."""
    return Grant("relation", "SELECT", schema, relation)


def default(schema: str, creator: str) -> Grant:
    """Return SELECT on the future relations of a role in a schema."""
    return Grant("default", "SELECT", schema, creator)


def of(*schemas: Any, **properties: Any) -> DatabaseFacts:
    """Return a database with some schemas, CONNECT granted."""
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
            of(READY_SCHEMA, relations=(a_relation(HOSTILE, HOSTILE),)),
            DatabasePlan(grants=(select(HOSTILE, HOSTILE),)),
            id="a hostile relation",
        ),
        pytest.param(
            of(READY_SCHEMA, relations=(a_relation(HOSTILE, "v", is_grantable=False, is_effective=True),)),
            DatabasePlan(inherited=(select(HOSTILE, "v"),)),
            id="a relation that PUBLIC may read",
        ),
        pytest.param(
            of(READY_SCHEMA, relations=(a_relation(HOSTILE, "v", is_grantable=False, is_extension_member=True),)),
            DatabasePlan(skipped=(select(HOSTILE, "v"),)),
            id="a relation of an extension that cannot be granted",
        ),
        pytest.param(
            of(READY_SCHEMA, relations=(a_relation(HOSTILE, "v", is_extension_member=True),)),
            DatabasePlan(grants=(select(HOSTILE, "v"),)),
            id="a relation of an extension that can be granted",
        ),
        pytest.param(
            of(READY_SCHEMA, creators=(a_creator(HOSTILE, HOSTILE),)),
            DatabasePlan(grants=(default(HOSTILE, HOSTILE),)),
            id="a hostile creator",
        ),
        pytest.param(
            of(READY_SCHEMA, creators=(a_creator(HOSTILE, "owner", is_ready=True),)),
            DatabasePlan(),
            id="a creator that is ready",
        ),
        pytest.param(
            a_database(
                a_schema("b"),
                a_schema("a"),
                creators=(a_creator("b"), a_creator("a")),
                relations=(a_relation("b", "t"), a_relation("a", "t")),
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
        pytest.param({"is_owner": True, "may_create": False}, True, id="an owner"),
        pytest.param({"is_owner": False, "may_create": True}, True, id="a role with CREATE"),
        pytest.param({"is_owner": False, "may_create": False}, False, id="neither"),
        pytest.param({"is_owner": False, "may_create": False, "is_listed": True}, False, id="listed elsewhere"),
        pytest.param({"is_owner": True, "is_superuser": True}, True, id="a superuser that owns something"),
        pytest.param({"is_owner": False, "is_superuser": True}, False, id="a superuser with CREATE alone"),
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
    facts = of(READY_SCHEMA, creators=tuple(a_creator(HOSTILE, name, is_listed=True) for name in names))
    assert plan(facts, listed).grants == expected


RDS_ADMIN = a_role("rds", is_createrole=True)


def of_an_admin(
    facts: DatabaseFacts, *, version: int = 170010, creators: tuple[str, ...] | None = None
) -> DatabasePlan:
    """Return the plan for an administrator that is no superuser."""
    server = a_server(admin=RDS_ADMIN, version_num=version)
    return Planner(server, facts, an_entry(creators=creators), (GROUP, "metamapper")).plan()


def said(problems: Sequence[Problem]) -> list[str]:
    """Return problems as people read them."""
    return [str(problem) for problem in problems]


MEMBER = 'GRANT "owner" TO "rds" WITH INHERIT TRUE;'


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        pytest.param(
            a_database(connect=OUT_OF_REACH),
            'Cannot grant CONNECT in database "warehouse": role "rds" is neither its owner "owner" nor a member that '
            'inherits from it. Have "owner" or a superuser run: GRANT CONNECT ON DATABASE "warehouse" TO "readers"; '
            f"Or make the administrator a member: {MEMBER}",
            id="CONNECT",
        ),
        pytest.param(
            of(a_schema(HOSTILE, OUT_OF_REACH)),
            f'Cannot grant USAGE on schema {QUOTED} in database "warehouse": role "rds" is neither its owner "owner" '
            f'nor a member that inherits from it. Have "owner" or a superuser run: GRANT USAGE ON SCHEMA {QUOTED} TO '
            f'"readers"; Or make the administrator a member: {MEMBER}',
            id="USAGE on a hostile schema",
        ),
        pytest.param(
            of(a_schema("public", OUT_OF_REACH, owner="pg_database_owner")),
            'Cannot grant USAGE on schema "public" in database "warehouse": role "rds" is neither its owner "owner" '
            'nor a member that inherits from it. Have "owner" or a superuser run: GRANT USAGE ON SCHEMA "public" TO '
            f'"readers"; Or make the administrator a member: {MEMBER}',
            id="the owner of public is the database's",
        ),
        pytest.param(
            of(READY_SCHEMA, relations=(a_relation(HOSTILE, "a.b", is_grantable=False),)),
            f'Cannot grant SELECT on {QUOTED}."a.b" in database "warehouse": role "rds" is neither its owner "owner" '
            f'nor a member that inherits from it. Have "owner" or a superuser run: GRANT SELECT ON TABLE '
            f'{QUOTED}."a.b" TO "readers"; Or make the administrator a member: {MEMBER}',
            id="SELECT on a relation with a dot",
        ),
        pytest.param(
            of(
                READY_SCHEMA,
                creators=(a_creator(HOSTILE, is_superuser=True, is_ready=True),),
                relations=(a_relation(HOSTILE, "t", is_grantable=False),),
            ),
            f'Cannot grant SELECT on {QUOTED}."t" in database "warehouse": role "rds" is neither its owner "owner" '
            'nor a member that inherits from it. Have "owner" or a superuser run: GRANT SELECT ON TABLE '
            f'{QUOTED}."t" TO "readers"; Or leave the schema out: add {QUOTED} to exclude_schemas.',
            id="nobody is advised to become a member of a superuser",
        ),
        pytest.param(
            of(a_schema(HOSTILE, DIRECT, is_usable=False), relations=(a_relation(HOSTILE, "t"),)),
            f'Cannot grant SELECT on the relations of schema {QUOTED} of database "warehouse": role "rds" has no '
            "USAGE on the schema and so cannot name what is in it. Have its owner run: GRANT USAGE ON SCHEMA "
            f'{QUOTED} TO "rds";',
            id="no USAGE of one's own",
        ),
    ],
)
def test_what_an_administrator_cannot_grant(facts: DatabaseFacts, expected: str) -> None:
    assert said(of_an_admin(facts).problems) == [expected]


def test_many_relations_of_an_owner_are_one_problem() -> None:
    relations = tuple(a_relation(HOSTILE, f"t{number}", is_grantable=False) for number in range(20))
    (problem,) = of_an_admin(of(READY_SCHEMA, relations=relations)).problems
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
    assert len(of_an_admin(of(*schemas, relations=relations)).problems) == 4


REFUSED_CREATOR = (
    f'Cannot make future relations of role "app" in schema {QUOTED} of database "warehouse" readable: role "rds" is '
    'not a member of it. Have "app" or a superuser run: ALTER DEFAULT PRIVILEGES FOR ROLE "app" IN SCHEMA '
    f'{QUOTED} GRANT SELECT ON TABLES TO "readers"; Or make the administrator a member: GRANT "app" TO "rds"'
)


@pytest.mark.parametrize(
    ("version", "creators", "memberships", "warnings", "problems"),
    [
        pytest.param(SERVER_17, None, (True, True), [], [], id="a member that inherits"),
        pytest.param(
            SERVER_17,
            None,
            (True, False),
            [f"{REFUSED_CREATOR} WITH INHERIT TRUE;"],
            [],
            id="from 16 on, it inherits",
        ),
        pytest.param(SERVER_9_6, None, (True, False), [], [], id="before 16 membership was enough"),
        pytest.param(SERVER_9_6, None, (False, False), [f"{REFUSED_CREATOR};"], [], id="auto is a warning"),
        pytest.param(SERVER_9_6, ("app",), (False, False), [], [f"{REFUSED_CREATOR};"], id="a list is a promise"),
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
        (CONNECT, "CONNECT on database"),
        (usage(HOSTILE), f"USAGE on schema {QUOTED}"),
        (select("a.b", HOSTILE), f'SELECT on relation "a.b".{QUOTED}'),
        (default("sales", HOSTILE), f'SELECT on future relations of {QUOTED} in schema "sales"'),
    ],
    ids=KINDS,
)
def test_a_grant_in_words(grant: Grant, expected: str) -> None:
    assert str(grant) == expected


@pytest.mark.parametrize(
    ("grants", "expected"),
    [
        pytest.param([], [], id="none"),
        pytest.param([CONNECT], [f'GRANT CONNECT ON DATABASE {QUOTED} TO "readers"'], id="CONNECT"),
        pytest.param(
            [usage("a"), usage(HOSTILE)], [f'GRANT USAGE ON SCHEMA "a", {QUOTED} TO "readers"'], id="a list of schemas"
        ),
        pytest.param(
            [select("a.b", "t"), select("a", "b.t")],
            ['GRANT SELECT ON TABLE "a.b"."t", "a"."b.t" TO "readers"'],
            id="a dot belongs to one name",
        ),
        pytest.param(
            [default("a", "x"), default("b", "x"), default("a", "y"), default("b", "y")],
            [
                'ALTER DEFAULT PRIVILEGES FOR ROLE "x", "y" IN SCHEMA "a", "b" GRANT SELECT ON TABLES TO "readers"',
            ],
            id="a cross product is one statement",
        ),
        pytest.param(
            [default("a", "x"), default("a", "y"), default("b", "y")],
            [
                'ALTER DEFAULT PRIVILEGES FOR ROLE "x" IN SCHEMA "a" GRANT SELECT ON TABLES TO "readers"',
                'ALTER DEFAULT PRIVILEGES FOR ROLE "y" IN SCHEMA "a", "b" GRANT SELECT ON TABLES TO "readers"',
            ],
            id="what is no cross product is not",
        ),
        pytest.param(
            [select("a", "t"), default("a", "x"), usage("a"), CONNECT],
            [
                f'GRANT CONNECT ON DATABASE {QUOTED} TO "readers"',
                'GRANT USAGE ON SCHEMA "a" TO "readers"',
                'ALTER DEFAULT PRIVILEGES FOR ROLE "x" IN SCHEMA "a" GRANT SELECT ON TABLES TO "readers"',
                'GRANT SELECT ON TABLE "a"."t" TO "readers"',
            ],
            id="always in this order",
        ),
    ],
)
def test_statements(grants: list[Grant], expected: list[str]) -> None:
    assert [str(statement) for statement in statements_for(HOSTILE, GROUP, grants)] == expected


def test_a_statement_names_at_most_five_hundred_objects() -> None:
    grants = [usage(f"s{number}") for number in range(1001)] + [select("a", f"t{number}") for number in range(501)]
    assert [len(statement.names) - 1 for statement in statements_for("d", GROUP, grants)] == [500, 500, 1, 500, 1]


@given(catalogs())
def test_statements_make_exactly_the_grants(facts: DatabaseFacts) -> None:
    grants = plan(facts).grants
    made = list(grants_in(statements_for(facts.name, GROUP, grants)))
    assert sorted(made, key=repr) == sorted(grants, key=repr)


@given(facts=catalogs(), size=strategies.integers(min_value=1, max_value=3))
def test_statements_make_exactly_the_grants_however_short_they_are(facts: DatabaseFacts, size: int) -> None:
    grants = plan(facts).grants
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_grants, "NAMES_PER_STATEMENT", size)
        made = list(grants_in(statements_for(facts.name, GROUP, grants)))
    assert sorted(made, key=repr) == sorted(grants, key=repr)


@given(catalogs())
def test_statements_take_back_exactly_the_surplus(facts: DatabaseFacts) -> None:
    found = plan(facts)
    statements = found.statements(facts.name, GROUP)
    assert sorted(grants_in(statements, "REVOKE"), key=repr) == sorted(found.revokes, key=repr)


@given(catalogs())
def test_nothing_is_taken_back_before_everything_is_granted(facts: DatabaseFacts) -> None:
    actions = ["REVOKE" in str(statement).split() for statement in plan(facts).statements(facts.name, GROUP)]
    assert actions == sorted(actions)


@given(grantable_catalogs())
def test_a_change_of_mode_converges(facts: DatabaseFacts) -> None:
    found = plan(facts)
    after = granted(facts, found.grants, found.revokes)
    assert (planner(after).lacking(), planner(after).surplus(), plan(after).has_changes) == ([], [], False)


@given(catalogs())
def test_every_grant_goes_to_the_group_alone(facts: DatabaseFacts) -> None:
    statements = statements_for(facts.name, GROUP, plan(facts).grants)
    assert {(statement.names[-1], statement.template.endswith(" TO {}")) for statement in statements} <= {
        ((GROUP,), True)
    }


@given(catalogs())
def test_no_relation_comes_before_its_schema_and_nothing_before_connect(facts: DatabaseFacts) -> None:
    order = [KINDS.index(grant.kind) for grant in grants_in(statements_for("d", GROUP, plan(facts).grants))]
    assert order == sorted(order)


@given(grantable_catalogs())
def test_the_grants_are_all_that_is_wanted(facts: DatabaseFacts) -> None:
    assert planner(granted(facts, plan(facts).grants)).lacking() == []


@given(catalogs())
def test_a_second_plan_grants_nothing(facts: DatabaseFacts) -> None:
    assert plan(granted(facts, plan(facts).grants)).grants == ()


@given(catalogs())
def test_a_second_plan_says_the_same_about_the_rest(facts: DatabaseFacts) -> None:
    first, second = plan(facts), plan(granted(facts, plan(facts).grants))
    assert (second.inherited, second.skipped, said(second.warnings)) == (
        first.inherited,
        first.skipped,
        said(first.warnings),
    )


@given(catalogs())
def test_everything_lacking_has_one_fate(facts: DatabaseFacts) -> None:
    found = plan(facts)
    settled = [*found.grants, *found.inherited, *found.skipped]
    warned = {(_unquoted_schema(facts, problem), problem.object) for problem in found.warnings}
    lacking = {grant for grant in planner(facts).lacking() if (grant.schema, grant.name) not in warned}
    left = (lacking - set(settled)) | (set(planner(facts).surplus()) - set(found.revokes))
    assert (len(settled), bool(left)) == (len(set(settled)), bool(found.problems))


def _unquoted_schema(facts: DatabaseFacts, problem: Problem) -> str:
    return next(
        creator.schema
        for creator in facts.creators
        if f'in schema "{creator.schema.replace(chr(34), chr(34) * 2)}" of' in problem.message
        and creator.name == problem.object
    )


@given(catalogs())
def test_nothing_is_granted_that_is_held_or_beyond_reach(facts: DatabaseFacts) -> None:
    holdings: dict[Grant, Holding] = {CONNECT: facts.connect}
    holdings.update({usage(name): schema.usage for name, schema in facts.schemas.items()})
    given_out = [holdings[grant] for grant in plan(facts).grants if grant in holdings]
    assert all(holding.is_grantable and not holding.is_direct for holding in given_out)


@pytest.mark.parametrize(
    ("grants", "limit", "expected"),
    [
        pytest.param([], None, [], id="nothing, no limit"),
        pytest.param([], 5, [], id="nothing, a limit"),
        pytest.param([CONNECT], None, [()], id="CONNECT belongs to no schema"),
        pytest.param([CONNECT], 1, [()], id="CONNECT alone"),
        pytest.param([CONNECT, usage("a"), usage(HOSTILE)], None, [("a", HOSTILE)], id="no limit, one transaction"),
        pytest.param([CONNECT, usage("a"), usage(HOSTILE)], 3, [("a", HOSTILE)], id="just fits"),
        pytest.param([CONNECT, usage("a"), usage(HOSTILE)], 2, [("a",), (HOSTILE,)], id="one too many"),
        pytest.param([CONNECT, usage("a"), usage("b")], 1, [(), ("a",), ("b",)], id="one at a time"),
        pytest.param(
            [usage("a"), usage("b"), select("b", "t"), select("b", "u"), usage("c")],
            2,
            [("a",), ("b",), ("c",)],
            id="a schema beyond the limit is alone",
        ),
        pytest.param(
            [usage("a"), usage("b"), select("a", "t"), select("b", "t")], 2, [("a",), ("b",)], id="schemas stay whole"
        ),
    ],
)
def test_batches(grants: list[Grant], limit: int | None, expected: list[tuple[str, ...]]) -> None:
    assert batches(grants, limit) == expected


LIMITS = strategies.integers(min_value=1, max_value=12)


@given(facts=catalogs(), limit=LIMITS | strategies.none())
def test_batches_have_every_schema_once(facts: DatabaseFacts, limit: int | None) -> None:
    grants = plan(facts).grants
    found = [schema for batch in batches(grants, limit) for schema in batch]
    assert sorted(found) == sorted({grant.schema for grant in grants} - {""})


@given(facts=catalogs(), limit=LIMITS)
def test_batches_respect_the_limit_unless_one_schema_exceeds_it(facts: DatabaseFacts, limit: int) -> None:
    grants = plan(facts).grants
    sizes = [sum(grant.schema in batch for grant in grants) for batch in batches(grants, limit) if len(batch) > 1]
    assert [size for size in sizes if size > limit] == []


@given(facts=catalogs(), limit=LIMITS | strategies.none())
def test_transactions_grant_everything_once_in_order_and_within_the_limit(
    facts: DatabaseFacts, limit: int | None
) -> None:
    wanted, now = plan(facts).grants, facts
    transactions: list[Sequence[Grant]] = []
    for schemas in batches(wanted, limit):
        while True:
            part = plan(within(now, schemas)).grants[:limit]
            if not part:
                break
            transactions.append(part)
            now = granted(now, part)
    done = [grant for part in transactions for grant in part]
    early = [
        grant
        for position, grant in enumerate(done)
        if grant.kind == "relation" and usage(grant.schema) in done[position:]
    ]
    largest = max(map(len, transactions), default=0)
    assert (sorted(done, key=repr), early, limit is None or largest <= limit) == (sorted(wanted, key=repr), [], True)
