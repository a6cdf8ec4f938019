# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of which there is one for each server."""

from __future__ import annotations

import pytest
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.server_file import file_name, is_masked
from hypothesis import given
from hypothesis import strategies as st

NAMES = {
    "plain": ("db1.example.org", "db1.example.org.json"),
    "an address": ("fe80::1", "fe80%3A%3A1.json"),
    "another directory": ("../x", "%2E.%2Fx.json"),
    "hidden": (".x", "%2Ex.json"),
    "quotes": ('we"ird', "we%22ird.json"),
    "escaped already": ("%2Ex", "%252Ex.json"),
}


@pytest.mark.parametrize(("server", "name"), NAMES.values(), ids=NAMES)
def test_the_name_of_a_file(server: str, name: str) -> None:
    assert file_name(server) == name


@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=300), min_size=2, max_size=20, unique=True))
def test_no_two_servers_have_one_file(servers: list[str]) -> None:
    names = {file_name(server) for server in servers}
    assert len(names) == len(servers)
    assert all(len(name.encode()) < 256 and "/" not in name and not name.startswith(".") for name in names)


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        pytest.param(None, False, id="nothing"),
        pytest.param({"crm": {"core": {"we\"ird.näme\\'; --": 3}}}, False, id="hostile"),
        pytest.param({"crm": {"VALUE_SPECIFIED_IN_NO_LOG_PARAMETER": {"t": 3}}}, True, id="a name that is a secret"),
        pytest.param({"crm": {"core": {"a********b": 3}}}, True, id="a name with a secret in it"),
    ],
)
def test_what_was_masked(seen: object, expected: bool) -> None:
    assert is_masked(seen) is expected
