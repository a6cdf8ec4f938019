# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs module visibility in Ansible's worker process where possible, which is faster than a module."""

from __future__ import annotations

from ansible_collections.metamapper.postgresql.plugins.module_utils._visibility.task import VISIBILITY
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._worker import WorkerAction


class ActionModule(WorkerAction):
    """The action of a task with module visibility."""

    of_module = VISIBILITY
