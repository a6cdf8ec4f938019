# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""The action of a task that runs in Ansible's worker process where it can, and as an ordinary module everywhere else.

A module has to start Python, and to unpack and compile an archive. The worker process has done that already: this file
and what it imports are loaded once, before Ansible forks a worker for each host.
"""

from __future__ import annotations

import contextlib
import json
import os
from typing import Any, ClassVar, Iterator, Mapping

from ansible import constants
from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator, ValidationResult
from ansible.module_utils.common.parameters import remove_values
from ansible.module_utils.errors import UnsupportedError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.parsing.ajson import AnsibleJSONEncoder  # type: ignore[attr-defined]
from ansible.plugins.action import ActionBase
from ansible.plugins.action.normal import ActionModule as ModuleAction
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.announce import announced_to
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.task import (
    Result,
    Task,
    fitted_process,
    shown,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.driver import PSYCOPG2_IMPORT_ERROR
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._worker_conditions import (
    Circumstances,
    reason_for_module,
)

SWITCH = "metamapper_in_worker"


class WorkerAction(ModuleAction):
    """Runs a task in this process, or as its module."""

    of_module: ClassVar[Task]

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the result of the task."""
        variables = task_vars or {}
        return self._told(self._run(tmp, variables), variables)

    def _run(self, tmp: str | None, variables: dict[str, Any]) -> dict[str, Any]:
        reason = reason_for_module(self._circumstances(variables))
        place = f"as a module: {reason}" if reason else "in Ansible's worker process"
        self._display.vvv(f"{self._task.action} runs {place}.", host=variables.get("inventory_hostname"))
        if reason:
            return dict(super().run(tmp, variables))  # type: ignore[no-untyped-call]
        ActionBase.run(self, task_vars=variables)
        host = variables.get("inventory_hostname")
        with announced_to(lambda text: self._display.v(text, host=host)):
            return self._run_in_worker(has_invocation=wants_invocation(variables))

    def _told(self, result: dict[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
        """Return a result with a short message, after writing its problems to the console, unless silent."""
        problems = result.get("problems")
        if not (result.get("failed") and problems):
            return result
        # Ansible compiles plugins in each run: only a failure needs what describes one.
        from ansible_collections.metamapper.postgresql.plugins.plugin_utils._console import (  # noqa: PLC0415
            is_for_people,
            problem_lines,
            short_message,
            write_lines,
        )

        if is_for_people() and not (self._task.no_log or self._task.ignore_errors):
            write_lines(self._display, problem_lines(str(variables.get("inventory_hostname")), problems))
        return {**result, "msg": short_message(result)}

    def _circumstances(self, variables: Mapping[str, Any]) -> Circumstances:
        environment: dict[str, Any] = {}
        self._compute_environment_string(environment)  # type: ignore[no-untyped-call]
        return Circumstances(
            connection=self._connection.ansible_name or "",
            interpreter=self._interpreter(variables),
            becomes=self._connection.become is not None,
            is_async=bool(self._task.async_val),
            has_environment=bool(environment),
            is_allowed=self._is_allowed(variables),
            has_psycopg2=PSYCOPG2_IMPORT_ERROR is None,
        )

    def _interpreter(self, variables: Mapping[str, Any]) -> str:
        """Return the Python that Ansible would run the module with, as it is configured."""
        if self._task.delegate_to:
            variables = variables.get("ansible_delegated_vars", {}).get(self._task.delegate_to, {})
        configured = constants.config.get_config_value("INTERPRETER_PYTHON", variables=variables)
        return str(self._templar.template(configured or "") or "").strip()  # earlier, it would be no template

    def _is_allowed(self, variables: Mapping[str, Any]) -> bool:
        value = self._templar.template(variables.get(SWITCH, True))
        try:
            return bool(boolean(value))
        except TypeError as error:
            raise AnsibleActionFail(f"{SWITCH} is neither true nor false: {error}") from error

    def _run_in_worker(self, *, has_invocation: bool) -> dict[str, Any]:
        validated = ArgumentSpecValidator(**self.of_module.specification).validate(self._plain_arguments())
        with fitted_process(), working_directory(self._loader.get_basedir()):
            result = self._refusal(validated) or self.of_module.run(
                validated.validated_parameters, check_mode=self._task.check_mode
            )
        kept, warnings = shown(result, is_diff_wanted=self._task.diff)
        invocation = {"invocation": {"module_args": validated.validated_parameters}} if has_invocation else {}
        return dict(json.loads(printed({**kept, **invocation}, warnings, validated)))

    def _plain_arguments(self) -> dict[str, Any]:
        """Return the arguments as a module reads them: text without tags, secrets of Ansible Vault in clear."""
        encoder: Any = AnsibleJSONEncoder
        return dict(json.loads(json.dumps(self._task.args, cls=encoder, vault_to_text=True)))

    def _refusal(self, validated: ValidationResult) -> Result:
        """Return the result if the arguments are wrong, in AnsibleModule's words; empty if they are not."""
        if not validated.errors.errors:
            return {}
        message = validated.errors.msg
        if isinstance(validated.errors[0], UnsupportedError):
            message = f"Unsupported parameters for ({self._task.action}) module: {message}"
        return {"failed": True, "msg": message}


def wants_invocation(variables: Mapping[str, Any]) -> bool:
    """Return whether the arguments are part of the result: always before ansible-core 2.21, then if configured."""
    if constants.config.get_configuration_definition("INJECT_INVOCATION") is None:
        return True
    return bool(constants.config.get_config_value("INJECT_INVOCATION", variables=variables))


def printed(result: Result, warnings: list[str], validated: ValidationResult) -> str:
    """Return a result as AnsibleModule prints it: with the warnings, and the values of no_log masked."""
    whole = {**result, "warnings": warnings} if warnings else result
    as_they_are = {key: value for key, value in whole.items() if value is None or isinstance(value, bool)}
    return json.dumps({**remove_values(whole, validated._no_log_values), **as_they_are})


@contextlib.contextmanager
def working_directory(path: str) -> Iterator[None]:
    """Change to a directory for the duration of a with block, as a local module runs in that of the playbook."""
    before = os.open(".", os.O_RDONLY)
    try:
        os.chdir(path)
        yield
    finally:
        os.fchdir(before)
        os.close(before)
