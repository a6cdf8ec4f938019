# SPDX-License-Identifier: GPL-3.0-or-later
"""Which datastores the variables select, where their files are, and the lines of the summary."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._documentation import (
    LONGEST_NAME,
    datastores,
    documentation_files,
    documentation_lines,
    file_name,
    has_patterns,
    hidden_documentation,
    lost_databases,
    paused_datastores,
    with_lost_documentation,
)

HOSTILE = "we\"ird.näme\\'; --"


@pytest.mark.parametrize(
    ("template", "databases", "expected"),
    [
        pytest.param("", [], [], id="nothing"),
        pytest.param("", ["b", HOSTILE, "b"], ["b", HOSTILE], id="the databases"),
        pytest.param("Sales", [], ["Sales"], id="one"),
        pytest.param("Sales", ["b"], ["Sales"], id="one for a database"),
        pytest.param("prod {database}", ["b", "{x}"], ["prod b", "prod {x}"], id="one for each"),
    ],
)
def test_datastores(template: str, databases: list[str], expected: list[str]) -> None:
    assert datastores(template, databases) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("warehouse", "warehouse", id="plain"),
        pytest.param("Warehouse (prod)", "Warehouse (prod)", id="blanks"),
        pytest.param("../x", "%2E.%2Fx", id="a path"),
        pytest.param("a%2Fb", "a%252Fb", id="encoded already"),
        pytest.param("", "", id="empty"),
        pytest.param(HOSTILE, "we%22ird.n%C3%A4me%5C%27%3B --", id="hostile"),
    ],
)
def test_file_names(name: str, expected: str) -> None:
    assert file_name(name) == expected


def test_long_names_have_files_of_their_own() -> None:
    names = {file_name("ä" * 254 + last) for last in "ab"}
    assert len(names) == 2
    assert max(map(len, names)) == LONGEST_NAME


def test_files() -> None:
    assert documentation_files("", [{"name": "a/b"}], "/d", []) == [{"datastore": "a/b", "path": "/d/a%2Fb.json"}]


EXISTING = ["tenant_1", "tenant_2", "prod tenant_1", "[x] tenant_1", "warehouse", "a*b", HOSTILE]


@pytest.mark.parametrize(
    ("template", "names", "expected"),
    [
        pytest.param("", ["warehouse", "warehouse", "erp"], ["warehouse", "erp"], id="names, also of none"),
        pytest.param("", ["tenant_*"], ["tenant_1", "tenant_2"], id="pattern"),
        pytest.param("", ["tenant_1", "tenant_*"], ["tenant_1", "tenant_2"], id="name and pattern"),
        pytest.param("prod {database}", ["tenant_?"], ["prod tenant_1"], id="part of a name"),
        pytest.param("[x] {database}", ["tenant_*"], ["[x] tenant_1"], id="only the database is a pattern"),
        pytest.param("", ["a*b"], ["a*b"], id="a name that looks like one"),
        pytest.param("", ["we*"], [HOSTILE], id="hostile"),
        pytest.param("Sales", ["*"], ["Sales"], id="one datastore, whatever the pattern means"),
        pytest.param("", [], [], id="none"),
    ],
)
def test_which_datastores_are_meant(template: str, names: list[str], expected: list[str]) -> None:
    entries = [{"name": name} for name in names]
    assert [each["datastore"] for each in documentation_files(template, entries, "/d", EXISTING)] == expected


def test_a_pattern_that_means_nothing_is_an_error_unless_allowed() -> None:
    with pytest.raises(AnsibleFilterError, match=r"no datastore in Metamapper matches it\. There are: tenant_1"):
        documentation_files("", [{"name": "x*"}], "/d", ["tenant_1"])
    assert documentation_files("", [{"name": "x*", "allow_empty": True}], "/d", ["tenant_1"]) == []


def test_whether_the_datastores_have_to_be_listed() -> None:
    pattern, name = [{"name": "a"}, {"name": "x*"}], [{"name": "a"}]
    found = [has_patterns(pattern, ""), has_patterns(pattern, "p {database}"), has_patterns(pattern, "Sales")]
    assert [*found, has_patterns(name, ""), has_patterns([], "")] == [True, True, False, False, False]


def result(**others: Any) -> dict[str, Any]:
    """Return a result of module documentation."""
    counts = {"schemas": 0, "tables": 17, "columns": 40}
    return {"changed": True, "path": "/d/w.json", "datastore": {"name": "w\u202e"}, "documented": counts, **others}


REMARK = {"schema": "sales", "table": "orders", "column": "", "field": "readme", "reason": "Why."}
LINES: dict[str, tuple[list[dict[str, Any]], bool, list[str]]] = {
    "nothing": ([], False, []),
    "failed": ([{"failed": True, "msg": "x"}], False, []),
    "exported": (
        [result(backup_file="")],
        False,
        ["Datastore w⟨U+202E⟩: /d/w.json has the texts of 17 tables and 40 columns."],
    ),
    "to be exported": (
        [result(backup_file="")],
        True,
        ["Datastore w⟨U+202E⟩: /d/w.json would have the texts of 17 tables and 40 columns."],
    ),
    "exported after a loss": (
        [result(backup_file="/d/w.json.1")],
        False,
        [
            "Datastore w⟨U+202E⟩: /d/w.json has the texts of 17 tables and 40 columns.",
            "Texts that are no longer in Metamapper, or were replaced, are in /d/w.json.1.",
        ],
    ),
    "restored": (
        [result(written=[{}], not_written=[REMARK] * 12, kept=[])],
        False,
        [
            "Datastore w⟨U+202E⟩: the file has the texts of 17 tables and 40 columns; objects written: 1.",
            "12 not written:",
            *["- sales.orders readme: Why."] * 10,
            "- and 2 more, in the result of the task (ansible-playbook -v).",
        ],
    ),
}


@pytest.mark.parametrize(("results", "check", "expected"), LINES.values(), ids=LINES)
def test_lines(results: list[dict[str, Any]], check: bool, expected: list[str]) -> None:
    assert documentation_lines(results, check) == expected


def test_what_was_written_about_what_is_hidden() -> None:
    exported = {**result(backup_file=""), "datastore": {"name": "prod w"}}
    exported["documented_tables"] = {"hr": [HOSTILE, "b"], "many": [f"t{number}" for number in range(11)]}
    disappears = [{"database": "w", "schemas": ["hr", "many", "none"]}, {"database": "other", "schemas": ["x"]}]
    first, second, third = hidden_documentation(disappears, [exported, {"failed": True}], "prod {database}")
    assert first.endswith(f"schema hr of database w, and what people wrote about 2 of its tables: {HOSTILE}, b.")
    assert second.endswith("about 11 of its tables: t0, t1, t2, t3, t4, t5, t6, t7, t8, t9, ....")
    assert third == "The next scan hides schema none of database w, about whose tables nothing was written."
    assert hidden_documentation([], [exported], "") == []


@pytest.mark.parametrize(
    ("paused", "expected"),
    [
        pytest.param({}, [], id="nothing was paused yet"),
        pytest.param({"skipped": True}, [], id="not wanted"),
        pytest.param({"results": [{"changed": True, "item": {"datastore": HOSTILE}}]}, [HOSTILE], id="paused"),
        pytest.param({"results": [{"changed": False, "item": {"datastore": "a"}}]}, [], id="by people, before"),
        pytest.param({"results": [{"failed": True, "item": {"datastore": "a"}}]}, [], id="failed"),
        pytest.param({"results": [{"changed": True, "item": "a"}]}, [], id="resumed"),
    ],
)
def test_what_is_to_be_resumed(paused: dict[str, Any], expected: list[str]) -> None:
    assert paused_datastores(paused) == expected


def finding(database: str, relation: str, aspect: str = "lost") -> dict[str, str]:
    """Return a finding of module visibility."""
    return {"aspect": aspect, "severity": "failure", "database": database, "schema": "hr", "relation": relation}


def test_what_was_written_about_what_is_lost() -> None:
    found = [
        finding("w", HOSTILE),
        finding("w", "b"),
        finding("w", ""),
        finding("a", "c"),
        finding("x", "d", "missing"),
    ]
    assert lost_databases({"findings": found}) == ["a", "w"]
    exports = [{"failed": True}, {**result(), "documented_tables": {"hr": [HOSTILE, "other"]}}]
    *kept, note = with_lost_documentation({"findings": found}, exports)["findings"]
    assert kept == found
    assert (note["aspect"], note["severity"], note["database"]) == ("lost", "information", "w")
    assert f"texts about 1 of the 2 tables that are named here as lost: hr.{HOSTILE}." in note["reason"]


def test_nothing_is_lost() -> None:
    assert lost_databases({"msg": "unreachable"}) == []
    assert with_lost_documentation({"findings": []}, []) == {"findings": []}
