# SPDX-License-Identifier: GPL-3.0-or-later
"""Each action plugin runs the same task as the module of its name."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

COLLECTION = "ansible_collections.metamapper.postgresql.plugins"


@pytest.mark.parametrize("name", ["access", "visibility"])
def test_action_and_module_have_one_task(name: str) -> None:
    action: Any = importlib.import_module(f"{COLLECTION}.action.{name}")
    module: Any = importlib.import_module(f"{COLLECTION}.modules.{name}")
    assert action.ActionModule.of_module is getattr(module, name.upper())


@pytest.mark.parametrize("name", ["access", "visibility"])
def test_it_is_asynchronous_and_in_check_mode_as_the_module_is(name: str) -> None:
    action: Any = importlib.import_module(f"{COLLECTION}.action.{name}").ActionModule
    assert (action._supports_async, action._supports_check_mode) == (True, True)
