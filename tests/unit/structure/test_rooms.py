# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of plugins/module_utils: which package may import which, and where each file has its tests."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Iterator

import pytest

ROOT = Path(__file__).resolve().parents[3]
UTILS = ROOT / "plugins" / "module_utils"
PACKAGE = "ansible_collections.metamapper.postgresql.plugins.module_utils"
FLOORS = {"_core": 1, "_ssh": 2, "_postgres": 3, "_scope": 4, "_access": 5, "_visibility": 5, "_documentation": 2}
FILES = sorted(path for path in UTILS.rglob("*.py"))
DRIVER = Path("_postgres/driver.py")
# For a file of queries, the files beside it that may import it; inspect.py alone if it is not listed here.
ASKED_BY = {"metamapper_queries.py": {"scan.py", "encoding.py"}, "role_queries.py": {"inspect_roles.py"}}
# Code that needs a server and has no unit test: the integration test that covers it. Files that an integration test
# imports (IMPORTED_THERE) need no entry.
PROVED_BY = {
    "plugins/modules/documentation.py": "documentation/test_documentation.py",
    "plugins/action/visibility.py": "worker/test_same_as_module.py",
    "plugins/action/report.py": "roles/test_verify.py",
    "plugins/modules/visibility.py": "visibility/test_visibility.py",
    "plugins/module_utils/_documentation/run.py": "documentation/test_documentation.py",
    "plugins/module_utils/_access/apply_databases.py": "access/test_batches.py",
    "plugins/module_utils/_access/task.py": "access/test_lifecycle.py",
    "plugins/module_utils/_visibility/task.py": "visibility/test_visibility.py",
    "plugins/module_utils/_visibility/database_check.py": "visibility/test_databases.py",
    "plugins/module_utils/_visibility/logins.py": "visibility/test_connection.py",
    "plugins/module_utils/_visibility/catalog/encoding.py": "visibility/test_encodings.py",
    "plugins/module_utils/_visibility/catalog/metamapper_queries.py": "visibility/test_scan_failures.py",
    "plugins/module_utils/_visibility/catalog/queries.py": "visibility/test_visibility.py",
    "plugins/module_utils/_visibility/catalog/relation_queries.py": "visibility/test_visibility.py",
    "plugins/module_utils/_visibility/catalog/rows.py": "visibility/test_visibility.py",
}


def _module(path: Path) -> str:
    return ".".join([PACKAGE, *path.relative_to(UTILS).with_suffix("").parts])


def _imported(path: Path) -> Iterator[str]:
    """Yield the dotted names that a file imports: absolute, relative, or through a string passed to importlib."""
    own = _module(path).split(".") if path in FILES else []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = ".".join(own[: -node.level]) + "." if node.level else ""
            yield from (f"{start}{node.module or ''}.{alias.name}".replace("..", ".") for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and PACKAGE in node.value:
            yield node.value


def _target(name: str) -> Path | None:
    """Return the file of this collection that a dotted name is in; None for others."""
    parts = name[len(PACKAGE) + 1 :].split(".") if name.startswith(PACKAGE + ".") else []
    for length in range(len(parts), 0, -1):
        path = UTILS.joinpath(*parts[:length]).with_suffix(".py")
        if path.exists():
            return path.relative_to(UTILS)
    return None


ARROWS = sorted(
    {(path.relative_to(UTILS), target) for path in FILES for target in map(_target, _imported(path)) if target}
)


def test_every_package_has_a_floor() -> None:
    assert {path.relative_to(UTILS).parts[0] for path in FILES} == set(FLOORS)


def test_a_package_imports_packages_of_lower_floors_only() -> None:
    upward = [
        f"{source} -> {target}"
        for source, target in ARROWS
        if source.parts[0] != target.parts[0] and FLOORS[source.parts[0]] <= FLOORS[target.parts[0]]
    ]
    assert upward == []


def test_queries_are_imported_by_who_asks_them_alone() -> None:
    asked = [(source, target) for source, target in ARROWS if target.stem.endswith("queries")]
    astray = [
        f"{source} -> {target}"
        for source, target in asked
        if source.parent != target.parent or source.name not in ASKED_BY.get(target.name, {"inspect.py"})
    ]
    assert astray == []
    assert asked


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(UTILS)))
def test_psycopg2_is_imported_by_the_driver_alone(path: Path) -> None:
    has_it = any(name.split(".")[0] == "psycopg2" for name in _imported(path))
    assert has_it == (path.relative_to(UTILS) == DRIVER)


CODE = sorted(
    path.relative_to(ROOT)
    for folder in ("module_utils", "plugin_utils", "filter", "action", "modules")
    for path in (ROOT / "plugins" / folder).rglob("*.py")
    if not path.is_symlink()  # filters are links to files in plugin_utils
)


INTEGRATION = ROOT / "tests" / "integration"
# Each name ends with a dot, so that no name matches as the beginning of a longer one.
IMPORTED_THERE = "\n".join(f"{name}." for path in INTEGRATION.rglob("*.py") for name in _imported(path))


def _has_test(path: Path) -> bool:
    beside = ROOT / "tests" / "unit" / path.parent / f"test_{path.stem.lstrip('_')}.py"
    return beside.exists() or ".".join(path.with_suffix("").parts) + "." in IMPORTED_THERE


@pytest.mark.parametrize("path", CODE, ids=str)
def test_each_file_of_code_has_its_test(path: Path) -> None:
    assert _has_test(path) or str(path) in PROVED_BY, "no test file of its name, and no integration test imports it"


@pytest.mark.parametrize(("code", "test"), PROVED_BY.items(), ids=PROVED_BY)
def test_what_is_listed_needs_it_and_is_proved_by_an_integration_test(code: str, test: str) -> None:
    assert Path(code) in CODE
    assert not _has_test(Path(code))
    assert "def test_" in (INTEGRATION / test).read_text(encoding="utf-8")


def test_each_mirrored_test_file_has_its_code() -> None:
    mirrored = ROOT / "tests" / "unit" / "plugins"
    known = {(path.parent, path.stem.lstrip("_")) for path in CODE}
    lost = [
        path.relative_to(ROOT)
        for path in mirrored.rglob("test_*.py")
        if (path.parent.relative_to(ROOT / "tests" / "unit"), path.stem[len("test_") :]) not in known
    ]
    assert lost == []


def test_the_map_in_contributing_lists_packages_and_floors() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `(_\w+)` \| (\d+) \|", text, re.MULTILINE)
    assert sorted((name, int(floor)) for name, floor in listed) == sorted(FLOORS.items())
