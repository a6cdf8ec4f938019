# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host's sshd is configured to do."""

from __future__ import annotations

import pytest
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._bastion_sshd import (
    includes_drop_ins,
    overruled,
    pid_file,
)

INCLUDE = "Include /etc/ssh/sshd_config.d/*.conf\n"


@pytest.mark.parametrize(
    ("configuration", "expected"),
    [
        pytest.param("", False, id="empty"),
        pytest.param("Port 22\n", False, id="no Include"),
        pytest.param(INCLUDE, True, id="as distributions have it"),
        pytest.param(f"Port 22\n  {INCLUDE.lower()}", True, id="any case, indented"),
        pytest.param("Include=/etc/ssh/sshd_config.d/*.conf", True, id="with ="),
        pytest.param("Include sshd_config.d/*", True, id="relative"),
        pytest.param('Include /a "/etc/ssh/sshd_config.d/*.conf" /b\n', True, id="one of several"),
        pytest.param(f"Match all\n{INCLUDE}", False, id="below a Match"),
        pytest.param(f"{INCLUDE}match user x\n", True, id="above a Match"),
        pytest.param(f"#{INCLUDE}", False, id="in a comment"),
        pytest.param("Include /etc/ssh/sshd_config.d/50-ours.conf\n", False, id="another file"),
    ],
)
def test_includes_drop_ins(configuration: str, expected: bool) -> None:
    assert includes_drop_ins(configuration) is expected


def test_the_pid_file() -> None:
    assert pid_file(["port 22", "pidfile /run/sshd.pid", "usepam yes"]) == "/run/sshd.pid"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param(["permittty no", "maxsessions 0", "port 22"], [], id="nothing"),
        pytest.param(["permittty no", "maxsessions 10"], ["maxsessions 0"], id="one"),
        pytest.param([], ["permittty no", "maxsessions 0"], id="all"),
    ],
)
def test_overruled(answer: list[str], expected: list[str]) -> None:
    assert overruled({"PermitTTY": "no", "MaxSessions": "0"}, answer) == expected
