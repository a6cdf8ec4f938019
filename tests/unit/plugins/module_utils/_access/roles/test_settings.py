# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of a user: which are desired, which are left alone, and the statements that change them."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.roles.settings import (
    setting_statements,
    settings_after,
    shown_settings,
)

from tests.support.values.names import HOSTILE, a_request

USER = "metamapper"
QUOTED = '"we""ird.näme\'; --"'
OURS = {"default_transaction_read_only": "on", "client_encoding": "UTF8"}
PATH = {"search_path": f'pg_catalog, "{HOSTILE}"'.replace('we"', 'we""')}
ALTER = "ALTER ROLE metamapper"

CASES: dict[str, tuple[dict[str, Any], dict[str, dict[str, str]], list[str]]] = {
    "as it should be": ({}, {"": OURS}, []),
    "a new role": (
        {},
        {},
        [f"{ALTER} SET default_transaction_read_only = on", f"{ALTER} SET client_encoding = 'UTF8'"],
    ),
    "another encoding is somebody's choice": ({}, {"": {**OURS, "client_encoding": "LATIN1"}}, []),
    "so is one in a database": ({}, {"": OURS, HOSTILE: {"client_encoding": "LATIN1"}}, []),
    "a search_path is the administrators'": ({}, {"": {**OURS, "search_path": "x"}, HOSTILE: {"search_path": "y"}}, []),
    "the login becomes another role": ({}, {"": {**OURS, "role": "x"}}, [f"{ALTER} RESET role"]),
    "in a database": ({}, {"": OURS, HOSTILE: {"role": "x"}}, [f"{ALTER} IN DATABASE {QUOTED} RESET role"]),
    "in a database that is not meant": ({}, {"": OURS, "other": {"role": "x"}}, []),
    "writing is on in a database": (
        {},
        {"": OURS, HOSTILE: {"default_transaction_read_only": "off"}},
        [f"{ALTER} IN DATABASE {QUOTED} RESET default_transaction_read_only"],
    ),
    "a search_path is wanted": (PATH, {"": OURS}, [f"{ALTER} SET search_path = pg_catalog, {QUOTED}"]),
    "and is there": (PATH, {"": {**OURS, **PATH}}, []),
    "and is there in other words": ({"search_path": "PG_CATALOG"}, {"": {**OURS, "search_path": '"pg_catalog"'}}, []),
    "and is overridden in a database": (
        PATH,
        {"": {**OURS, **PATH}, HOSTILE: {"search_path": "x"}},
        [f"{ALTER} IN DATABASE {QUOTED} RESET search_path"],
    ),
    "what is there is no list": (
        {"search_path": "public"},
        {"": {**OURS, "search_path": "a b"}},
        [f"{ALTER} SET search_path = public"],
    ),
    "settings of others stay": ({}, {"": {**OURS, "work_mem": "1GB"}}, []),
}


@pytest.mark.parametrize(("wish", "found", "expected"), CASES.values(), ids=CASES)
def test_statements(wish: dict[str, Any], found: dict[str, dict[str, str]], expected: list[str]) -> None:
    assert list(map(str, setting_statements(found, USER, a_request(**wish), [HOSTILE]))) == expected


@pytest.mark.parametrize(("wish", "found", "_expected"), CASES.values(), ids=CASES)
def test_after_the_statements_nothing_is_left_to_do(
    wish: dict[str, Any], found: dict[str, dict[str, str]], _expected: list[str]
) -> None:
    request = a_request(**wish)
    after = settings_after(found, request, [HOSTILE])
    assert list(setting_statements(after, USER, request, [HOSTILE])) == []


def test_only_what_is_compared_is_shown() -> None:
    found = {"": {**OURS, "work_mem": "1GB", "search_path": "x"}, HOSTILE: {"role": "y"}, "other": {"work_mem": "1MB"}}
    assert shown_settings(found, a_request()) == {"all databases": OURS, HOSTILE: {"role": "y"}}
    assert shown_settings(found, a_request(search_path="y"))["all databases"] == {**OURS, "search_path": "x"}
