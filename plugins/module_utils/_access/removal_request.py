# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""What is to be taken back, as values, and what is wrong with the options before any server is asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Mapping

from ansible_collections.metamapper.postgresql.plugins.module_utils._access.request import (
    User,
    Wanted,
    role_problem,
    same_names,
    wrong_numbers,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.problem import Failure
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.secret import Secret


@dataclass(frozen=True)
class Unwanted:
    """The roles that are to go. ``is_ending`` tells whether the users' connections are to be ended."""

    group: str
    users: tuple[str, ...]
    adopt: bool = False
    is_ending: bool = False
    wait_seconds: int = 300
    lock_timeout_ms: int = 5000

    @property
    def roles(self) -> tuple[str, ...]:
        """All of them, users first: the order in which they go."""
        return (*self.users, self.group)

    @property
    def as_wanted(self) -> Wanted:
        """The same roles for the questions that are asked when access is given."""
        users = tuple(User(name, Secret("")) for name in self.users)
        return Wanted(self.group, users, (), wait_seconds=self.wait_seconds, lock_timeout_ms=self.lock_timeout_ms)


def unwanted_from_options(options: Mapping[str, Any]) -> Unwanted:
    """Return what a module's options ask to take back; raises Failure with all that is wrong with them."""
    unwanted = Unwanted(
        group=options["group"],
        users=tuple(user["name"] for user in options["users"] or ()),
        adopt=options["adopt"],
        is_ending=options["end_connections"],
        wait_seconds=options["wait_seconds"],
        lock_timeout_ms=options["lock_timeout_ms"],
    )
    wanted = unwanted.as_wanted
    checked = [role_problem("group", unwanted.group), *(role_problem("user", name) for name in unwanted.users)]
    problems = [*(problem for problem in checked if problem), *same_names(wanted), *wrong_numbers(wanted)]
    if problems:
        raise Failure(problems)
    return unwanted
