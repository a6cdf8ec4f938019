# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a task runs in Ansible's worker process or as a module."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._worker_conditions import (
    DISCOVERED,
    LOCAL,
    Circumstances,
    is_own_python,
    reason_for_module,
)

HERE = Circumstances(LOCAL, platform="linux")


@pytest.mark.parametrize("interpreter", [*sorted(DISCOVERED), pytest.param(sys.executable, id="its own")])
def test_it_runs_in_the_worker(interpreter: str) -> None:
    assert reason_for_module(replace(HERE, interpreter=interpreter)) == ""


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({"is_allowed": False}, "metamapper_in_worker is false", id="switched off"),
        pytest.param({"connection": "ansible.builtin.ssh"}, "its connection is not local", id="ssh"),
        pytest.param({"connection": "local"}, "its connection is not local", id="a plugin of one's own called local"),
        pytest.param({"connection": ""}, "its connection is not local", id="a connection without a name"),
        pytest.param({"becomes": True}, "it becomes another user", id="become"),
        pytest.param({"is_async": True}, "it is asynchronous", id="async"),
        pytest.param({"has_environment": True}, "it has an environment", id="environment"),
        pytest.param(
            {"interpreter": "/usr/bin/python4"}, "its interpreter is not that of ansible-playbook", id="another Python"
        ),
        pytest.param({"has_psycopg2": False}, "the Python of ansible-playbook has no psycopg2", id="no psycopg2"),
        pytest.param({"platform": "darwin"}, "the controller is macOS", id="macOS"),
        pytest.param(
            {"is_allowed": False, "becomes": True}, "metamapper_in_worker is false", id="the first of two reasons"
        ),
    ],
)
def test_it_runs_as_a_module(changes: dict[str, Any], reason: str) -> None:
    assert reason_for_module(replace(HERE, **changes)) == reason


@pytest.fixture
def environments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Create two virtual environments of one Python, and another Python in the first; ours is one/bin/python."""
    (tmp_path / "python3.x").write_text("")
    for name in ("one", "two"):
        (tmp_path / name / "bin").mkdir(parents=True)
        (tmp_path / name / "bin" / "python").symlink_to(tmp_path / "python3.x")
        (tmp_path / name / "bin" / "python3").symlink_to("python")
    (tmp_path / "one" / "bin" / "python3.9").write_text("")
    (tmp_path / "link").symlink_to(tmp_path / "one")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "one" / "bin" / "python"))
    return tmp_path


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param("one/bin/python", True, id="the same text"),
        pytest.param("one/bin/python3", True, id="another link beside it"),
        pytest.param("link/bin/python", True, id="the same directory by another path"),
        pytest.param("two/bin/python", False, id="another environment of the same Python"),
        pytest.param("python3.x", False, id="what the link leads to"),
        pytest.param("one/bin/python3.9", False, id="another Python beside it"),
        pytest.param("one/bin/python3.0", False, id="none"),
        pytest.param("one/bin/python -u", False, id="with an option"),
    ],
)
def test_own_python(environments: Path, path: str, expected: bool) -> None:
    assert is_own_python(str(environments / path)) is expected


@pytest.mark.parametrize("path", ["", "python3", "/usr/bin/env python3"])
def test_a_name_is_no_path_of_ours(environments: Path, path: str) -> None:
    assert is_own_python(path) is False
