# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Where a task runs: in Ansible's worker process, or as a module in a process of its own."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import Callable, Mapping

LOCAL = "ansible.builtin.local"
# The interpreter setting if none is chosen: Ansible looks for a Python on the target.
# https://docs.ansible.com/ansible/latest/reference_appendices/interpreter_discovery.html
DISCOVERED = frozenset({"", "auto", "auto_legacy", "auto_silent", "auto_legacy_silent"})


@dataclass(frozen=True)
class Circumstances:
    """What decides where a task runs.

    ``connection`` is the full name of the connection plugin. ``interpreter`` is the chosen Python, one of DISCOVERED
    where none was. ``is_allowed`` is the variable metamapper_in_worker.
    """

    connection: str
    interpreter: str = ""
    becomes: bool = False
    is_async: bool = False
    has_environment: bool = False
    is_allowed: bool = True
    has_psycopg2: bool = True
    platform: str = sys.platform


def is_own_python(interpreter: str) -> bool:
    """Return whether a path is that of the Python that runs this: by its text, or as a link in the same directory.

    The target of a link is not enough: the Python of a virtual environment is a link to one that has other libraries.
    """
    if interpreter == sys.executable:
        return True
    places = {os.path.realpath(os.path.dirname(path)) for path in (interpreter, sys.executable)}
    return len(places) == 1 and os.path.realpath(interpreter) == os.path.realpath(sys.executable)


# Each reason, and whether it holds. On macOS libraries of the system start threads, and abort in a forked process.
REASONS: Mapping[str, Callable[[Circumstances], bool]] = {
    "metamapper_in_worker is false": lambda task: not task.is_allowed,
    "its connection is not local": lambda task: task.connection != LOCAL,
    "it becomes another user": lambda task: task.becomes,
    "it is asynchronous": lambda task: task.is_async,
    "it has an environment": lambda task: task.has_environment,
    "its interpreter is not that of ansible-playbook": lambda task: (
        task.interpreter not in DISCOVERED and not is_own_python(task.interpreter)
    ),
    "the Python of ansible-playbook has no psycopg2": lambda task: not task.has_psycopg2,
    "the controller is macOS": lambda task: task.platform == "darwin",
}


def reason_for_module(task: Circumstances) -> str:
    """Return why a task has to run as a module; empty if it can run in the worker process."""
    return next((reason for reason, holds in REASONS.items() if holds(task)), "")
