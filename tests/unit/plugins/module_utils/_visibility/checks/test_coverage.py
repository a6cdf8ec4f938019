# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings from facts in cases for which a real server would need thousands of objects."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._visibility.catalog.facts import (
    Creator,
    Default,
    Loss,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._visibility.checks.audit import (
    excess,
    exposed,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._visibility.checks.coverage import (
    future,
    is_future_covered,
    lost,
    missing,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._visibility.checks.scan_failures import (
    confirmed,
    scan_failures,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._visibility.request import Expectation

from tests.support.values.database_facts import FACTS, HOSTILE, detail


def test_nothing_wrong_is_nothing_found() -> None:
    assert (missing(FACTS), scan_failures(FACTS), future(FACTS), lost(FACTS), exposed(FACTS), excess(FACTS)) == (
        (),
    ) * 6
    assert confirmed(FACTS)


@pytest.mark.parametrize("category", ["missing", "no_usage", "needs_quotes"])
def test_of_many_alike_fifty_are_named_and_the_rest_counted(category: str) -> None:
    schema = "nous" if category == "no_usage" else "sales"
    details = tuple(
        detail(category, schema=schema, relation=f"T{number}", visible=1, members=1000) for number in range(50)
    )
    findings = (*missing(replace(FACTS, details=details)), *scan_failures(replace(FACTS, details=details)))
    assert len(findings) == 51
    assert findings[-1].relation == ""
    assert findings[-1].reason.startswith("950 more")


def test_many_schemas_of_one_creator_are_one_more_finding() -> None:
    names = [f"s{number}" for number in range(60)]
    facts = replace(
        FACTS,
        expectation=Expectation(dict.fromkeys(names, "SELECT")),
        creators=tuple(Creator(name, HOSTILE) for name in names),
    )
    findings = future(facts)
    assert len(findings) == 51
    assert findings[-1].remedy.count('ALTER DEFAULT PRIVILEGES FOR ROLE "we""ird.näme\'; --"') == 10
    assert set(is_future_covered(facts).values()) == {False}


@pytest.mark.parametrize(
    ("default", "is_covered"),
    [
        pytest.param(Default("etl", "sales", "readers", ("SELECT",)), True, id="for the group"),
        pytest.param(Default("etl", "sales", "", ("SELECT",)), True, id="for PUBLIC"),
        pytest.param(Default("etl", "", "readers", ("SELECT",)), True, id="in every schema"),
        pytest.param(Default("etl", "nous", "readers", ("SELECT",)), False, id="in another schema"),
        pytest.param(Default("etl", "sales", "readers", ("INSERT",)), False, id="another privilege"),
        pytest.param(Default("boss", "sales", "readers", ("SELECT",)), False, id="of another creator"),
    ],
)
def test_which_default_privileges_cover_the_future(default: Default, is_covered: bool) -> None:
    facts = replace(FACTS, creators=(Creator("sales", "etl"),), defaults=(default,))
    assert is_future_covered(facts) == {"sales": is_covered}


def test_a_creator_whose_rights_the_login_has_needs_no_default() -> None:
    assert future(replace(FACTS, creators=(Creator("sales", "etl", is_inherited=True),))) == ()


def a_loss(schema: str = "sales", columns: int = 0, existing: int = 4, **others: Any) -> Loss:
    """Return the loss of a relation that was seen with four columns."""
    given = {"exists": True, "usage": True, "elsewhere": "", **others}
    return Loss(schema, "t", 4, columns, existing, **given)


LOSSES = {
    "dropped": (a_loss(existing=0, exists=False), "warning", "no longer exists", "do nothing"),
    "dropped with its schema": (
        a_loss(existing=0, exists=False, usage=False),
        "warning",
        "no longer exists",
        "do nothing",
    ),
    "a dropped column": (a_loss(columns=3, existing=3), "warning", "with 3, all that it has", "do nothing"),
    "columns": (a_loss(columns=3), "failure", "will be seen with 3.", "GRANT SELECT ON TABLE sales.t"),
    "no SELECT": (a_loss(), "failure", "though it exists", "GRANT SELECT ON TABLE sales.t"),
    "no USAGE": (a_loss(columns=4, usage=False), "failure", "will be seen", "GRANT USAGE ON SCHEMA sales"),
    "not listed": (a_loss("nous"), "failure", "though it exists", 'Add "nous" to schemas'),
    "moved": (
        a_loss(existing=0, exists=False, elsewhere=HOSTILE),
        "failure",
        "its name exists in schema",
        "metamapper_accept_lost: true",
    ),
}


@pytest.mark.parametrize(("loss", "severity", "reason", "remedy"), LOSSES.values(), ids=LOSSES)
def test_a_loss(loss: Loss, severity: str, reason: str, remedy: str) -> None:
    (one,) = lost(replace(FACTS, losses=(loss,)))
    assert one.severity == severity
    assert reason in one.reason
    assert remedy in one.remedy


def test_many_losses_of_a_schema_are_counted() -> None:
    losses = tuple(replace(a_loss(), relation=f"t{number}") for number in range(70))
    findings = lost(replace(FACTS, losses=losses))
    assert len(findings) == 51
    assert findings[-1].reason.startswith("20 more")
