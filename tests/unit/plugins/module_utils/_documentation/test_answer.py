# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a response asks the client to wait, and the error message in its body."""

from __future__ import annotations

import email.utils
import time
from typing import Any

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._documentation.answer import (
    Answer,
    error_text,
    pause_seconds,
)

HOSTILE = "we\"ird.näme\\'; --"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        pytest.param("7", 7, id="seconds"),
        pytest.param("0", 1, id="none"),
        pytest.param("", 5, id="empty"),
        pytest.param("soon", 5, id="nonsense"),
        pytest.param("-3", 5, id="less than nothing"),
        pytest.param("Wed, 21 Oct 2015 07:28:00 GMT", 1, id="a date that is past"),
        pytest.param(HOSTILE, 5, id="hostile"),
    ],
)
def test_pause_seconds(header: str, expected: float) -> None:
    assert pause_seconds(header) == expected


def test_a_date_to_come() -> None:
    assert 80 < pause_seconds(email.utils.formatdate(time.time() + 90, usegmt=True)) <= 90


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(None, "", id="no JSON"),
        pytest.param([], "", id="a list"),
        pytest.param({"error": "x"}, "", id="of another kind"),
        pytest.param({"error": {"code": 404, "message": HOSTILE}}, HOSTILE, id="one message"),
        pytest.param(
            {"error": {"errors": [{"location": "tags", "message": "Too many."}, "x"], "message": "Failed."}},
            "tags: Too many.",
            id="fields",
        ),
        pytest.param({"error": {"message": "x" * 999}}, "x" * 200, id="long"),
    ],
)
def test_error_text(body: Any, expected: str) -> None:
    assert error_text(Answer(400, body)) == expected
