# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""The variables of this collection's roles and playbooks, as the argument specs of the roles describe them."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Any, Iterable, Mapping

from ansible.module_utils.common.yaml import yaml_load
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._variable_checks import checked
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._variable_types import (
    Option,
    Problems,
    did_you_mean,
    is_unset,
    typed,
)

PREFIX = "metamapper_"
ROLES = Path(__file__).resolve().parent.parent.parent / "roles"
# Those of the playbooks; all others are in the argument specs of the roles.
PLAYBOOK_VARIABLES = (
    "metamapper_bastion_hosts",
    "metamapper_connection",
    "metamapper_hosts",
    "metamapper_reports",
    "metamapper_tunnel_hosts",
)
MARKUP = re.compile(r"\b[BCMOV]\(([^()]*)\)")


def options_of(role: str, roles: Path = ROLES) -> Mapping[str, Option]:
    """Return the variables of a role, by their full names, and what its argument spec says of each."""
    return _options_of(role, roles)


@lru_cache(maxsize=None)  # to which a default that is passed and one that is left out are two keys
def _options_of(role: str, roles: Path) -> Mapping[str, Option]:
    specs = yaml_load((roles / role / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))["argument_specs"]
    return dict(specs["main"].get("options") or {})


@lru_cache(maxsize=None)
def known_names(roles: Path = ROLES) -> frozenset[str]:
    """Return every name that the argument specs below a directory of roles describe, and those of the playbooks."""
    names = set(PLAYBOOK_VARIABLES)
    for path in roles.glob("*/meta/argument_specs.yml"):
        names.update(options_of(path.parent.parent.name, roles))
    return frozenset(names)


def unknown(names: Iterable[str], known: frozenset[str]) -> list[str]:
    """Return a sentence for each name that is not known, with the most similar known name, if any."""
    words = [name[len(PREFIX) :] for name in known]  # the common prefix would make all names similar
    return [
        f"{name} is not a variable of metamapper.postgresql.{_question(name, words)}"
        for name in sorted(set(names) - known)
    ]


def _question(name: str, words: Iterable[str]) -> str:
    return did_you_mean(name[len(PREFIX) :], words).replace("mean ", f"mean {PREFIX}")


def role_values(role: str, given: Mapping[str, Any]) -> tuple[dict[str, Any], Problems]:
    """Return the variables of a role in their documented types, without the prefix, and all that is wrong with them.

    ``given`` are the variables of the role that are set, by their full names. One that is not set has its documented
    default, one that cannot be of its type is None.
    """
    problems: Problems = []
    options = options_of(role)
    values = {}
    for name, (value, found) in _typed_values(role, given).items():
        values[name] = value
        problems += found
    problems += [
        f"{name} is required, and it is not set or empty. {description_of(option)}"
        for name, option in options.items()
        if option.get("required") and is_unset(given.get(name))
    ]
    short = {name[len(PREFIX) :]: value for name, value in values.items()}
    return short, problems + checked(role, short)


def usable_values(given: Mapping[str, Any], role: str) -> dict[str, Any]:
    """Return the variables of a role as ``role_values`` does, with the default of each that cannot be of its type."""
    options = options_of(role)
    return {
        name[len(PREFIX) :]: options[name].get("default") if problems else value
        for name, (value, problems) in _typed_values(role, given).items()
    }


def _typed_values(role: str, given: Mapping[str, Any]) -> dict[str, tuple[Any, Problems]]:
    """Return each variable of a role by its full name, unset ones with their default, and why it is not of its type."""
    found = {}
    for name, option in options_of(role).items():
        problems: Problems = []
        value = typed(name, given[name], option, problems) if name in given else option.get("default")
        found[name] = value, problems
    return found


def description_of(option: Option) -> str:
    """Return the first paragraph of what an argument spec says of an option, without markup."""
    paragraphs = option["description"]
    first = paragraphs if isinstance(paragraphs, str) else paragraphs[0]
    return MARKUP.sub(r"\1", first)


def module_options(values: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Return some of a role's variables as options of a module, which have the same names; unset ones are left out.

    A role passes them as one mapping: one by one, ansible-core before 2.19 would convert the text "[1, 2]" to a list.
    """
    return {name: values[name] for name in names if values.get(name) not in (None, {})}


def as_users(names: Iterable[str], **others: str) -> list[dict[str, str]]:
    """Return names as the module access takes users: a mapping each, with the same other keys."""
    return [{"name": name, **others} for name in names]
