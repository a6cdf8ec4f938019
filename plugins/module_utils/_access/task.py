# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""What module access does with its options, in a module and in an action plugin."""

from __future__ import annotations

from typing import Any, Mapping

from .._core.problem import Failure
from .._core.task import Result, Task
from .options import ACCESS_ARGUMENTS, server_from_options
from .request import request_from_options
from .result import ensure_access


def run(options: Mapping[str, Any], *, check_mode: bool) -> Result:
    """Ensure what the options ask for; in check mode find out what that takes."""
    try:
        request = request_from_options(options)
        with server_from_options(options) as where:
            return ensure_access(where, request, check_mode=check_mode)
    except Failure as failure:
        return {**failure.as_result(), "failed": True}


ACCESS = Task(
    {"argument_spec": ACCESS_ARGUMENTS, "required_if": [("state", "present", ("users", "databases"))]},
    run,
)
