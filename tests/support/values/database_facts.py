# SPDX-License-Identifier: GPL-3.0-or-later
"""The facts that the module visibility has about a database without problems, to be changed by tests."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ansible_collections.metamapper.postgresql.plugins.module_utils._core.unquoted_names import UnquotedNameParser
from ansible_collections.metamapper.postgresql.plugins.module_utils._visibility.catalog.facts import (
    DatabaseFacts,
    QueryFailure,
    RelationDetail,
    ScanResult,
    Schema,
    SessionFacts,
    Totals,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._visibility.request import Expectation

HOSTILE = "we\"ird.näme'; --"
SESSION = SessionFacts(170010, "mm", "mm", "192.0.2.1", False, (), False, False, 7, True, True)
DENIED = QueryFailure("42501", "permission denied for schema nous")
FACTS = DatabaseFacts(
    name="wh",
    group="readers",
    reader=UnquotedNameParser(170010, "wh"),
    session=SESSION,
    expectation=Expectation({"sales": "SELECT"}),
    schemas={"sales": Schema(1, "sales", usage=True), "nous": Schema(2, "nous", usage=False)},
    totals={"sales": Totals(2, 2, 8, 8)},
    details=(),
    creators=(),
    defaults=(),
    namesakes=frozenset(),
    scan=ScanResult(seen={"sales": {"t": 4, "u": 4}}),
)


def detail(category: str, **changes: Any) -> RelationDetail:
    """Return a relation of a category that causes findings, by default in the listed schema."""
    plain = RelationDetail(category, "sales", "t", "r", 4, 4, 4, 1, "", ("readers",), False, False)
    return replace(plain, **changes)
