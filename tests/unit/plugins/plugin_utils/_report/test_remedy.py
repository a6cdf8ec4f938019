# SPDX-License-Identifier: GPL-3.0-or-later
"""What fixes a finding: SQL or a sentence, and whether the SQL only grants or is intrusive."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.remedy import (
    Remedy,
    remedy_of,
    statements_of,
)

HOSTILE = "we\"ird.näme\\'; --"
QUOTED = '"we""ird.näme\\\'; --"'


LEAVE_OUT = {"kind": "variable", "name": "schemas", "value": ["a", "b{}"], "text": 'schemas: ["a", "b{}"]'}


@pytest.mark.parametrize(
    ("text", "statements"),
    [
        pytest.param("", (), id="empty"),
        pytest.param("GRANT a TO b;", ("GRANT a TO b;",), id="one"),
        pytest.param("GRANT a TO b; REVOKE c FROM d;", ("GRANT a TO b;", "REVOKE c FROM d;"), id="two"),
        pytest.param("GRANT a TO b;\nGRANT c TO d;\n", ("GRANT a TO b;", "GRANT c TO d;"), id="two lines"),
        pytest.param(f"GRANT {QUOTED} TO b;", (f"GRANT {QUOTED} TO b;",), id="hostile"),
        pytest.param("ALTER ROLE a SET b = 'x;y';", ("ALTER ROLE a SET b = 'x;y';",), id="semicolon in a string"),
        pytest.param("ALTER ROLE a SET b = E'\\';';", ("ALTER ROLE a SET b = E'\\';';",), id="escape string"),
        pytest.param("Change the owner.", (), id="sentence"),
        pytest.param("GRANT a TO b; then verify again.", (), id="a sentence behind it"),
        pytest.param("ALTER ROLE a RESET b; and ALTER ROLE c RESET d;", (), id="a word between them"),
        pytest.param("GRANT a TO b", (), id="no end"),
        pytest.param("Set metamapper_password; see above;", (), id="a sentence with semicolons"),
    ],
)
def test_statements(text: str, statements: tuple[str, ...]) -> None:
    assert statements_of(text) == statements


@pytest.mark.parametrize(
    ("given", "remedy"),
    [
        pytest.param(None, None, id="none"),
        pytest.param("", None, id="empty"),
        pytest.param("GRANT a TO b;", Remedy("sql", "GRANT a TO b;"), id="text that is SQL"),
        pytest.param("Ask the owner.", Remedy("person", "Ask the owner."), id="text that is none"),
        pytest.param(
            {"kind": "sql", "sql": "GRANT a TO b;", "role": "o", "database": "d"},
            Remedy("sql", "GRANT a TO b;", "o", "d"),
            id="SQL",
        ),
        pytest.param(
            {"kind": "sql", "text": ["GRANT a TO b;", "GRANT c TO d;"]},
            Remedy("sql", "GRANT a TO b;\nGRANT c TO d;"),
            id="list of SQL",
        ),
        pytest.param(
            {"kind": "variable", "name": "metamapper_adopt", "value": True},
            Remedy("variable", "metamapper_adopt: true"),
            id="variable",
        ),
        pytest.param(
            {**LEAVE_OUT, "change": "remove", "database": "d", "is_alternative": True},
            Remedy(
                "person", 'Remove "a", "b{}" from schemas in the entry of database "d".', "", "d", is_alternative=True
            ),
            id="items that go",
        ),
        pytest.param(
            {**LEAVE_OUT, "change": "add"}, Remedy("person", 'Add "a", "b{}" to schemas.'), id="items that come"
        ),
        pytest.param({**LEAVE_OUT, "change": "set"}, Remedy("variable", 'schemas: ["a", "b{}"]'), id="a list"),
        pytest.param(
            {"kind": "variable", "name": "metamapper_group", "value": HOSTILE},
            Remedy("variable", 'metamapper_group: "we\\"ird.näme\\\\\'; --"'),
            id="hostile variable",
        ),
        pytest.param(
            {"kind": "line", "line": "host all all all scram-sha-256", "file": "pg_hba.conf"},
            Remedy("line", "host all all all scram-sha-256", file="pg_hba.conf"),
            id="line",
        ),
        pytest.param({"kind": "person", "text": "Ask."}, Remedy("person", "Ask."), id="person"),
        pytest.param({"kind": "song", "text": "Sing."}, Remedy("person", "Sing."), id="unknown kind"),
        pytest.param({"kind": "sql"}, None, id="nothing in it"),
    ],
)
def test_remedy(given: Any, remedy: Remedy | None) -> None:
    assert remedy_of(given) == remedy


@pytest.mark.parametrize(
    ("text", "is_grant", "is_intrusive"),
    [
        pytest.param(f"GRANT SELECT ON TABLE {QUOTED} TO g;", True, False, id="grant"),
        pytest.param("GRANT USAGE ON SCHEMA a TO g; GRANT SELECT ON a.b TO g;", True, False, id="two grants"),
        pytest.param(
            f"ALTER DEFAULT PRIVILEGES FOR ROLE {QUOTED} IN SCHEMA {QUOTED} GRANT SELECT ON TABLES TO g;",
            True,
            False,
            id="default privileges",
        ),
        pytest.param(
            "ALTER DEFAULT PRIVILEGES FOR ROLE a IN SCHEMA b REVOKE SELECT ON TABLES FROM g;",
            False,
            False,
            id="default privileges taken back",
        ),
        pytest.param("GRANT a TO b; REVOKE c FROM d;", False, False, id="not only a grant"),
        pytest.param(f"ALTER SCHEMA {QUOTED} RENAME TO b;", False, True, id="rename"),
        pytest.param("DROP OWNED BY a;", False, True, id="drop"),
        pytest.param("ALTER TABLE a OWNER TO b;", False, True, id="owner"),
        pytest.param('ALTER ROLE "a" NOSUPERUSER;', False, False, id="role"),
        pytest.param("Ask.", False, False, id="sentence"),
    ],
)
def test_what_a_remedy_does(text: str, is_grant: bool, is_intrusive: bool) -> None:
    remedy = remedy_of(text)
    assert remedy is not None
    assert (remedy.is_grant, remedy.is_intrusive) == (is_grant, is_intrusive)
