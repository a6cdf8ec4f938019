# SPDX-License-Identifier: GPL-3.0-or-later
"""Where demo and tests cannot run, one sentence says why, before anything is downloaded."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools.packaging.lock import ROOT


def program(directory: Path, name: str, script: str) -> Path:
    """Write a program into a directory."""
    path = directory / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("system", "machine", "python", "expected"),
    [
        pytest.param("Linux", "x86_64", "exit 0", "", id="all is there"),
        pytest.param("Linux", "aarch64", "exit 0", "", id="on ARM"),
        pytest.param("Darwin", "arm64", "exit 0", "and this is Darwin on arm64: use a Linux container", id="macOS"),
        pytest.param("Linux", "riscv64", "exit 0", "and this is Linux on riscv64", id="another processor"),
        pytest.param("Linux", "x86_64", "exit 1", "Python 3.11 or newer is needed", id="an old Python"),
        pytest.param("Linux", "x86_64", 'case "$2" in *venv*) exit 1;; esac', "has no venv: install it", id="no venv"),
    ],
)
def test_one_sentence(system: str, machine: str, python: str, expected: str, tmp_path: Path) -> None:
    program(tmp_path, "uname", f'[ "$1" = -s ] && echo {system} || echo {machine}')
    used = program(tmp_path, "python", python)
    ended = subprocess.run(
        [ROOT / "tools" / "check_system.sh", used],
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
        check=False,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == (1 if expected else 0)
    assert expected in ended.stderr
    assert len(ended.stderr.splitlines()) == (1 if expected else 0)


def test_make_asks_before_it_sets_anything_up(tmp_path: Path) -> None:
    program(tmp_path, "uname", '[ "$1" = -s ] && echo Darwin || echo arm64')
    for name in ("Makefile", "requirements", "tools"):
        (tmp_path / name).symlink_to(ROOT / name)
    ended = subprocess.run(
        ["make", "demo", f"PYTHON={sys.executable}"],
        cwd=tmp_path,
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
        check=False,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 2
    assert "this is Darwin on arm64" in ended.stderr
    assert not (tmp_path / ".venv").exists()
