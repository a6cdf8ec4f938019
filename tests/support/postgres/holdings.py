# SPDX-License-Identifier: GPL-3.0-or-later
"""Grants privileges of every kind that a role can hold in a database, and returns those that are left."""

from __future__ import annotations

from typing import Any, Mapping

from ansible_collections.metamapper.postgresql.plugins.module_utils._access.catalog.facts import AclItem
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.catalog.inspect import inspect_database
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.privileges.desired import Desired
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.request import AccessRequest, User
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.secret import Secret
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.driver import Connection
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.session import Session

from tests.support.modules.access import HOSTILE, Warehouse, version
from tests.support.values.names import a_server

# An object of each kind in a schema {0}, created by the superuser, with names that have to be quoted.
OBJECTS = """
CREATE TABLE {0}."t,a'b" ("co,l""umn" int, other int, "co'l" int);
CREATE SEQUENCE {0}."se""q";
CREATE TYPE {0}."ty{{0}}p,e" AS ENUM ('a');
CREATE DOMAIN {0}."do""main" AS int;
CREATE FUNCTION {0}."fu""nc"({0}."ty{{0}}p,e", int, VARIADIC "arg{{1}}" text[]) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE AGGREGATE {0}."agg'"(int) (SFUNC = int4pl, STYPE = int, INITCOND = '0');
CREATE AGGREGATE {0}."or(dered"(float8 ORDER BY anyelement) (SFUNC = ordered_set_transition, STYPE = internal,
  FINALFUNC = percentile_disc_final, FINALFUNC_EXTRA);
"""
PROCEDURE = """CREATE PROCEDURE {0}."pro""c"(a int, b text) LANGUAGE sql AS 'SELECT 1'"""

# The GRANT for each kind of object; {0} is the schema, {1} the grantee, {2} the database, {3} a creator.
GRANTS: Mapping[str, str] = {
    "relation": """GRANT SELECT, INSERT, TRIGGER ON {0}."t,a'b" TO {1}""",
    "column": """GRANT SELECT ("co,l""umn", "co'l"), UPDATE (other) ON {0}."t,a'b" TO {1}""",
    "sequence": """GRANT USAGE, SELECT ON SEQUENCE {0}."se""q" TO {1}""",
    "schema": "GRANT USAGE, CREATE ON SCHEMA {0} TO {1}",
    "database": "GRANT CONNECT, CREATE, TEMPORARY ON DATABASE {2} TO {1}",
    "function": """GRANT EXECUTE ON FUNCTION {0}."fu""nc"({0}."ty{{0}}p,e", int, text[]) TO {1}""",
    "aggregate": """GRANT EXECUTE ON FUNCTION {0}."agg'"(int) TO {1}""",
    "ordered-set aggregate": """GRANT EXECUTE ON FUNCTION {0}."or(dered"(float8, anyelement) TO {1}""",
    "type": """GRANT USAGE ON TYPE {0}."ty{{0}}p,e" TO {1}""",
    "domain": """GRANT USAGE ON DOMAIN {0}."do""main" TO {1}""",
    "language": "GRANT USAGE ON LANGUAGE sql TO {1}",
    "foreign data wrapper": "GRANT USAGE ON FOREIGN DATA WRAPPER wrapper TO {1}",
    "foreign server": "GRANT USAGE ON FOREIGN SERVER wrapper TO {1}",
    "large object": "GRANT SELECT, UPDATE ON LARGE OBJECT 4711 TO {1}",
    "default": "ALTER DEFAULT PRIVILEGES FOR ROLE {3} IN SCHEMA {0} GRANT SELECT ON TABLES TO {1};"
    " ALTER DEFAULT PRIVILEGES FOR ROLE {3} IN SCHEMA {0} GRANT USAGE ON SEQUENCES TO {1};"
    " ALTER DEFAULT PRIVILEGES FOR ROLE {3} IN SCHEMA {0} GRANT EXECUTE ON FUNCTIONS TO {1};"
    " ALTER DEFAULT PRIVILEGES FOR ROLE {3} IN SCHEMA {0} GRANT USAGE ON TYPES TO {1}",
    "global default": "ALTER DEFAULT PRIVILEGES FOR ROLE {3} GRANT SELECT ON TABLES TO {1}",
    "catalog": "GRANT SELECT ON pg_catalog.pg_authid TO {1}",
}
NEWER_GRANTS: Mapping[str, tuple[int, str]] = {
    "default for schemas": (
        100000,
        "ALTER DEFAULT PRIVILEGES FOR ROLE {3} GRANT USAGE ON SCHEMAS TO {1}",
    ),
    "procedure": (110000, """GRANT EXECUTE ON PROCEDURE {0}."pro""c"(int, text) TO {1}"""),
    "maintain": (170000, """GRANT MAINTAIN ON {0}."t,a'b" TO {1}"""),
    "default for large objects": (
        180000,
        "ALTER DEFAULT PRIVILEGES FOR ROLE {3} GRANT SELECT ON LARGE OBJECTS TO {1}",
    ),
}


def make_objects(warehouse: Warehouse) -> str:
    """Create an object of each kind in a new schema, and return the name of the schema."""
    schema = f"{HOSTILE} kinds"
    warehouse.run("CREATE SCHEMA {}", schema)
    warehouse.run(OBJECTS, schema)
    if version(warehouse.server) >= 110000:
        warehouse.run(PROCEDURE, schema)
    warehouse.run("SELECT lo_create(4711)")
    return schema


def grants(warehouse: Warehouse) -> dict[str, str]:
    """Return the GRANTs that this version of the server supports, by the kind of object."""
    number = version(warehouse.server)
    newer = {kind: statement for kind, (since, statement) in NEWER_GRANTS.items() if number >= since}
    return {**GRANTS, **newer}


def grant(warehouse: Warehouse, statement: str, schema: str, role: str) -> None:
    """Run one of the GRANTs for a role."""
    warehouse.run(statement, schema, role, warehouse.database, warehouse.owner)


def held(warehouse: Warehouse, *roles: str, user: str = "", **properties: Any) -> list[AclItem]:
    """Return the privileges that the module finds for some roles, as the superuser or as a user with a password."""
    login = {"user": user, **properties} if user else {}
    connection = Connection(warehouse.server.connect(warehouse.database, **login))
    with Session(connection) as session:
        desired = everything(warehouse, *roles)
        return list(inspect_database(session, desired).extraneous)


def everything(warehouse: Warehouse, *roles: str) -> Desired:
    """Return a desired state without any privilege, so that everything that some roles hold is extraneous."""
    users = tuple(User(name, Secret("")) for name in roles[1:])
    server = a_server(version_num=version(warehouse.server))
    return Desired(warehouse.database, AccessRequest(roles[0], users, state="absent"), server, None)
