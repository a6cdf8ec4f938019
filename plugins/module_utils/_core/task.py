# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""What a module does, shared by the module and the action plugin of the same name."""

from __future__ import annotations

import contextlib
import gc
import resource
from dataclasses import dataclass
from typing import Any, Iterator, Mapping, Protocol

Result = Mapping[str, Any]

# A run keeps what it reads until it ends: garbage collection finds nothing, and takes a quarter of the time of a first
# run on 20,000 relations. https://docs.python.org/3/library/gc.html#gc.set_threshold
ALLOCATIONS_BETWEEN_SEARCHES = 1_000_000


class Run(Protocol):
    """What a task does with validated options; returns its result, in which ``failed`` is true where it failed.

    ``notes`` of the result are texts that become warnings, ``diff`` is shown only where it was asked for.
    """

    def __call__(self, options: Mapping[str, Any], *, check_mode: bool) -> Result:
        """Run with options."""


@dataclass(frozen=True)
class Task:
    """What a module does, and the specification of its options: keywords of AnsibleModule.

    https://docs.ansible.com/ansible/latest/dev_guide/developing_program_flow_modules.html#argument-spec
    """

    specification: Mapping[str, Any]
    run: Run


class Module(Protocol):
    """The methods of AnsibleModule that are used."""

    params: dict[str, Any]
    check_mode: bool
    _diff: bool

    def warn(self, warning: str) -> None:
        """Keep a warning for the result."""

    def exit_json(self, **result: Any) -> Any:
        """Print the result, and exit."""

    def fail_json(self, msg: str, **result: Any) -> Any:
        """Print the result of a failed task, and exit."""


def run_as_module(task: Task, module: Module) -> None:
    """Run a task in the process of its module, and exit with the result."""
    result, warnings = shown(task.run(module.params, check_mode=module.check_mode), is_diff_wanted=module._diff)
    for warning in warnings:
        module.warn(warning)
    if result.get("failed"):
        module.fail_json(**result)
    module.exit_json(**result)


def shown(result: Result, *, is_diff_wanted: bool) -> tuple[dict[str, Any], list[str]]:
    """Return what Ansible gets of a result, and the warnings, each once."""
    left_out = {"notes"} if is_diff_wanted else {"notes", "diff"}
    kept = {key: value for key, value in result.items() if key not in left_out}
    return kept, list(dict.fromkeys(result.get("notes", ())))


def fit_process() -> None:
    """Prevent core files of this process and its children, which would contain secrets.

    Garbage collection becomes rare.
    """
    _soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
    gc.set_threshold(ALLOCATIONS_BETWEEN_SEARCHES, *gc.get_threshold()[1:])


@contextlib.contextmanager
def fitted_process() -> Iterator[None]:
    """Do the same for a shared process, for the duration of a with block; then restore it."""
    limits, thresholds = resource.getrlimit(resource.RLIMIT_CORE), gc.get_threshold()
    try:
        fit_process()
        yield
    finally:
        gc.set_threshold(*thresholds)
        resource.setrlimit(resource.RLIMIT_CORE, limits)
