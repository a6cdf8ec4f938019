# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""The names of all variables of this collection's roles and playbooks."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Iterable

from ansible.module_utils.common.yaml import yaml_load

PREFIX = "metamapper_"
# Those that a play is made of; all others stand in the argument specs of the roles.
PLAYBOOK_VARIABLES = ("metamapper_bastion_hosts", "metamapper_connection", "metamapper_hosts")


def known_names(roles: Path) -> frozenset[str]:
    """Return every name that the argument specs below a directory of roles describe, and those of the playbooks."""
    names = set(PLAYBOOK_VARIABLES)
    for path in roles.glob("*/meta/argument_specs.yml"):
        specs = yaml_load(path.read_text(encoding="utf-8"))["argument_specs"]
        names.update(name for entry_point in specs.values() for name in entry_point.get("options") or ())
    return frozenset(names)


def misspelt(names: Iterable[str], known: frozenset[str]) -> list[str]:
    """Return a sentence for each name that is not known, with the known name that is nearest, if one is near."""
    sentences = []
    words = sorted(name[len(PREFIX) :] for name in known)  # what all names share would make each near to each
    for name in sorted(set(names) - known):
        nearest = difflib.get_close_matches(name[len(PREFIX) :], words, n=1)
        question = f" Did you mean {PREFIX}{nearest[0]}?" if nearest else ""
        sentences.append(f"{name} is not a variable of metamapper.postgresql.{question}")
    return sentences
