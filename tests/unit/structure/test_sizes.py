# SPDX-License-Identifier: GPL-3.0-or-later
"""No class is so long that it is hard to understand as a whole."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

LINES = 120
FILES = sorted(path for path in Path("plugins").rglob("*.py") if "doc_fragments" not in path.parts)


@pytest.mark.parametrize("path", FILES, ids=str)
def test_no_class_is_larger(path: Path) -> None:
    classes = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ClassDef)]
    sizes = {node.name: (node.end_lineno or node.lineno) - node.lineno + 1 for node in classes}
    assert {name: size for name, size in sizes.items() if size > LINES} == {}
