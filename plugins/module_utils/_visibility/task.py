# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""What module visibility does with its options, in a module and in an action plugin."""

from __future__ import annotations

from typing import Any, Mapping

from .._core.byte_text import printable
from .._core.problem import Failure
from .._core.task import Result, Task
from .._postgres.options import login_from_options, route_from_options
from .finding import failure_message
from .options import VISIBILITY_ARGUMENTS
from .request import request_from_options
from .run import examine

# What the result is about: Ansible does not include a task's arguments in its registered result.
TOLD = ("login_host", "login_port", "fail_on", "baseline")


def run(options: Mapping[str, Any], *, check_mode: bool) -> Result:
    """Inspect the server as Metamapper does, also in check mode, and return the findings."""
    del check_mode
    try:
        request = request_from_options(options, through_bastion=options["bastion"] is not None)
        login = login_from_options(options, user=options["user"], password=options["password"])
        examination = examine(request, login, route_from_options(options, login))
    except Failure as failure:
        return {**failure.as_result(), "failed": True}
    result = {"changed": False, "request": {name: options[name] for name in TOLD}, **examination.as_dict()}
    message = printable(failure_message(examination.findings, request.user))
    return {**result, "failed": True, "msg": message} if message else result


VISIBILITY = Task({"argument_spec": VISIBILITY_ARGUMENTS}, run)
