"""What a refused login says, in any language."""

from __future__ import annotations

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._visibility_connection import (
    Refusal,
    spoken_state,
)


@pytest.mark.parametrize(
    ("message", "state"),
    [
        pytest.param('FATAL:  28P01: password authentication failed for user "mm"', "28P01", id="English"),
        pytest.param("FATAL:  28P01: authentification par mot de passe échouée", "28P01", id="French"),
        pytest.param('致命错误:  3D000: 数据库 "x" 不存在', "3D000", id="Chinese"),
        pytest.param("connection to server failed: Connection refused", "", id="the server did not speak"),
        pytest.param("FATAL:  28P01: no\nconnection failed: FATAL:  28000: no entry", "28P01", id="then without TLS"),
        pytest.param("FATAL:  28000: no\nconnection failed: FATAL:  53300: limit", "53300", id="only without TLS"),
        pytest.param("FATAL:  28000: no\nconnection failed: FATAL:  28000: no", "28000", id="neither way"),
        pytest.param("", "", id="empty"),
    ],
)
def test_the_state_in_a_verbose_message(message: str, state: str) -> None:
    assert spoken_state(message) == state


@pytest.mark.parametrize(
    ("state", "holds_for_all"), [("", True), ("28P01", True), ("28000", False), ("42501", False), ("53300", False)]
)
def test_which_refusals_hold_for_every_database(state: str, holds_for_all: bool) -> None:
    assert Refusal(state, "no").is_of_the_server is holds_for_all
