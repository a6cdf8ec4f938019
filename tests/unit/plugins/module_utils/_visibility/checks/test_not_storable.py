# SPDX-License-Identifier: GPL-3.0-or-later
"""Names and defaults that Metamapper cannot store, and those that it cannot decode."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._visibility.catalog.facts import (
    DatabaseFacts,
    LongDefault,
    ScanResult,
    Schema,
    Totals,
    Undecodable,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._visibility.checks.scan_failures import (
    confirmed,
    scan_failures,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._visibility.request import Expectation

from tests.support.values.database_facts import DENIED, FACTS, HOSTILE


def severities(facts: DatabaseFacts) -> list[tuple[str, str]]:
    return [(one.severity, one.schema) for one in scan_failures(facts)]


def test_what_metamapper_cannot_store_hides_the_schema() -> None:
    long = (
        LongDefault("sales", "t", HOSTILE, 256),
        LongDefault("sales", "u", "b", 300),
        LongDefault("unlisted", "t", "a", 256),
    )
    facts = replace(FACTS, scan=replace(FACTS.scan, long_defaults=long))
    assert severities(facts) == [("failure", "sales"), ("warning", "unlisted")]
    assert "and 1 more has 256" in scan_failures(facts)[0].reason
    schemas = {"a\\b": Schema(3, "a\\b", usage=True), "c\\d": Schema(4, "c\\d", usage=True)}
    facts = replace(
        FACTS, schemas=schemas, totals={"a\\b": Totals(1, 1, 1, 1)}, expectation=Expectation({"a\\b": "SELECT"})
    )
    assert severities(facts) == [("failure", "a\\b")]


@pytest.mark.parametrize(
    ("undecodable", "remedy"),
    [
        pytest.param(Undecodable((("s", "t"),), "LATIN1", "UTF8", DENIED), "client_encoding = 'UTF8'", id="UTF8"),
        pytest.param(Undecodable((("s", "t"),), "UTF8", "LATIN1", DENIED), "client_encoding = 'LATIN1'", id="LATIN1"),
        pytest.param(Undecodable((("s", "t"),), "UTF8", "UTF8", DENIED), "Rewrite", id="no encoding helps"),
        pytest.param(Undecodable((), "", "UTF8", DENIED), "client_encoding = 'UTF8'", id="the login fails"),
    ],
)
def test_what_does_not_reach_metamapper_fails_and_is_foretold(undecodable: Undecodable, remedy: str) -> None:
    facts = replace(FACTS, scan=ScanResult(None, DENIED, undecodable=undecodable))
    (one,) = scan_failures(facts)
    assert (one.severity, remedy in one.remedy) == ("failure", True)
    assert confirmed(facts)
