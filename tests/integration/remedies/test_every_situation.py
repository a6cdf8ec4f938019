# SPDX-License-Identifier: GPL-3.0-or-later
"""A row runs every remedy that the code can produce, and names in statements are quoted as the server quotes them."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Iterator, get_args

from ansible_collections.metamapper.postgresql.plugins.module_utils._core.identifier import KEYWORDS, identifier
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.situations import Situation

from tests.integration.remedies.test_access import LOGINS, WAITS, WITH_TLS
from tests.integration.remedies.test_access import ROWS as OF_ACCESS
from tests.integration.remedies.test_visibility import ROWS as OF_VISIBILITY
from tools.postgres.server import Server

HERE = Path(__file__).parent
NAMES = ["sales", "Sales", "order", "value", "_2", "2x", "name$", "näme", "", "we\"ird.näme'; --", "public", "a b"]


def run_alone() -> Iterator[str]:
    """Yield the situations that are passed to run_literally by a separate test."""
    for path in HERE.glob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "run_literally":
                yield from (str(one.value) for one in node.args if isinstance(one, ast.Constant))


def test_every_situation_has_a_row() -> None:
    rows = {row.situation for row in OF_ACCESS} | {row.situation for row in OF_VISIBILITY}
    assert rows | {*LOGINS, *WITH_TLS, *WAITS, *run_alone()} == set(get_args(Situation))


def test_every_situation_is_one_that_the_code_can_produce() -> None:
    root = HERE.parents[2] / "plugins" / "module_utils"
    code = "".join(path.read_text() for path in root.rglob("*.py") if path.name != "situations.py")
    assert [one for one in get_args(Situation) if f'"{one}"' not in code] == []


def test_names_are_quoted_as_the_server_quotes_them(server: Server) -> None:
    query = "SELECT name, quote_ident(name) FROM unnest(%s::text[]) AS name"
    rows = server.execute(query, parameters=[NAMES])
    assert [identifier(name) for name, _quoted in rows] == [quoted for _name, quoted in rows]


def test_every_keyword_that_the_server_quotes_is_known(server: Server) -> None:
    rows = server.execute("SELECT word FROM pg_get_keywords() WHERE quote_ident(word) <> word ORDER BY word")
    assert [word for (word,) in rows if word not in KEYWORDS] == []
