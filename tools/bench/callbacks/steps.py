# SPDX-License-Identifier: GPL-3.0-or-later
"""An Ansible callback that appends each task's name and start time to the file that BENCH_STEPS names."""

from __future__ import annotations

import json
import os
import time
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: steps
type: aggregate
short_description: when each task of a play began
description: One line of JSON for each task, and one for the end.
"""


class CallbackModule(CallbackBase):
    """Records when tasks start."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "steps"

    def _note(self, name: str) -> None:
        with open(os.environ["BENCH_STEPS"], "a") as steps:
            steps.write(json.dumps([name, time.time()]) + "\n")

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        """Record the start of a task."""
        self._note(task.get_name())

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """Record the end of the play."""
        self._note("")
