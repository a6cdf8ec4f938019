# SPDX-License-Identifier: GPL-3.0-or-later
"""What Ansible gets from a task that ran in its worker process; tests/integration/worker tests where it ran."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, cast

import pytest
from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.task import ACCESS
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._worker import (
    SWITCH,
    WorkerAction,
    printed,
    working_directory,
)

from tests.support.values.names import HOSTILE, PASSWORD

MASKED = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
OPTIONS = {"users": [{"name": HOSTILE, "password": PASSWORD}], "databases": [], "login_password": "0ther"}
VALIDATED = ArgumentSpecValidator(**ACCESS.specification).validate(OPTIONS)


@pytest.mark.parametrize(
    ("result", "key", "expected"),
    [
        pytest.param({"msg": HOSTILE}, "msg", HOSTILE, id="a text"),
        pytest.param({"msg": PASSWORD}, "msg", MASKED, id="a secret"),
        pytest.param({"msg": f"<{PASSWORD}>"}, "msg", "<********>", id="a secret within a text"),
        pytest.param({"diff": {"after": [PASSWORD]}}, "diff", {"after": [MASKED]}, id="a secret within a diff"),
        pytest.param({"changed": True}, "changed", True, id="a boolean"),
        pytest.param({"version": None}, "version", None, id="nothing"),
        pytest.param({"names": (HOSTILE,)}, "names", [HOSTILE], id="a tuple is a list"),
    ],
)
def test_what_is_printed_of_a_result(result: dict[str, Any], key: str, expected: Any) -> None:
    assert json.loads(printed(result, [], VALIDATED))[key] == expected


def test_the_options_are_printed_with_secrets_masked() -> None:
    result = {"invocation": {"module_args": VALIDATED.validated_parameters}}
    arguments = json.loads(printed(result, [], VALIDATED))["invocation"]["module_args"]
    assert arguments["users"] == [{"name": HOSTILE, "password": MASKED, "state": "present"}]
    assert arguments["wait_seconds"] == 300


@pytest.mark.parametrize(
    ("warnings", "expected"),
    [([], None), ([HOSTILE], [HOSTILE]), ([f"a {PASSWORD}"], ["a ********"])],
    ids=["none", "one", "with a secret"],
)
def test_warnings_are_printed(warnings: list[str], expected: list[str] | None) -> None:
    assert json.loads(printed({}, warnings, VALIDATED)).get("warnings") == expected


class Values:
    """A templar that returns each value as it is."""

    def template(self, value: Any) -> Any:
        return value


def allowed(variables: dict[str, Any]) -> bool:
    """Return whether the variables of its task allow an action to run in the worker process."""
    action = WorkerAction.__new__(WorkerAction)
    action._templar = cast(Any, Values())
    return action._is_allowed(variables)


@pytest.mark.parametrize(
    ("variables", "expected"),
    [({}, True), ({SWITCH: True}, True), ({SWITCH: "yes"}, True), ({SWITCH: False}, False), ({SWITCH: "no"}, False)],
    ids=["not set", "true", "yes", "false", "no"],
)
def test_the_variable_that_switches_it_off(variables: dict[str, Any], expected: bool) -> None:
    assert allowed(variables) is expected


@pytest.mark.parametrize("value", ["maybe", HOSTILE, None, []])
def test_a_variable_that_says_neither_is_an_error(value: object) -> None:
    with pytest.raises(AnsibleActionFail, match="metamapper_in_worker is neither true nor false"):
        allowed({SWITCH: value})


def test_a_directory_is_left_again(tmp_path: Path) -> None:
    before = os.getcwd()
    with pytest.raises(ValueError, match=r"inside .*test_a_directory_is_left_again"), working_directory(str(tmp_path)):
        raise ValueError(f"inside {os.getcwd()}")
    assert os.getcwd() == before
