# SPDX-License-Identifier: GPL-3.0-or-later
"""The JSON report is valid against its schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.json import as_document, render_json
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.model import Report
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.observation import observed
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.overlap import with_overlaps
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.results import report_of
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, ValidationError  # type: ignore[import-untyped]

from tests.support.values.findings import ATTACK, HOSTILE, OVERRIDE, database, finding, result, schema

SCHEMA = json.loads((Path(__file__).resolve().parents[5] / "docs" / "report.schema.json").read_text())
DOCUMENT = (Path(__file__).resolve().parents[5] / "docs" / "report.md").read_text()
CREATED = "2026-11-23 06:40:12 UTC"


def one(name: str) -> Report:
    """Return a report in which everything has this name."""
    found = finding("missing", "failure", name, name, database=name, schema=name, relation=name)
    given = result([database(name, [schema(name, visible=1)])], [found], message=name)
    return report_of({name: given, "lost": None}, created=CREATED, pending=["later"])


def validate(document: Any) -> None:
    """Raise ValidationError if a document does not match the schema."""
    Draft202012Validator(SCHEMA).validate(document)


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize(
    "report",
    [
        pytest.param(report_of({}, created=CREATED), id="no server"),
        pytest.param(report_of({"lost": None}, created=CREATED), id="lost"),
        pytest.param(report_of({"crashed": {}}, created=CREATED), id="crashed"),
        pytest.param(one(HOSTILE), id="hostile"),
        pytest.param(one(ATTACK), id="attack"),
        pytest.param(one(OVERRIDE), id="override"),
    ],
)
def test_a_report_is_what_the_schema_says(report: Report) -> None:
    validate(json.loads(render_json(report)))


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"status": "fine"}, id="unknown status"),
        pytest.param({"version": 1}, id="another version"),
        pytest.param({"surplus": 1}, id="unknown key"),
        pytest.param({"summary": {"beauty": as_document(one("name"))["summary"]["missing"]}}, id="unknown aspect"),
    ],
)
def test_the_schema_refuses_what_is_no_report(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        validate({**as_document(one("name")), **change})


def test_the_example_of_the_documentation_is_a_report() -> None:
    validate(json.loads(DOCUMENT.split("```json\n")[1].split("```")[0]))


@given(st.text(alphabet=st.characters(exclude_categories=()), min_size=1))
def test_names_survive_in_ascii(name: str) -> None:
    text = render_json(one(name))
    assert text.isascii()
    (server,) = (server for server in json.loads(text)["servers"] if server["databases"])
    assert server["databases"][0]["schemas"][0]["name"] == json.loads(json.dumps(name))


def test_two_hundred_databases_of_a_thousand_tables_are_less_than_three_megabytes() -> None:
    names = [f"database_{number}".ljust(63, "x") for number in range(200)]
    one = schema("sales".ljust(63, "x"), expected=1000, visible=1000)
    tables = {f"table_{number}".ljust(63, "x"): 12 for number in range(1000)}
    seen = {name: {one["name"]: tables} for name in names}
    oids = {name: {one["name"]: list(range(1000))} for name in names}
    results = {"a": {**result([database(name, [one]) for name in names]), "seen": seen, "oids": oids}}
    report = with_overlaps(report_of(results, created=CREATED), observed(results, CREATED))
    assert len(report.findings) == len(names)
    text = render_json(report)
    assert len(text) < 3_000_000


def test_servers_add_up() -> None:
    assert as_document(one("name"))["summary"]["missing"] == {
        "status": "failure",
        "failures": 1,
        "warnings": 0,
        "notes": 0,
    }
    assert as_document(one("name"))["summary"]["connection"] == {
        "status": "failure",
        "failures": 1,
        "warnings": 0,
        "notes": 0,
    }
