# SPDX-License-Identifier: GPL-3.0-or-later
"""Until the login is complete, a server sends messages in the language and the encoding of its lc_messages."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.postgres.fake_server import fake_server, refuses
from tools.runners.modules import run_module

pytestmark = pytest.mark.majorless

GERMAN = "Passwort-Authentifizierung für Benutzer »x« fehlgeschlagen"
DATABASES = [{"name": "warehouse", "schemas": ["sales"]}]
OPTIONS: dict[str, dict[str, Any]] = {
    "access": {"users": [{"name": "metamapper", "password": "p4ss"}], "login_password": "p4ss"},
    "visibility": {"user": "metamapper", "password": "p4ss"},
}


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8"])
@pytest.mark.parametrize("module", OPTIONS)
def test_a_refusal_in_german_is_told_as_it_was_said(module: str, encoding: str) -> None:
    with fake_server(refuses("28P01", GERMAN.encode(encoding))) as server:
        place = {"login_host": "127.0.0.1", "login_port": server.port}
        refused = run_module(module, {**OPTIONS[module], **place, "databases": DATABASES})
    assert refused.failed
    assert GERMAN in refused["msg"]
