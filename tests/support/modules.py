"""Runs a module of this collection as Ansible does, in this process, and returns what it would return."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
from dataclasses import dataclass
from typing import Any, Mapping
from unittest import mock

from ansible.module_utils import basic

COLLECTION = "ansible_collections.metamapper.postgresql.plugins"


@dataclass(frozen=True)
class Outcome:
    """What a module returned; ``text`` is all that it printed, as Ansible would read it."""

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

    def ok(self) -> Outcome:
        """Return this outcome; raise AssertionError with the message where the module failed."""
        if self.failed:
            raise AssertionError(self.result.get("msg"))
        return self


def run_module(name: str, options: Mapping[str, Any], *, check: bool = False, diff: bool = False) -> Outcome:
    """Run a module with options; ``check`` and ``diff`` are Ansible's --check and --diff."""
    arguments = {**options, "_ansible_check_mode": check, "_ansible_diff": diff, "_ansible_remote_tmp": "/tmp"}
    text = json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode()
    module = importlib.import_module(f"{COLLECTION}.modules.{name}")
    output = io.StringIO()
    with contextlib.ExitStack() as stack:
        stack.enter_context(mock.patch.object(basic, "_ANSIBLE_ARGS", text))
        stack.enter_context(mock.patch.object(basic, "_ANSIBLE_PROFILE", "legacy", create=True))
        stack.enter_context(contextlib.redirect_stdout(output))
        stack.enter_context(contextlib.suppress(SystemExit))
        module.main()
    return Outcome(json.loads(output.getvalue()), output.getvalue())
