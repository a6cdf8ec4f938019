# SPDX-License-Identifier: GPL-3.0-or-later
"""No variable has a name that "ansible-test sanity" refuses; only the pipeline runs that command."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest


@pytest.mark.parametrize("directory", ["plugins", "tests", "tools"])
def test_no_variable_is_called_by_an_underscore_alone(directory: str) -> None:
    """Many projects name the function for translations so, and an assignment would overwrite it."""
    found = [
        f"{path}:{node.lineno}"
        for path in Path(directory).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Name) and node.id == "_" and isinstance(node.ctx, ast.Store)
    ]
    assert found == []
