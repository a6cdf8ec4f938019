"""Random catalogs, and what GRANT does to one: a model that plans are tried on."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Collection, Iterable, Iterator

from ansible_collections.metamapper.postgresql.plugins.module_utils._access.catalog.facts import (
    CreatorFacts,
    DatabaseFacts,
    Holding,
    RelationFacts,
    SchemaFacts,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.privileges.diff import DatabasePlan, Planner
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.privileges.statements import Grant
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.sql_statement import Statement
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
    a_server,
)

GROUP = "readers"
SERVER = a_server()
HOLDINGS = strategies.sampled_from([DIRECT, LACKING, THROUGH_PUBLIC, OUT_OF_REACH])
# What the query returns: whether a relation that can be granted is readable through PUBLIC is not asked.
REACH = strategies.sampled_from([(True, False), (False, True), (False, False)])

NAMES = strategies.sampled_from([*NAMES_THAT_HURT[:8], "a.b", "line\nbreak", "%s", "{0}"])
SEVERAL_NAMES = strategies.lists(NAMES, max_size=4, unique=True)
FLAGS = ("is_superuser", "is_owner", "may_create", "is_ready", "has_other")
PRIVILEGES: strategies.SearchStrategy[Privilege] = strategies.sampled_from(["SELECT", "REFERENCES"])
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
                a_relation(
                    schema.name,
                    name,
                    is_direct=(is_direct := draw(strategies.booleans())),
                    has_other=is_direct or draw(strategies.booleans()),  # else the catalog would not tell of it
                    is_grantable=is_grantable,
                    owner=draw(OWNERS),
                    is_effective=is_direct or is_effective,
                    is_extension_member=draw(strategies.booleans()),
                )
            )
        for name in draw(strategies.lists(OWNERS, max_size=3, unique=True)):
            properties = {flag: draw(strategies.booleans()) for flag in FLAGS}
            reachable = draw(is_usable)
            relations_owned = sum((relation.schema, relation.owner) == (schema.name, name) for relation in relations)
            creators.append(
                a_creator(schema.name, name, relations=relations_owned, is_inherited=reachable, **properties)
            )
    connect = draw(holdings)
    wanted = {schema.name: draw(PRIVILEGES) for schema in schemas}
    return a_database(*schemas, connect=connect, wanted=wanted, creators=tuple(creators), relations=tuple(relations))


def planner(facts: DatabaseFacts, creators: tuple[str, ...] | None = None) -> Planner:
    """Return the rules for a database of which all schemas are wanted."""
    entry = DatabaseEntry(facts.name, ("*",), creators=creators)
    return Planner(SERVER, facts, entry, (GROUP, "metamapper"), accepts_references=True)


def plan(facts: DatabaseFacts, creators: tuple[str, ...] | None = None) -> DatabasePlan:
    """Return the plan for a database of which all schemas are wanted."""
    return planner(facts, creators).plan()


def other(privilege: Privilege) -> Privilege:
    """Return the privilege of the other mode."""
    return "REFERENCES" if privilege == "SELECT" else "SELECT"


def granted(facts: DatabaseFacts, grants: Iterable[Grant], revokes: Iterable[Grant] = ()) -> DatabaseFacts:
    """Return what the catalog says after something was granted and something taken back."""
    made, undone = set(grants), set(revokes)

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
                creator,
                is_ready=creator.is_ready or Grant("default", wanted, creator.schema, creator.name) in made,
                has_other=creator.has_other
                and Grant("default", other(wanted), creator.schema, creator.name) not in undone,
            )
            for creator, wanted in ((creator, facts.wanted[creator.schema]) for creator in facts.creators)
        ),
        relations=tuple(_after(relation, facts.wanted[relation.schema], made, undone) for relation in facts.relations),
    )


def _after(relation: RelationFacts, wanted: Privilege, made: set[Grant], undone: set[Grant]) -> RelationFacts:
    is_direct = relation.is_direct or Grant("relation", wanted, relation.schema, relation.name) in made
    is_undone = Grant("relation", other(wanted), relation.schema, relation.name) in undone
    return relation._replace(
        is_direct=is_direct,
        is_effective=is_direct or relation.is_effective,
        has_other=relation.has_other and not is_undone,
    )


def within(facts: DatabaseFacts, schemas: Collection[str]) -> DatabaseFacts:
    """Return the database as a transaction looks at it that is about some schemas only."""
    return replace(
        facts,
        wanted={name: privilege for name, privilege in facts.wanted.items() if name in schemas},
        creators=tuple(creator for creator in facts.creators if creator.schema in schemas),
        relations=tuple(relation for relation in facts.relations if relation.schema in schemas),
    )


def grants_in(statements: Iterable[Statement], action: str = "GRANT") -> Iterator[Grant]:
    """Yield what PostgreSQL grants (or with REVOKE, takes back) when it runs some statements, in order."""
    for statement in statements:
        words = statement.template.split(" {}")[0].rstrip(",")
        listed = statement.names[:-1]
        if words.startswith("ALTER DEFAULT"):
            yield from _defaults_in(statement, action)
        elif words.startswith(action):
            privilege, kind = words.split()[1], words.split()[3]
            if kind == "DATABASE":
                yield from (Grant("database", privilege) for _name in listed)
            elif kind == "SCHEMA":
                yield from (Grant("schema", privilege, schema) for (schema,) in listed)
            else:
                yield from (Grant("relation", privilege, schema, name) for schema, name in listed)


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
            yield Grant("default", privilege, schema, creator)
