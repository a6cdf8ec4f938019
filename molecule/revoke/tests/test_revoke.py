# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything is revoked: the databases and the bastion are as they were before access was granted."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any

import psycopg2
import pytest

DIRECTORY = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"])
PRIVILEGES = (Path(__file__).parent.parent / "files" / "privileges.sql").read_text()


def remembered(moment: str, database: str) -> list[str]:
    """Return the privileges in a database that prepare.yml recorded, before or after the grant."""
    return json.loads((DIRECTORY / f"{moment}.json").read_text())[database]


@pytest.fixture(params=["warehouse", "archive"])
def database(request: pytest.FixtureRequest) -> str:
    """Return each database in which access was granted."""
    return request.param


@pytest.fixture
def privileges(database: str, superuser_login: dict[str, str]) -> list[str]:
    """Return the privileges in the database now."""
    login = {**superuser_login, "dbname": database}
    with contextlib.closing(psycopg2.connect(**login)) as connection, connection.cursor() as cursor:
        cursor.execute(PRIVILEGES)
        return [line for (line,) in cursor.fetchall()]


def test_there_was_something_to_take_back(database: str) -> None:
    """Granting had changed the privileges; otherwise the comparison below would prove nothing."""
    gained = set(remembered("granted", database)) - set(remembered("before", database))
    assert {"role metamapper", "role metamapper_readers", "member metamapper of metamapper_readers"} <= gained
    assert {line.split(" ")[0] for line in gained} == {
        *("database", "schema", "relation", "future"),
        *("role", "member", "setting"),
    }


def test_everybody_may_do_what_they_could_before(database: str, privileges: list[str]) -> None:
    assert privileges == remembered("before", database)


def test_metamapper_gets_no_tunnel_any_more(ssh: Any) -> None:
    result = ssh("bastion", "-N", "metamapper@127.0.0.1")
    assert (result.returncode, "Permission denied" in result.stderr) == (255, True), result.stderr


def test_nothing_of_it_is_on_the_bastion(bastions: dict[str, Any], assert_no_trace: Any) -> None:
    assert_no_trace(bastions["bastion"])
