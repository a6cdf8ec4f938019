# SPDX-License-Identifier: GPL-3.0-or-later
"""Names that pg_hba.conf would not read as one database or role are refused."""

from __future__ import annotations

import importlib.util

import pytest
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._pg_hba import hba_problems, missing_collection


@pytest.mark.parametrize("name", ["warehouse", "Sales_2-x.y$", "ALL", "allx", "1", "_"])
def test_a_name_that_needs_no_quotes(name: str) -> None:
    assert hba_problems([name]) == []


@pytest.mark.parametrize(
    ("name", "words"),
    [
        *[(name, "without quotes.") for name in ("", "a b", "a,b", "a#b", "+readers", "@file", '"', "-", "日本")],
        *[(name, "without quotes.") for name in ("we\"ird.näme\\'; --", "a\nb", "a\n", "a\tb", "\x00", "a\u202eb")],
        *[(name, "is a keyword") for name in ("all", "replication", "sameuser", "samerole", "samegroup")],
        *[(name, "a regular expression") for name in ("/", "/^sales$")],
    ],
)
def test_a_name_that_means_something_else_or_needs_quotes(name: str, words: str) -> None:
    (problem,) = hba_problems([name])
    assert words in problem
    assert problem.isprintable()


def test_each_name_has_a_sentence() -> None:
    assert len(hba_problems(["all", "fine", "a b"])) == 2


def test_the_collection_that_writes_the_file_is_installed() -> None:
    assert missing_collection() == []


def nothing_of_the_name(_name: str) -> None:
    """Return None, as find_spec does if only another collection of the namespace is installed."""


def nothing_of_the_namespace(name: str) -> None:
    """Raise ModuleNotFoundError, as find_spec does if no collection of the namespace is installed."""
    raise ModuleNotFoundError(name)


@pytest.mark.parametrize("find_spec", [nothing_of_the_name, nothing_of_the_namespace], ids=["name", "namespace"])
def test_without_it_the_remedy_is_told(find_spec: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", find_spec)
    (problem,) = missing_collection()
    assert "ansible-galaxy collection install community.postgresql" in problem
