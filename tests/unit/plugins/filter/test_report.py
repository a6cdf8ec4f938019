"""The filter that writes the report."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.metamapper.postgresql.plugins.filter.report import FilterModule

from tests.support.values.findings import (
    CREATED,
    PASSED,
)


def test_the_filter_tells_hosts_that_were_lost_from_those_still_to_come() -> None:
    hostvars = {"a": {"found": PASSED}, "lost": {}, "later": {}}
    lines = FilterModule().filters()["report"](
        hostvars, "lines", register="found", hosts=["a", "lost", "later"], active=["a", "later"], created=CREATED
    )
    assert [line for line in lines if line and not line.startswith(" ")] == [
        f"1 of 2 servers failed the verification ({CREATED})",
        "lost: failure",
        "a: ok",
        "still to come: later",
    ]


def test_the_filter_refuses_an_unknown_form() -> None:
    with pytest.raises(AnsibleFilterError, match='"pdf" is no form of the report; it is one of txt, lines, json, html'):
        FilterModule().filters()["report"]({}, "pdf", register="r", hosts=[], active=[], created=CREATED)
