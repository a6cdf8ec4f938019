# SPDX-License-Identifier: GPL-3.0-or-later
"""psycopg2's errors become ServerError, in any language, and only one file imports psycopg2."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any, Iterator

import psycopg2
import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.problem import Failure
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres import driver
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.driver import (
    Connection,
    ServerError,
    connect,
    require_psycopg2,
)

PLUGINS = Path(__file__).resolve().parents[5] / "plugins"
GERMAN = "FATAL: Passwort-Authentifizierung für Benutzer »x« fehlgeschlagen"


def imported_in(path: Path) -> Iterator[str]:
    """Yield the modules that a file imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def test_one_file_imports_psycopg2() -> None:
    importing = [
        path.relative_to(PLUGINS).as_posix()
        for path in sorted(PLUGINS.rglob("*.py"))
        if any(name.split(".")[0] == "psycopg2" for name in imported_in(path))
    ]
    assert importing == ["module_utils/_postgres/driver.py"]


def test_psycopg2_is_there() -> None:
    require_psycopg2()


def test_without_psycopg2_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver, "PSYCOPG2_IMPORT_ERROR", "Traceback")
    with pytest.raises(Failure, match="Install psycopg2-binary"):
        require_psycopg2()


def undecodable(text: str) -> UnicodeDecodeError:
    """Return what psycopg2 raises for a message in LATIN1."""
    try:
        text.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError as error:
        return error
    raise AssertionError("it can be decoded")


class Raw:
    """A stand-in for psycopg2's connection and its cursor; every statement raises an error."""

    def __init__(self, error: Exception, *, closes: int = 0) -> None:
        self.error = error
        self.closes = closes
        self.closed = 0
        self.pgconn_ptr = None

    def cursor(self) -> Raw:
        return self

    def __enter__(self) -> Raw:
        return self

    def __exit__(self, *_exception: object) -> None:
        pass

    def execute(self, _text: str) -> None:
        self.closed = self.closes
        raise self.error


REFUSED: Any = type("RefusedError", (psycopg2.Error,), {"pgcode": "42501"})


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        pytest.param(Raw(REFUSED("no")), ("42501", "no", False), id="refused"),
        pytest.param(Raw(psycopg2.OperationalError("gone"), closes=2), ("", "gone", True), id="lost"),
        pytest.param(Raw(undecodable(GERMAN)), ("", GERMAN, False), id="LATIN1"),
    ],
)
def test_an_error_of_a_statement(raw: Raw, expected: tuple[str, str, bool]) -> None:
    with pytest.raises(ServerError) as caught:
        Connection(raw).execute("SELECT 1", 10.0)
    error = caught.value
    assert (error.sqlstate, error.text, error.is_connection_lost) == expected
    assert [problem.sqlstate for problem in error.problems] == [expected[0]]


def test_an_error_of_a_login(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_parameters: object) -> None:
        raise undecodable(GERMAN)

    monkeypatch.setattr(psycopg2, "connect", refuse)
    with pytest.raises(ServerError, match="für Benutzer »x«"):
        connect({"dbname": "warehouse"}, 10.0)


def test_an_error_of_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object, **_more: object) -> None:
        raise psycopg2.NotSupportedError("libpq is too old")

    monkeypatch.setattr(psycopg2.extensions, "encrypt_password", refuse)
    with pytest.raises(ServerError, match="libpq is too old"):
        Connection(Raw(ValueError())).encrypt_password("p", "x", "md5")
