# SPDX-License-Identifier: GPL-3.0-or-later
"""Code for targets has Python 3.8's syntax and runs on the oldest Python that is installed here."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tools.pythons import found

ROOT = Path(__file__).resolve().parent.parent.parent
# The files that are shipped to targets; filters run on the controller.
SHIPPED = sorted(path for part in ("modules", "module_utils") for path in (ROOT / "plugins" / part).rglob("*.py"))
OLDEST_ON_TARGETS = (3, 8)
# Not every Python here has ansible-core, so the script replaces what the code imports of it: the base class of a
# module, and the functions that make requests.
IMPORT_ALL = """
import importlib, sys, types
for name in ("ansible", "ansible.module_utils", "ansible.module_utils.basic", "ansible.module_utils.urls"):
    sys.modules[name] = types.ModuleType(name)
sys.modules["ansible.module_utils.basic"].AnsibleModule = object
urls = sys.modules["ansible.module_utils.urls"]
urls.Request, urls.make_context = type("Request", (), {"open": lambda self: None}), None
for name in sys.argv[1:]:
    importlib.import_module("ansible_collections.metamapper.postgresql.plugins." + name)
"""
COMPUTE = """
from ansible_collections.metamapper.postgresql.plugins.module_utils._access import request
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.privileges import statements
from ansible_collections.metamapper.postgresql.plugins.module_utils._core import name_pattern, secret
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres import verifier
options = {"group": "g", "users": [{"name": "u", "password": "p", "state": "present"}],
           "connection_limit": 1, "adopt": False, "assume_owners": False, "exclusive": False, "state": "present",
           "end_connections": False,
           "wait_seconds": 1, "lock_timeout_ms": 1, "search_path": "", "parallel_databases": 1,
           "databases": [{"name": "d", "schemas": ["s*"], "creators": ["auto"],
           "exclude_schemas": [], "metadata_schemas": [], "allow_empty": False, "accept_breaks_scan": False}],
           "privilege": "select", "accept_references": False}
wanted = request.request_from_options(options)
names = name_pattern.matching(wanted.databases[0].schemas[0], {"sales", "hr"})
grants = [statements.Grant("schema", "USAGE", "", name) for name in names]
stored = "md5" + "0" * 32
print([str(statement) for statement in statements.grant_statements(grants, wanted.group)],
      wanted.users[0].password, verifier.is_verifier_of(stored, "u", secret.Secret("p")),
      verifier.saslprep("I\\u00adX"))
"""


PYTHON = next(iter(found().values()), sys.executable)


def output_of(script: str, *arguments: str, collections: Path) -> subprocess.CompletedProcess[str]:
    """Run a script with PYTHON, with this collection where Ansible would install it."""
    home = collections / "ansible_collections" / "metamapper"
    home.mkdir(parents=True)
    (home / "postgresql").symlink_to(ROOT)
    return subprocess.run(
        [PYTHON, "-B", "-c", script, *arguments],
        env={"PYTHONPATH": str(collections), "PYTHONIOENCODING": "utf-8"},
        check=False,
        capture_output=True,
        text=True,
    )


def test_something_is_shipped() -> None:
    assert len(SHIPPED) > 20


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: str(path.relative_to(ROOT / "plugins")))
def test_the_syntax_is_python_3_8(path: Path) -> None:
    ast.parse(path.read_text(encoding="utf-8"), filename=str(path), feature_version=OLDEST_ON_TARGETS)


def test_everything_is_imported_by_the_oldest_python(tmp_path: Path) -> None:
    names = [".".join(path.relative_to(ROOT / "plugins").with_suffix("").parts) for path in SHIPPED]
    assert output_of(IMPORT_ALL, *names, collections=tmp_path).stderr == ""


def test_what_is_pure_runs_on_the_oldest_python(tmp_path: Path) -> None:
    found = output_of(COMPUTE, collections=tmp_path)
    assert (found.stdout, found.stderr) == ("['GRANT USAGE ON SCHEMA sales TO g'] ******** False IX\n", "")
