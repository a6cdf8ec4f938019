"""Random catalogs, and what GRANT does to one: a model that plans are tried on."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Collection, Iterable, Iterator

from ansible_collections.metamapper.postgresql.plugins.module_utils._facts import (
    CreatorFacts,
    DatabaseFacts,
    Holding,
    RelationFacts,
    SchemaFacts,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._plan_database import DatabasePlan, Grant, Planner
from ansible_collections.metamapper.postgresql.plugins.module_utils._statements import Statement
from ansible_collections.metamapper.postgresql.plugins.module_utils._wanted import DatabaseEntry
from hypothesis import strategies

from tests.support.values import (
    DIRECT,
    HOSTILE,
    LACKING,
    NAMES_THAT_HURT,
    OUT_OF_REACH,
    THROUGH_PUBLIC,
    a_creator,
    a_database,
    a_server,
)

GROUP = "readers"
SERVER = a_server()
HOLDINGS = strategies.sampled_from([DIRECT, LACKING, THROUGH_PUBLIC, OUT_OF_REACH])
# What the query returns: whether a relation that can be granted is readable through PUBLIC is not asked.
REACH = strategies.sampled_from([(True, False), (False, True), (False, False)])

NAMES = strategies.sampled_from([*NAMES_THAT_HURT[:8], "a.b", "line\nbreak", "%s", "{0}"])
SEVERAL_NAMES = strategies.lists(NAMES, max_size=4, unique=True)
FLAGS = ("is_superuser", "is_owner", "may_create", "is_ready")
OWNERS = strategies.sampled_from(["owner", "Owner", HOSTILE])


def catalogs() -> strategies.SearchStrategy[DatabaseFacts]:
    """Return any database: some privileges held, some lacking, some beyond the administrator's reach."""
    return _catalogs(HOLDINGS, REACH, strategies.booleans())


def grantable_catalogs() -> strategies.SearchStrategy[DatabaseFacts]:
    """Return a database of a superuser's: what is lacking can be granted."""
    holdings = strategies.sampled_from([DIRECT, LACKING])
    return _catalogs(holdings, strategies.just((True, False)), strategies.just(True))


@strategies.composite
def _catalogs(
    draw: strategies.DrawFn,
    holdings: strategies.SearchStrategy[Holding],
    reach: strategies.SearchStrategy[tuple[bool, bool]],
    is_usable: strategies.SearchStrategy[bool],
) -> DatabaseFacts:
    schemas = [
        SchemaFacts(oid, name, "owner", draw(holdings), draw(is_usable)) for oid, name in enumerate(draw(SEVERAL_NAMES))
    ]
    creators: list[CreatorFacts] = []
    relations: list[RelationFacts] = []
    for schema in schemas:
        for name in draw(SEVERAL_NAMES):
            is_grantable, is_effective = draw(reach)
            relations.append(
                RelationFacts(schema.name, name, is_grantable, draw(OWNERS), is_effective, draw(strategies.booleans()))
            )
        for name in draw(strategies.lists(OWNERS, max_size=3, unique=True)):
            properties = {flag: draw(strategies.booleans()) for flag in FLAGS}
            reachable = draw(is_usable)
            relations_owned = sum((relation.schema, relation.owner) == (schema.name, name) for relation in relations)
            creators.append(
                a_creator(schema.name, name, relations=relations_owned, is_inherited=reachable, **properties)
            )
    connect = draw(holdings)
    return a_database(*schemas, connect=connect, creators=tuple(creators), relations=tuple(relations))


def planner(facts: DatabaseFacts, creators: tuple[str, ...] | None = None) -> Planner:
    """Return the rules for a database of which all schemas are wanted."""
    return Planner(SERVER, facts, DatabaseEntry(facts.name, ("*",), creators=creators), (GROUP, "metamapper"))


def plan(facts: DatabaseFacts, creators: tuple[str, ...] | None = None) -> DatabasePlan:
    """Return the plan for a database of which all schemas are wanted."""
    return planner(facts, creators).plan()


def granted(facts: DatabaseFacts, grants: Iterable[Grant]) -> DatabaseFacts:
    """Return what the catalog says after some grants."""
    made = set(grants)

    def held(holding: Holding, grant: Grant) -> Holding:
        return replace(holding, is_direct=True, is_effective=True) if grant in made else holding

    return replace(
        facts,
        connect=held(facts.connect, Grant("database", "CONNECT")),
        schemas={
            name: replace(schema, usage=held(schema.usage, Grant("schema", "USAGE", name)))
            for name, schema in facts.schemas.items()
        },
        creators=tuple(
            replace(
                creator, is_ready=creator.is_ready or Grant("default", "SELECT", creator.schema, creator.name) in made
            )
            for creator in facts.creators
        ),
        relations=tuple(
            relation
            for relation in facts.relations
            if Grant("relation", "SELECT", relation.schema, relation.name) not in made
        ),
    )


def within(facts: DatabaseFacts, schemas: Collection[str]) -> DatabaseFacts:
    """Return the database as a transaction looks at it that is about some schemas only."""
    return replace(
        facts,
        wanted=tuple(name for name in facts.wanted if name in schemas),
        creators=tuple(creator for creator in facts.creators if creator.schema in schemas),
        relations=tuple(relation for relation in facts.relations if relation.schema in schemas),
    )


def grants_in(statements: Iterable[Statement]) -> Iterator[Grant]:
    """Yield what PostgreSQL grants when it runs some statements, in order."""
    for statement in statements:
        words = statement.template.split(" {}")[0].rstrip(",")
        listed = statement.names[:-1]
        if words == "GRANT CONNECT ON DATABASE":
            yield from (Grant("database", "CONNECT") for _ in listed)
        elif words == "GRANT USAGE ON SCHEMA":
            yield from (Grant("schema", "USAGE", schema) for (schema,) in listed)
        elif words == "GRANT SELECT ON TABLE":
            yield from (Grant("relation", "SELECT", schema, name) for schema, name in listed)
        else:
            roles, schemas = statement.template.split(" IN SCHEMA ")
            count = roles.count("{}")
            expected = f"ALTER DEFAULT PRIVILEGES FOR ROLE {', '.join(['{}'] * count)}"
            tail = f"{', '.join(['{}'] * (len(listed) - count))} GRANT SELECT ON TABLES TO {{}}"
            assert (roles, schemas) == (expected, tail), statement.template
            for (creator,), (schema,) in product(listed[:count], listed[count:]):
                yield Grant("default", "SELECT", schema, creator)
