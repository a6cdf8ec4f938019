# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalog queries, one by one, with their results on a small catalog."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from types import ModuleType
from typing import Any, Mapping

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.catalog import (
    acl_objects,
    acl_queries,
    queries,
    role_queries,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.catalog.inspect import RELATION_KINDS
from ansible_collections.metamapper.postgresql.plugins.module_utils._scope import creators, namesakes

from tests.support.modules.access import version
from tests.support.postgres.site import Site
from tools.postgres.server import Server

HOSTILE = "we\"ird.näme'; --"
Rows = list[dict[str, Any]]


class Sample:
    """A group, a user that is its member, and an owner with a hostile schema."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.owner = site.create_role("owner")
        self.group, self.user = site.create_role(site.group), site.create_role(site.user)
        site.run("GRANT {} TO {}", self.group, self.user)
        site.run("CREATE SCHEMA {} AUTHORIZATION {}", HOSTILE, self.owner)
        site.run_as(self.owner, "CREATE TABLE {}.t (id int, name text); CREATE VIEW {}.v AS SELECT 1", HOSTILE, HOSTILE)

    @property
    def server(self) -> Server:
        """The server under test."""
        return self.site.server

    def oid(self, name: str) -> int:
        """Return the oid of a schema."""
        query = "SELECT oid::int8 FROM pg_namespace WHERE nspname = %s"
        return int(self.server.execute(query, database=self.site.database, parameters=[name])[0][0])

    def ask(self, query: str, **parameters: Any) -> Rows:
        """Return the rows of a query with named parameters; by default on the hostile schema, in mode select."""
        is_new = version(self.server) >= 160000
        plain: Mapping[str, Any] = {
            "group": self.group,
            "effective": self.group,
            "names": [self.group, self.user],
            "roles": [self.user, self.group],
            "users": [self.user],
            "user": self.user,
            "old": self.user,
            "new": self.group,
            "listed": [],
            "unquotable": "^$",
            "schema_names": None,
            "schemas": [self.oid(HOSTILE)],
            "privileges": ["SELECT"],
            "kinds": list(RELATION_KINDS),
            "creator_schemas": [],
            "creators": [],
            "databases": [self.site.database],
            "characters": 255,
            "is_exclusive": True,
            "login_stays": True,
            "classes": [],
            "objects": [],
            "relations": [],
            "assumable": [],
            "needs_admin": is_new,
            "set": "SET" if is_new else "MEMBER",
            "inherited_defaults": is_new,
            "membership_grantors": is_new,
            "database": None,
            "is_shared": False,
        }
        with self.server.connect(self.site.database) as connection, connection.cursor() as cursor:
            cursor.execute(query, {**plain, **parameters})
            names = [column.name for column in cursor.description]
            return [dict(zip(names, row)) for row in cursor.fetchall()]


@pytest.fixture
def sample(site: Site) -> Sample:
    """The sample on a new database."""
    return Sample(site)


def test_server(sample: Sample) -> None:
    (row,) = sample.ask(queries.SERVER)
    assert (row["administrator"], row["login"], row["is_in_recovery"]) == ("postgres", "postgres", False)
    assert row["lock_slots"] > 0


def test_a_primary_has_no_primary(sample: Sample) -> None:
    assert sample.ask(queries.PRIMARY) == []


def test_roles(sample: Sample) -> None:
    sample.site.run("ALTER ROLE {} CONNECTION LIMIT 7 VALID UNTIL '2000-01-01'", sample.user)
    sample.site.run("CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w")
    sample.site.run("CREATE USER MAPPING FOR {} SERVER s", sample.user)
    rows = {row["name"]: row for row in sample.ask(role_queries.ROLES)}
    assert set(rows) == {sample.group, sample.user, "postgres"}
    user = rows[sample.user]
    assert (user["connection_limit"], user["is_expired"], user["owned"], user["is_in_group"]) == (7, True, 0, True)
    assert rows[sample.group]["members"] == [sample.user]


CIRCLE = {
    "directly": ("GRANT {user} TO {group}", ["{group}"]),
    "at a distance": ("GRANT {user} TO {owner}; GRANT {owner} TO {group}", ["{owner}"]),
    "a superuser is no member of all": ("ALTER ROLE {group} SUPERUSER", []),
}


@pytest.mark.parametrize(("statements", "through"), CIRCLE.values(), ids=CIRCLE)
def test_a_group_that_is_a_member_of_a_user(sample: Sample, statements: str, through: list[str]) -> None:
    run(sample, "REVOKE {group} FROM {user}; " + statements)
    rows = {row["name"]: row for row in sample.ask(role_queries.ROLES)}
    names = {"{group}": sample.group, "{owner}": sample.owner}
    assert rows[sample.user]["group_through"] == [[names[one], "postgres"] for one in through]
    assert rows[sample.group]["group_through"] == []


SETTINGS = {
    "none": ("SELECT 1", {}),
    "for all databases": ("ALTER ROLE {user} SET work_mem = '8MB'", {"": {"work_mem": "8MB"}}),
    "an equals sign, and nothing": (
        "ALTER ROLE {user} SET application_name = 'a=b'; ALTER ROLE {user} SET search_path = ''",
        {"": {"application_name": "a=b", "search_path": '""'}},
    ),
}


@pytest.mark.parametrize(("statement", "expected"), SETTINGS.values(), ids=SETTINGS)
def test_settings_of_a_role(sample: Sample, statement: str, expected: dict[str, dict[str, str]]) -> None:
    run(sample, statement)
    rows = {row["name"]: row for row in sample.ask(role_queries.ROLES)}
    assert (rows[sample.user]["settings"], rows[sample.group]["settings"]) == (expected, {})


def test_settings_of_a_role_in_a_database(sample: Sample) -> None:
    statement = "ALTER ROLE {} IN DATABASE {} SET role = {}"
    sample.site.run(statement, sample.user, sample.site.database, sample.group)
    (row,) = [row for row in sample.ask(role_queries.ROLES) if row["name"] == sample.user]
    assert row["settings"] == {sample.site.database: {"role": sample.group}}


def test_databases(sample: Sample) -> None:
    rows = {row["name"]: row for row in sample.ask(queries.DATABASES)}
    assert rows["template0"]["allows_connections"] is False
    assert (rows[sample.site.database]["can_connect"], rows[sample.site.database]["is_open"]) == (True, True)


def test_schemas(sample: Sample) -> None:
    sample.site.run("GRANT USAGE ON SCHEMA {} TO {}", HOSTILE, sample.group)
    row = next(row for row in sample.ask(queries.SCHEMAS) if row["name"] == HOSTILE)
    assert (row["owner"], row["is_usage_direct"], row["is_usage_effective"]) == (sample.owner, True, True)
    assert (row["can_create"], row["is_connect_direct"]) == (False, False)


def test_creators(sample: Sample) -> None:
    (row,) = sample.ask(queries.CREATORS)
    assert (row["schema"], row["name"], row["relations"]) == (HOSTILE, sample.owner, 2)
    assert (row["is_creator"], row["has_default_privilege"]) == (True, False)
    statement = "ALTER DEFAULT PRIVILEGES FOR ROLE {} IN SCHEMA {} GRANT SELECT ON TABLES TO {}"
    sample.site.run(statement, sample.owner, HOSTILE, sample.group)
    assert [row["has_default_privilege"] for row in sample.ask(queries.CREATORS)] == [True]


GRANTED = {
    "nothing": ("SELECT 1", ["t", "v"]),
    "one of two": ("GRANT SELECT ON {schema}.t TO {group}", ["v"]),
    "the other mode": ("GRANT REFERENCES ON {schema}.t TO {group}", ["t", "v"]),
    "PUBLIC is no direct grant": ("GRANT SELECT ON {schema}.t TO PUBLIC", ["t", "v"]),
    "the user's is not the group's": ("GRANT SELECT ON {schema}.t TO {user}", ["t", "v"]),
    "a grant by the user may be lost with it": (
        "GRANT SELECT ON {schema}.t TO {user} WITH GRANT OPTION; GRANT USAGE ON SCHEMA {schema} TO {user};"
        " SET ROLE {user}; GRANT SELECT ON {schema}.t TO {group}",
        ["t", "v"],
    ),
}


@pytest.mark.parametrize(("statement", "expected"), GRANTED.values(), ids=GRANTED)
def test_missing_relations(sample: Sample, statement: str, expected: list[str]) -> None:
    run(sample, statement)
    rows = sample.ask(queries.MISSING_RELATIONS)
    assert [row["name"] for row in rows] == expected
    assert {(row["schema"], row["owner"], row["is_grantable"]) for row in rows} <= {(HOSTILE, sample.owner, True)}
    both = sample.ask(queries.CREATORS_AND_MISSING_RELATIONS)
    assert [row["name"] for row in both if row["creator"] is None] == expected
    assert [row["creator"]["name"] for row in both if row["creator"] is not None] == [sample.owner]
    part = sample.ask(queries.MISSING_RELATIONS_OF_PART, relations=[rows[0]["oid"]])
    assert [row["name"] for row in part] == expected[:1]


def run(sample: Sample, statement: str) -> None:
    """Run statements with the names of the sample."""
    words = statement
    names = []
    while "{" in words:
        start = words.index("{")
        end = words.index("}")
        names.append({"schema": HOSTILE}.get(words[start + 1 : end]) or getattr(sample, words[start + 1 : end]))
        words = words[:start] + "\0" + words[end + 1 :]
    sample.site.run(words.replace("\0", "{}"), *names)


ITEMS = {
    "nothing": ("SELECT 1", [], []),
    "the desired privilege": ("GRANT SELECT ON {schema}.t TO {group}", [], []),
    "its grant option": (
        "GRANT SELECT ON {schema}.t TO {group} WITH GRANT OPTION",
        [],
        [("relation", "SELECT", "group", True)],
    ),
    "the other mode": (
        "GRANT REFERENCES ON {schema}.t TO {group}",
        [("relation", "REFERENCES", "group", False)],
        [("relation", "REFERENCES", "group", False)],
    ),
    "the other mode on a column, to the user": (
        "GRANT REFERENCES (id) ON {schema}.t TO {user}",
        [("column", "REFERENCES", "user", False)],
        [("column", "REFERENCES", "user", False)],
    ),
    "the same mode, to the user": ("GRANT SELECT ON {schema}.t TO {user}", [], [("relation", "SELECT", "user", False)]),
    "a write": ("GRANT INSERT ON {schema}.t TO {group}", [], [("relation", "INSERT", "group", False)]),
    "USAGE that is desired": ("GRANT USAGE ON SCHEMA {schema} TO {group}", [], []),
    "a default privilege that is not": (
        "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA {schema} GRANT SELECT ON TABLES TO {group}",
        [],
        [("default", "SELECT", "group", False)],
    ),
    "somebody else's": ("GRANT ALL ON {schema}.t TO {owner}, PUBLIC", [], []),
}


@pytest.mark.parametrize(("statement", "present", "exclusive"), ITEMS.values(), ids=ITEMS)
def test_extraneous(
    sample: Sample, statement: str, present: list[tuple[Any, ...]], exclusive: list[tuple[Any, ...]]
) -> None:
    run(sample, statement)
    roles = {sample.group: "group", sample.user: "user"}
    for is_exclusive, expected in ((False, present), (True, exclusive)):
        rows = sample.ask(acl_queries.EXTRANEOUS, is_exclusive=is_exclusive)
        found = [(row["kind"], row["privilege"], roles[row["grantee"]], row["keeps_privilege"]) for row in rows]
        assert found == expected
        part = {"classes": [row["class_id"] for row in rows], "objects": [row["object_id"] for row in rows]}
        assert sample.ask(acl_queries.EXTRANEOUS_OF_PART, is_exclusive=is_exclusive, **part) == rows
        if not is_exclusive:
            assert sample.ask(acl_queries.EXTRANEOUS_LISTED, is_exclusive=False) == rows


def test_extraneous_on_the_server_as_a_whole(sample: Sample) -> None:
    query = acl_queries.EXTRANEOUS_SHARED
    if version(sample.server) >= 150000:
        query = acl_queries.EXTRANEOUS_SHARED_15
        sample.site.run("GRANT SET ON PARAMETER work_mem TO {}", sample.user)
    sample.site.run("GRANT CONNECT ON DATABASE {} TO {}", sample.site.database, sample.group)
    sample.site.run("GRANT CREATE ON TABLESPACE pg_default TO {}", sample.group)
    expected = {"tablespace"} | ({"parameter"} if version(sample.server) >= 150000 else set())
    assert {row["kind"] for row in sample.ask(query)} == expected
    assert {row["kind"] for row in sample.ask(query, databases=[])} == {*expected, "database"}
    assert sample.ask(acl_queries.EXTRANEOUS_SHARED, roles=[]) == []


def test_mentions(sample: Sample) -> None:
    sample.site.run("GRANT SELECT ON {}.t TO {}", HOSTILE, sample.group)
    sample.site.run("CREATE SCHEMA mine AUTHORIZATION {}", sample.user)
    found = {(row["role"], row["how"], row["objects"]) for row in sample.ask(role_queries.MENTIONS)}
    assert found == {(sample.group, "a", 1), (sample.user, "o", 1)}
    assert {(row["role"], row["how"]) for row in sample.ask(role_queries.MENTIONS, database=sample.site.database)} == {
        (sample.group, "a"),
        (sample.user, "o"),
    }


def test_memberships(sample: Sample) -> None:
    assert sample.ask(role_queries.MEMBERSHIPS) == []
    sample.site.run("GRANT {} TO {}", sample.group, sample.owner)
    assert [(row["role"], row["member"]) for row in sample.ask(role_queries.MEMBERSHIPS)] == [
        (sample.group, sample.owner)
    ]


def test_policies(sample: Sample) -> None:
    sample.site.run("CREATE POLICY {} ON {}.t TO {}, {}", HOSTILE, HOSTILE, sample.group, sample.owner)
    assert sample.ask(role_queries.POLICIES) == [
        {"schema": HOSTILE, "relation": "t", "name": HOSTILE, "others": [sample.owner]}
    ]


def test_user_mappings(sample: Sample) -> None:
    sample.site.run("CREATE FOREIGN DATA WRAPPER w; CREATE SERVER {} FOREIGN DATA WRAPPER w", HOSTILE)
    sample.site.run("CREATE USER MAPPING FOR {} SERVER {}", sample.user, HOSTILE)
    assert sample.ask(role_queries.USER_MAPPINGS) == [{"role": sample.user, "server": HOSTILE, "can_drop": True}]
    assert {row["how"] for row in sample.ask(role_queries.MENTIONS, database=sample.site.database)} == {"m"}


def test_sessions(sample: Sample) -> None:
    assert sample.ask(role_queries.SESSIONS) == []
    assert sample.ask(role_queries.SESSIONS, users=["postgres"])[0]["can_end"] is True
    assert sample.ask(role_queries.STARTING_PROCESSES) == [{"processes": 0}]
    gone = sample.site.create_role("gone", "LOGIN PASSWORD 'gone'")
    with contextlib.closing(sample.server.connect(sample.site.database, user=gone, password="gone")) as connection:
        connection.cursor().execute("BEGIN; SELECT 1")
        sample.site.run("DROP ROLE {}", gone)
        assert sample.ask(role_queries.STARTING_PROCESSES) == [{"processes": 0}]


def test_verifier(sample: Sample) -> None:
    iterations = 4096 if version(sample.server) >= 160000 else 0
    assert sample.ask(role_queries.VERIFIER) == [{"verifier": None, "default_iterations": iterations}]


def test_assumable(sample: Sample) -> None:
    assert sample.ask(role_queries.ASSUMABLE) == []  # a superuser needs to assume no owner
    password = "deputy"
    admin = sample.site.create_role("deputy", f"LOGIN CREATEROLE PASSWORD '{password}'")
    if version(sample.server) >= 160000:
        sample.site.run("GRANT {} TO {} WITH ADMIN TRUE, INHERIT FALSE, SET FALSE", sample.owner, admin)
    boss = sample.site.create_role("boss", "SUPERUSER")
    parameters: dict[str, Any] = {"set": "MEMBER" if version(sample.server) < 160000 else "SET"}
    parameters["needs_admin"] = version(sample.server) >= 160000
    with sample.site.login(admin, password) as connection, connection.cursor() as cursor:
        cursor.execute(role_queries.ASSUMABLE, parameters)
        names = [column.name for column in cursor.description]
        rows = {row[0]: dict(zip(names, row)) for row in cursor.fetchall()}
    assert (rows[sample.owner]["can_set"], rows[sample.owner]["has_membership"]) == (False, False)
    assert rows[sample.owner]["grantor"] == (admin if parameters["needs_admin"] else "")
    assert len(rows[sample.owner]["memberships"]) == (1 if parameters["needs_admin"] else 0)
    assert not {boss, admin, "postgres", "pg_monitor"} & set(rows)


def test_role_names(sample: Sample) -> None:
    found = {row["name"] for row in sample.ask(role_queries.ROLE_NAMES)}
    assert {sample.owner, sample.group, sample.user, "postgres"} <= found


def test_visible_to_one_only(sample: Sample) -> None:
    assert sample.ask(role_queries.VISIBLE_TO_ONE_ONLY) == []
    run(sample, "GRANT USAGE ON SCHEMA {schema} TO {user}; GRANT SELECT (id) ON {schema}.t TO {user}")
    assert sample.ask(role_queries.VISIBLE_TO_ONE_ONLY) == [{"schema": HOSTILE, "name": "t"}]
    sample.site.run(
        "CREATE SCHEMA mine AUTHORIZATION {}; SET ROLE {}; CREATE TABLE mine.t ()", sample.user, sample.user
    )
    assert sample.ask(role_queries.VISIBLE_TO_ONE_ONLY) == [{"schema": HOSTILE, "name": "t"}]


def test_long_defaults(sample: Sample) -> None:
    sample.site.run_as(
        sample.owner, f"ALTER TABLE {{}}.t ALTER name SET DEFAULT '{'x' * 250}', ALTER id SET DEFAULT 7", HOSTILE
    )
    rows = sample.ask(queries.LONG_DEFAULTS, schemas=[HOSTILE])
    assert [(row["relation"], row["column_name"]) for row in rows] == [("t", "name")]
    assert rows[0]["characters"] > 255
    assert sample.ask(queries.LONG_DEFAULTS, schemas=["other"]) == []


def test_who_creates(sample: Sample) -> None:
    member = sample.site.create_role("member", "LOGIN INHERIT")
    sample.site.run("GRANT {} TO {}; GRANT CREATE ON SCHEMA {} TO PUBLIC", sample.owner, member, HOSTILE)
    rows = {row["role"]: row for row in sample.ask(creators.CREATORS)}
    assert set(rows) == {sample.owner, member, ""}
    assert (rows[sample.owner]["is_owner"], rows[sample.owner]["relations"]) == (True, 2)
    assert (rows[member]["is_member"], rows[member]["is_creator"], rows[member]["relations"]) == (True, True, 0)
    assert (rows[""]["may_create"], rows[""]["is_creator"]) == (True, True)


def test_namesakes(sample: Sample) -> None:
    asked = {"schemas": [HOSTILE, HOSTILE, "public"], "relations": ["t", "gone", "t"]}
    assert sample.ask(namesakes.NAMESAKES, **asked) == [{"schema": HOSTILE, "relation": "t"}]


@pytest.mark.majorless
@pytest.mark.parametrize("module", [queries, role_queries, acl_queries, creators, namesakes])
def test_each_question_has_its_case(module: ModuleType) -> None:
    cases = Path(__file__).read_text(encoding="utf-8")
    constants = [name for name, value in vars(module).items() if isinstance(value, str) and re.match("[A-Z]", name)]
    questions = [name for name in constants if name not in vars(acl_objects)]
    assert [name for name in questions if f".{name}" not in cases] == []
