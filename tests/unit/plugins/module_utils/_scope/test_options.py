# SPDX-License-Identifier: GPL-3.0-or-later
"""The option databases accepts what its documentation describes, and tests set all of it."""

from __future__ import annotations

from typing import Any, Mapping

import pytest
import yaml
from ansible_collections.metamapper.postgresql.plugins.doc_fragments.databases import ModuleDocFragment
from ansible_collections.metamapper.postgresql.plugins.module_utils._scope.options import (
    DATABASE_ARGUMENTS,
    DATABASES_ARGUMENT,
)

from tests.support.values.names import entry_options

DOCUMENTED: Mapping[str, Any] = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]


def test_the_options_of_a_database_are_those_that_tests_hand_over() -> None:
    assert set(DATABASE_ARGUMENTS) == set(entry_options())


@pytest.mark.parametrize("name", sorted(DATABASE_ARGUMENTS))
def test_an_option_is_documented(name: str) -> None:
    documented = DOCUMENTED["databases"]["suboptions"][name]
    accepted = DATABASE_ARGUMENTS[name]
    assert {key: documented.get(key) for key in accepted} == accepted


def test_a_list_of_databases_has_these_options() -> None:
    assert DATABASES_ARGUMENT["options"] is DATABASE_ARGUMENTS
