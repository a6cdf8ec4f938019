# SPDX-License-Identifier: GPL-3.0-or-later
"""The report as JUnit XML: only elements and attributes that CI servers know, and counts that are right."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.visible import visible
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.junit import render_junit
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.results import report_of
from hypothesis import given
from hypothesis import strategies as st

from tests.support.values.findings import (
    ATTACK,
    CREATED,
    FAILED,
    HOSTILE,
    OVERRIDE,
    PASSED,
    WARNED,
    database,
    finding,
    report,
    result,
)

COUNTS = {"name", "tests", "failures", "errors"}
# The part of Jenkins's schema (junit-10.xsd) that is used here: attributes, and children in their order.
KNOWN: dict[str, tuple[set[str], tuple[str, ...]]] = {
    "testsuites": (COUNTS, ("testsuite",)),
    "testsuite": ({*COUNTS, "skipped"}, ("testcase",)),
    "testcase": ({"name", "classname"}, ("skipped", "failure", "system-out")),
    "skipped": ({"message"}, ()),
    "failure": ({"message", "type"}, ()),
    "system-out": (set(), ()),
}


def parsed(text: str) -> ElementTree.Element:
    """Return the root of a document; fail unless its elements, attributes and order are as in KNOWN."""
    root = ElementTree.fromstring(text.encode())
    for element in root.iter():
        attributes, children = KNOWN[element.tag]
        assert set(element.attrib) == attributes
        places = [children.index(child.tag) for child in element]
        assert places == sorted(places)
    for part in (root, *root):
        for name, tag in (("tests", "testcase"), ("failures", "failure"), ("skipped", "skipped")):
            if name in part.attrib:
                assert int(part.attrib[name]) == len(list(part.iter(tag)))
    return root


def named(name: str) -> str:
    """Return a report in which everything has this name."""
    found = finding("missing", "failure", name, name, database=name, schema=name)
    return render_junit(report_of({name: result([database(name, [])], [found], message=name)}, created=CREATED))


@pytest.mark.parametrize("name", [HOSTILE, ATTACK, OVERRIDE, "]]>", "\ufffe"])
def test_names_are_text(name: str) -> None:
    (suite,) = parsed(named(name))
    assert suite.attrib["name"] == visible(name)
    assert {case.attrib["classname"] for case in suite} == {visible(name), f"{visible(name)} / {visible(name)}"}


@given(st.text(alphabet=st.characters(exclude_categories=()), min_size=1))
def test_any_name_is_well_formed(name: str) -> None:
    parsed(named(name))


def test_a_case_for_each_question_of_the_server_and_of_each_database() -> None:
    root = parsed(render_junit(report(a=FAILED, b=PASSED)))
    cases = [(case.attrib["classname"], case.attrib["name"]) for case in root.iter("testcase")]
    assert len(cases) == len(set(cases)) == (1 + 2 + 1 + 1) * 8
    failed = [case for case in root.iter("testcase") if case.findall("failure")]
    assert [(case.attrib["classname"], case.attrib["name"]) for case in failed] == [("a / warehouse", "Missing")]


def test_a_failure_has_place_reason_and_remedy() -> None:
    (failure,) = parsed(render_junit(report(a=FAILED))).iter("failure")
    assert failure.attrib == {"message": "1 failure", "type": "missing"}
    assert (failure.text or "").splitlines() == [f"warehouse / {HOSTILE}", "No SELECT.", "    GRANT a;", "    GRANT b;"]


def test_a_warning_is_output_and_what_was_not_checked_is_skipped() -> None:
    root = parsed(render_junit(report(a=WARNED, b=None)))
    assert [out.text for out in root.iter("system-out")] == ["crm\nIt may write."]
    assert (root[0].attrib["name"], root[0].attrib["skipped"]) == ("b", "7")


def test_nothing_was_verified() -> None:
    assert len(parsed(render_junit(report_of({}, created=CREATED)))) == 0
