# SPDX-License-Identifier: GPL-3.0-or-later
"""A module does not import, at its start, code that most runs do not need."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from tools.runners.playbooks import COLLECTIONS

SELDOM_USED = re.compile(r"\._(access\.removal|access\..*\.removal|ssh\.)")


@pytest.mark.parametrize("module", ["access", "visibility"])
def test_what_most_runs_do_without_is_imported_where_it_is_used(module: str) -> None:
    # Ansible ships a module as source: Python compiles each file that a run imports, each time.
    name = f"ansible_collections.metamapper.postgresql.plugins.modules.{module}"
    script = f"import sys, {name}; print(*sys.modules, sep='\\n')"
    environment = {**os.environ, "PYTHONPATH": str(COLLECTIONS)}
    ended = subprocess.run(
        [sys.executable, "-c", script], env=environment, text=True, stdout=subprocess.PIPE, check=True
    )
    imported = ended.stdout.splitlines()
    assert name in imported
    assert [one for one in imported if SELDOM_USED.search(one)] == []
