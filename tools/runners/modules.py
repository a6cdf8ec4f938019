# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a module of this collection as Ansible does, in this process, and returns its result."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Mapping
from unittest import mock

from ansible import module_utils
from ansible.module_utils import basic
from ansible.module_utils.common import warnings

ROOT = Path(__file__).resolve().parent.parent.parent
COLLECTION = "ansible_collections.metamapper.postgresql.plugins"


@dataclass(frozen=True)
class Outcome:
    """The result of a module; ``text`` is its whole output, which Ansible would parse."""

    result: Mapping[str, Any]
    text: str

    def __getitem__(self, key: str) -> Any:
        return self.result[key]

    def get(self, key: str, default: Any = None) -> Any:
        """Return a key of the result, or a default."""
        return self.result.get(key, default)

    @property
    def failed(self) -> bool:
        """Whether the module failed."""
        return bool(self.result.get("failed", False))

    @property
    def changed(self) -> bool:
        """Whether the module changed something (in check mode: would change)."""
        return bool(self.result.get("changed", False))

    @property
    def statements(self) -> list[str]:
        """The statements that the module returned."""
        return list(self.result.get("statements", []))

    @property
    def warnings(self) -> list[str]:
        """The text of the warnings that the module returned."""
        shown = self.result.get("warnings", [])
        return [str(warning["event"]["msg"] if isinstance(warning, dict) else warning) for warning in shown]

    def ok(self) -> Outcome:
        """Return this outcome; raises AssertionError with the message if the module failed."""
        if self.failed:
            raise AssertionError(self.result.get("msg"))
        return self


def run_module(name: str, options: Mapping[str, Any], *, check: bool = False, diff: bool = False) -> Outcome:
    """Run a module with options; ``check`` and ``diff`` are Ansible's --check and --diff."""
    arguments = {**options, "_ansible_check_mode": check, "_ansible_diff": diff, "_ansible_remote_tmp": "/tmp"}
    text = json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode()
    module = importlib.import_module(f"{COLLECTION}.modules.{name}")
    output = io.StringIO()
    # Ansible runs one module per process, and keeps warnings for the lifetime of the process.
    warnings._global_warnings.clear()
    with contextlib.ExitStack() as stack:
        stack.enter_context(mock.patch.object(basic, "_ANSIBLE_ARGS", text))
        stack.enter_context(mock.patch.object(basic, "_ANSIBLE_PROFILE", "legacy", create=True))
        if hasattr(module_utils, "_internal"):  # from 2.19 on, once this process has imported controller code
            stack.enter_context(mock.patch.object(module_utils._internal, "is_controller", False, create=True))
        stack.enter_context(contextlib.redirect_stdout(output))
        stack.enter_context(contextlib.suppress(SystemExit))
        module.main()
    return Outcome(json.loads(output.getvalue()), output.getvalue())


def run_in_worker(name: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Run a task in this process, as a module's action plugin does in Ansible's worker process."""
    plugin = importlib.import_module(f"{COLLECTION}.action.{name}").ActionModule
    action = plugin.__new__(plugin)
    action._task = SimpleNamespace(action=name, args=options, check_mode=False, diff=False)
    action._loader = SimpleNamespace(get_basedir=os.getcwd)
    return dict(action._run_in_worker(has_invocation=False))


def start_module(name: str, options: Mapping[str, Any]) -> subprocess.Popen[str]:
    """Start a module in a separate process, which reads its options on standard input and prints its result."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tools.runners.modules", name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        # A shell makes background jobs ignore SIGINT, which all their descendants inherit.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - it starts no thread
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / ".ansible/collections")])},
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps(options))
    process.stdin.close()
    process.stdin = None  # communicate() would write to it
    return process


if __name__ == "__main__":
    print(run_module(sys.argv[1], json.load(sys.stdin)).text)
