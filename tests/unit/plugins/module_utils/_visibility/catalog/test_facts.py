# SPDX-License-Identifier: GPL-3.0-or-later
"""Values derived from the facts about a database."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._visibility.catalog.facts import (
    PathCreator,
    SearchPath,
)

from tests.support.values.database_facts import FACTS, HOSTILE, SESSION, detail


@pytest.mark.parametrize(
    ("path", "is_trusted"),
    [
        pytest.param(SearchPath(), True, id="pg_catalog"),
        pytest.param(SearchPath("public", (PathCreator("public", "", "create"),)), False, id="others create there"),
        pytest.param(SearchPath("public", is_known=False), False, id="unknown"),
    ],
)
def test_which_search_path_is_trusted(path: SearchPath, is_trusted: bool) -> None:
    assert path.is_trusted is is_trusted


@pytest.mark.parametrize(
    ("group_oid", "expected"), [(7, "readers"), (None, HOSTILE)], ids=["the group", "the user where there is none"]
)
def test_whom_remedies_grant_to(group_oid: int | None, expected: str) -> None:
    session = replace(SESSION, session_user=HOSTILE, group_oid=group_oid)
    assert replace(FACTS, session=session).beneficiary == expected


def test_details_of_a_category() -> None:
    one, other = detail("exposed"), detail("missing", relation=HOSTILE)
    facts = replace(FACTS, details=(one, other))
    assert [facts.of(category) for category in ("exposed", "missing", "writable")] == [(one,), (other,), ()]
