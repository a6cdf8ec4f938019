# SPDX-License-Identifier: GPL-3.0-or-later
"""Random catalogs, and the effect of GRANT on one: a model on which plans are tested."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Iterable, Iterator, Sequence

from ansible_collections.metamapper.postgresql.plugins.module_utils._access.catalog.facts import (
    AclItem,
    CreatorFacts,
    DatabaseFacts,
    MissingRelation,
    PrivilegeState,
    SchemaFacts,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.privileges.desired import (
    Desired,
    connect_on,
    default_of,
    usage_on,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.privileges.diff import (
    DatabasePlan,
    plan_database,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.privileges.statements import Grant
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.sql_statement import Statement
from ansible_collections.metamapper.postgresql.plugins.module_utils._scope.databases import Target
from ansible_collections.metamapper.postgresql.plugins.module_utils._scope.entry import DatabaseEntry, Privilege
from hypothesis import strategies

from tests.support.values.names import (
    DIRECT,
    HOSTILE,
    LACKING,
    NAMES_THAT_HURT,
    OUT_OF_REACH,
    THROUGH_PUBLIC,
    a_creator,
    a_database,
    a_relation,
    a_request,
    a_server,
    an_item,
)

GROUP = "readers"
SERVER = a_server()
HOLDINGS = strategies.sampled_from([DIRECT, LACKING, THROUGH_PUBLIC, OUT_OF_REACH])
# is_grantable and is_effective as the query returns them: it does not check a relation that can be granted for access
# through PUBLIC, so that both are never true.
REACH = strategies.sampled_from([(True, False), (False, True), (False, False)])

NAMES = strategies.sampled_from([*NAMES_THAT_HURT[:8], "a.b", "line\nbreak", "%s", "{0}"])
SEVERAL_NAMES = strategies.lists(NAMES, max_size=4, unique=True)
FLAGS = ("is_superuser", "is_creator", "has_default_privilege")
PRIVILEGES: strategies.SearchStrategy[Privilege] = strategies.sampled_from(["SELECT", "REFERENCES"])
OWNERS = strategies.sampled_from(["owner", "Owner", HOSTILE])


def catalogs() -> strategies.SearchStrategy[DatabaseFacts]:
    """Return any database: privileges may be held, missing, or not grantable by the administrator."""
    return _catalogs(HOLDINGS, REACH, strategies.booleans(), ("", "deputy", None))


def grantable_catalogs() -> strategies.SearchStrategy[DatabaseFacts]:
    """Return a database as a superuser sees it: every missing privilege can be granted."""
    holdings = strategies.sampled_from([DIRECT, LACKING])
    return _catalogs(holdings, strategies.just((True, False)), strategies.just(True), ("", "deputy"))


@strategies.composite
def _catalogs(
    draw: strategies.DrawFn,
    holdings: strategies.SearchStrategy[PrivilegeState],
    reach: strategies.SearchStrategy[tuple[bool, bool]],
    is_usable: strategies.SearchStrategy[bool],
    actors: Sequence[str | None],
) -> DatabaseFacts:
    schemas = [
        SchemaFacts(oid, name, "owner", draw(holdings), draw(is_usable)) for oid, name in enumerate(draw(SEVERAL_NAMES))
    ]
    creators: list[CreatorFacts] = []
    missing: list[MissingRelation] = []
    extraneous: list[AclItem] = []
    for schema in schemas:
        for name in draw(SEVERAL_NAMES):
            is_grantable, is_effective = draw(reach)
            missing.append(
                a_relation(
                    schema.name,
                    name,
                    is_grantable=is_grantable,
                    owner=draw(OWNERS),
                    is_effective=is_effective,
                    is_extension_member=draw(strategies.booleans()),
                )
            )
        extraneous += [
            an_item(schema.name, name, privilege="INSERT", revoke_as=draw(strategies.sampled_from(actors)))
            for name in draw(SEVERAL_NAMES)
        ]
        for name in draw(strategies.lists(OWNERS, max_size=3, unique=True)):
            properties = {flag: draw(strategies.booleans()) for flag in FLAGS}
            reachable = draw(is_usable)
            relations_owned = sum((relation.schema, relation.owner) == (schema.name, name) for relation in missing)
            creators.append(
                a_creator(schema.name, name, relations=relations_owned, is_inherited=reachable, **properties)
            )
    return a_database(
        *schemas,
        connect=draw(holdings),
        listed={schema.name: draw(PRIVILEGES) for schema in schemas},
        creators=tuple(creators),
        missing=tuple(missing),
        extraneous=tuple(extraneous),
    )


def desired(facts: DatabaseFacts, creators: tuple[str, ...] | None = None) -> Desired:
    """Return the desired state of a database with all schemas in scope."""
    request = a_request(GROUP, "metamapper", accept_references=True)
    target = Target(facts.name, DatabaseEntry(facts.name, ("*",), creators=creators))
    return Desired(facts.name, request, SERVER, target)


def plan(facts: DatabaseFacts, creators: tuple[str, ...] | None = None) -> DatabasePlan:
    """Return the plan for a database with all schemas in scope."""
    return plan_database(facts, desired(facts, creators))


def granted(facts: DatabaseFacts, done: DatabasePlan) -> DatabaseFacts:
    """Return the facts of the catalog after a plan was executed."""
    made, undone = set(done.grants), set(done.revokes)

    def held(state: PrivilegeState, grant: Grant) -> PrivilegeState:
        return replace(state, is_direct=True, is_effective=True) if grant in made else state

    relations = {grant.object_id for grant in made if grant.kind == "relation"}
    return replace(
        facts,
        connect=held(facts.connect, connect_on(facts.name)),
        schemas={
            name: replace(schema, usage=held(schema.usage, usage_on(name))) for name, schema in facts.schemas.items()
        },
        creators=tuple(
            replace(
                creator,
                has_default_privilege=creator.has_default_privilege or default_of(creator, facts) in made,
            )
            for creator in facts.creators
        ),
        missing=tuple(relation for relation in facts.missing if relation.oid not in relations),
        extraneous=tuple(item for item in facts.extraneous if item not in undone),
    )


def grants_in(statements: Iterable[Statement], action: str = "GRANT") -> Iterator[Grant]:
    """Yield in order what PostgreSQL grants (with REVOKE: revokes) when it runs some statements."""
    for statement in statements:
        words = statement.template.split(" {}")[0].rstrip(",")
        listed = statement.names[:-1]
        if words.startswith("ALTER DEFAULT"):
            yield from _defaults_in(statement, action)
        elif words.startswith(action):
            privilege, kind = words.split()[1], words.split()[3]
            if kind == "DATABASE":
                yield from (connect_on(name)._replace(privilege=privilege) for (name,) in listed)
            elif kind == "SCHEMA":
                yield from (usage_on(schema)._replace(privilege=privilege) for (schema,) in listed)
            else:
                yield from (
                    Grant("relation", privilege, schema, name, "", a_relation(schema, name).oid)
                    for schema, name in listed
                )


def _defaults_in(statement: Statement, action: str) -> Iterator[Grant]:
    listed = statement.names[:-1]
    roles, schemas = statement.template.split(" IN SCHEMA ")
    count = roles.count("{}")
    assert roles == f"ALTER DEFAULT PRIVILEGES FOR ROLE {', '.join(['{}'] * count)}", statement.template
    places = ", ".join(["{}"] * (len(listed) - count))
    assert schemas.startswith(places + " "), statement.template
    found, privilege, *rest = schemas[len(places) :].split()
    assert rest == ["ON", "TABLES", "TO" if found == "GRANT" else "FROM", "{}"], statement.template
    if found == action:
        for (creator,), (schema,) in product(listed[:count], listed[count:]):
            yield Grant("default", privilege, schema, creator, "r")
