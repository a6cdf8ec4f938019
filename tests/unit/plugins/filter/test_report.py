"""The filter that writes the report."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.metamapper.postgresql.plugins.filter.report import FilterModule

from tests.support.values.findings import CREATED, FAILED, PASSED, database, scope


def test_the_filter_tells_hosts_that_were_lost_from_those_still_to_come() -> None:
    hostvars = {"a": {"found": PASSED}, "lost": {}, "later": {}}
    lines = FilterModule().filters()["report"](
        hostvars, "lines", register="found", hosts=["a", "lost", "later"], active=["a", "later"], created=CREATED
    )
    assert [line for line in lines if line and not line.startswith(" ")] == [
        f"Verification failed: 1 failure on 1 of 2 servers ({CREATED})",
        "Still to come: later.",
        "1 failure needs a decision.",
        "lost: failure",
        "a: ok",
    ]


def test_the_filter_refuses_an_unknown_form() -> None:
    with pytest.raises(AnsibleFilterError, match='"pdf" is not a format of the report; it is one of txt, lines'):
        FilterModule().filters()["report"]({}, "pdf", register="r", hosts=[], active=[], created=CREATED)


def test_the_filter_finds_why_a_host_was_lost_and_who_was_left_out() -> None:
    found = {"checked": {"failed": False, "msg": "fine"}, "granted": {"failed": True, "msg": "Cannot grant."}}
    text = FilterModule().filters()["report"](
        {"lost": found},
        "txt",
        register="found",
        hosts=["lost"],
        active=[],
        created=CREATED,
        absent=["other"],
        causes=["checked", "granted", "never"],
    )
    assert "Not in this run: other." in text
    assert "Not verified: Cannot grant." in text


@pytest.mark.parametrize("form", ["txt", "json", "html", "md", "junit", "sql", "prom"])
def test_every_format_is_written(form: str) -> None:
    text = FilterModule().filters()["report"](
        {"a": {"found": FAILED}}, form, register="found", hosts=["a"], active=["a"], created=CREATED
    )
    assert "warehouse" in text


@pytest.mark.parametrize(
    ("scopes", "is_granted", "expected"),
    [
        pytest.param([], True, "Left out by a pattern: schema d / own", id="verified alone"),
        pytest.param(["granted"], True, "Left out by a pattern: schema d / given", id="after grant"),
        pytest.param(["granted"], False, "Left out by a pattern: schema d / own", id="grant has no result"),
    ],
)
def test_what_grant_resolved_is_what_is_told(scopes: list[str], is_granted: bool, expected: str) -> None:
    result = {**PASSED, "databases": [database("d", [])], "scope": scope([("d", "own", "")])}
    granted = {"granted": {"scope": scope([("d", "given", "")])}} if is_granted else {}
    lines = FilterModule().filters()["report"](
        {"a": {"found": result, **granted}},
        "lines",
        register="found",
        hosts=["a"],
        active=["a"],
        created=CREATED,
        scopes=scopes,
    )
    assert [line.strip() for line in lines if "Left out" in line] == [expected]
