# SPDX-License-Identifier: GPL-3.0-or-later
"""What a module returns to Ansible, and the limits that it changes in its process while it runs."""

from __future__ import annotations

import gc
import resource
from typing import Any, Mapping

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.task import (
    ALLOCATIONS_BETWEEN_SEARCHES,
    Task,
    fitted_process,
    run_as_module,
)

from tests.support.values.names import HOSTILE

DIFF = {"before": "", "after": ""}


class Module:
    """The part of AnsibleModule that run_as_module uses."""

    def __init__(self, *, diff: bool = False) -> None:
        self.params: dict[str, Any] = {"login_host": HOSTILE}
        self.check_mode = True
        self._diff = diff
        self.warnings: list[str] = []
        self.exited: list[dict[str, Any]] = []
        self.failed: list[dict[str, Any]] = []

    def warn(self, warning: str) -> None:
        self.warnings.append(warning)

    def exit_json(self, **result: Any) -> None:
        self.exited.append(result)

    def fail_json(self, msg: str, **result: Any) -> None:
        self.failed.append({"msg": msg, **result})


def returning(result: Mapping[str, Any]) -> Task:
    """Return a task with this result."""
    return Task({}, lambda _options, *, check_mode: result)


@pytest.mark.parametrize(
    ("result", "diff", "expected"),
    [
        pytest.param({"changed": True}, False, {"changed": True}, id="as it is"),
        pytest.param({"diff": DIFF}, True, {"diff": DIFF}, id="a diff that was asked for"),
        pytest.param({"diff": DIFF}, False, {}, id="a diff that was not"),
        pytest.param({"notes": ["a"]}, True, {}, id="notes are warnings"),
        pytest.param({"failed": False}, False, {"failed": False}, id="not failed"),
    ],
)
def test_what_a_module_prints(result: dict[str, Any], diff: bool, expected: dict[str, Any]) -> None:
    module = Module(diff=diff)
    run_as_module(returning(result), module)
    assert module.exited == [expected]


def test_what_failed_is_printed_as_a_failure() -> None:
    module = Module()
    module.exit_json = lambda **_result: pytest.fail("no success")  # type: ignore[method-assign]
    with pytest.raises(SystemExit):
        run_as_module(returning({"failed": True, "msg": HOSTILE, "notes": ["a"]}), Ending(module))
    assert module.failed == [{"msg": HOSTILE, "failed": True}]
    assert module.warnings == ["a"]


class Ending:
    """A module whose fail_json raises SystemExit, as AnsibleModule's does."""

    def __init__(self, module: Module) -> None:
        self._module = module
        self.params, self.check_mode, self._diff = module.params, module.check_mode, module._diff

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)

    def warn(self, warning: str) -> None:
        self._module.warn(warning)

    def exit_json(self, **result: Any) -> None:
        self._module.exit_json(**result)

    def fail_json(self, msg: str, **result: Any) -> None:
        self._module.fail_json(msg, **result)
        raise SystemExit


def test_each_note_is_a_warning_once() -> None:
    module = Module()
    run_as_module(returning({"notes": ["a", HOSTILE, "a"]}), module)
    assert module.warnings == ["a", HOSTILE]


def test_the_task_gets_options_and_check_mode() -> None:
    seen: list[object] = []

    def run(options: Mapping[str, Any], *, check_mode: bool) -> Mapping[str, Any]:
        seen.extend([options, check_mode])
        return {}

    run_as_module(Task({}, run), Module())
    assert seen == [{"login_host": HOSTILE}, True]


def test_a_process_is_fitted_for_the_length_of_a_block() -> None:
    before = resource.getrlimit(resource.RLIMIT_CORE), gc.get_threshold()
    with fitted_process():
        assert resource.getrlimit(resource.RLIMIT_CORE)[0] == 0
        assert gc.get_threshold()[0] == ALLOCATIONS_BETWEEN_SEARCHES
    assert (resource.getrlimit(resource.RLIMIT_CORE), gc.get_threshold()) == before


def test_a_process_is_as_before_after_an_error() -> None:
    before = resource.getrlimit(resource.RLIMIT_CORE), gc.get_threshold()
    with pytest.raises(KeyboardInterrupt), fitted_process():
        raise KeyboardInterrupt
    assert (resource.getrlimit(resource.RLIMIT_CORE), gc.get_threshold()) == before
