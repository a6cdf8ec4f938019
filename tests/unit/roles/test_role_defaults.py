# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables that a role documents, sets and uses are the same, and the roles agree with each other."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.options import CONNECTION_ARGUMENTS
from ansible_collections.metamapper.postgresql.plugins.module_utils._scope.options import DATABASE_ARGUMENTS
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._variables import PLAYBOOK_VARIABLES, known_names
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._worker import SWITCH

ROLES_DIRECTORY = Path(__file__).resolve().parents[3] / "roles"
PLUGIN_UTILS = ROLES_DIRECTORY.parent / "plugins" / "plugin_utils"
ROLES = sorted(path.parent.parent.name for path in ROLES_DIRECTORY.glob("*/meta/argument_specs.yml"))
PYTHON_TYPES = {"str": str, "path": str, "int": int, "bool": bool, "list": list, "dict": dict}


@lru_cache(maxsize=None)
def load(role: str, path: str) -> dict[str, Any]:
    """Return a YAML file of a role; empty where there is none."""
    file = ROLES_DIRECTORY / role / path
    return dict(yaml.safe_load(file.read_text()) or {}) if file.exists() else {}


def options(role: str) -> dict[str, dict[str, Any]]:
    """Return the options that the argument spec of a role describes."""
    return dict(load(role, "meta/argument_specs.yml")["argument_specs"]["main"]["options"])


def defaults(role: str) -> dict[str, Any]:
    """Return the defaults of a role, including those that it shares with others, which the role common sets."""
    shared = load("common", "defaults/main.yml")
    return {
        **{name: value for name, value in shared.items() if name in options(role)},
        **load(role, "defaults/main.yml"),
    }


def test_every_role_has_an_argument_spec() -> None:
    """The role common has none: it is private, and validates the variables of the other roles."""
    assert sorted(path.name for path in ROLES_DIRECTORY.iterdir() if path.is_dir()) == sorted([*ROLES, "common"])


@pytest.mark.parametrize("role", ROLES)
def test_every_role_validates_its_variables_first(role: str) -> None:
    assert load(role, "meta/main.yml")["dependencies"] == [{"role": "metamapper.postgresql.common"}]
    assert load(role, "vars/main.yml")["__metamapper_role"] == role


def test_each_default_is_written_once() -> None:
    names = [name for role in [*ROLES, "common"] for name in load(role, "defaults/main.yml")]
    assert sorted(names) == sorted(set(names))


def test_defaults_that_roles_share_are_in_the_role_common() -> None:
    users = {name: [role for role in ROLES if name in options(role)] for role in ROLES for name in options(role)}
    shared = {name for role in ROLES for name in defaults(role) if len(users[name]) > 1}
    assert shared <= set(load("common", "defaults/main.yml"))


@pytest.mark.parametrize("role", ROLES)
def test_documented_defaults_are_the_real_ones(role: str) -> None:
    documented = {name: option["default"] for name, option in options(role).items() if "default" in option}
    assert documented == defaults(role)


@pytest.mark.parametrize("role", ROLES)
def test_defaults_have_the_documented_type(role: str) -> None:
    wrong = {
        name: value
        for name, value in defaults(role).items()
        if not ("{{" in str(value) or isinstance(value, PYTHON_TYPES[options(role)[name]["type"]]))
    }
    assert wrong == {}


@pytest.mark.parametrize("role", ROLES)
def test_defaults_are_among_the_choices(role: str) -> None:
    wrong = {
        name: option
        for name, option in options(role).items()
        if "choices" in option and "default" in option
        for value in (option["default"] if isinstance(option["default"], list) else [option["default"]])
        if value not in option["choices"]
    }
    assert wrong == {}


@pytest.mark.parametrize("role", ROLES)
def test_required_options_have_no_default(role: str) -> None:
    assert [name for name, option in options(role).items() if option.get("required") and "default" in option] == []


@pytest.mark.parametrize("role", ROLES)
def test_secrets_are_plain_texts_that_no_failing_check_prints(role: str) -> None:
    """Ansible prints a value that is not among the choices, despite ``no_log``."""
    named = {name: option for name, option in options(role).items() if name.endswith(("password", "token"))}
    secrets = {name: option for name, option in named.items() if option["type"] != "bool"}
    assert [name for name, option in secrets.items() if option["type"] != "str" or "choices" in option] == []


def texts(role: str) -> str:
    """Return the text of a role's tasks, handlers, vars and templates."""
    directory = ROLES_DIRECTORY / role
    files = [file for place in ("tasks", "handlers", "vars", "templates") for file in directory.glob(f"{place}/*")]
    return "".join(file.read_text() for file in files)


def connection_of(role: str) -> set[str]:
    """Return the connection options of the role common that a role passes to its module."""
    lists = {name: value for name, value in load("common", "vars/main.yml").items() if isinstance(value, list)}
    return {option for name, options in lists.items() if name in texts(role) for option in options}


@pytest.mark.parametrize("role", ROLES)
def test_every_variable_used_is_documented_and_every_one_documented_is_used(role: str) -> None:
    """Connection options count as used if the role passes those of the role common to its module."""
    used = set(re.findall(r"\b__metamapper(?:_usable)?\.(\w+)", texts(role))) | connection_of(role)
    for path in PLUGIN_UTILS.glob(f"_{role}_*.py"):  # its filters get all variables
        used |= set(re.findall(rf'values\["({role}_\w+)"\]', path.read_text()))
    if "metamapper.postgresql.access:" in texts(role) or "metamapper.postgresql.visibility:" in texts(role):
        # their action plugins read this variable themselves
        used.add(SWITCH[len("metamapper_") :])
    for arguments in re.findall(r"module_options\((.*?)}}", texts(role), flags=re.DOTALL):
        used |= set(re.findall(r"'(\w+)'", arguments))
    assert {f"metamapper_{name}" for name in used} & known_names(ROLES_DIRECTORY) == set(options(role))


@pytest.mark.parametrize("role", ROLES)
def test_no_template_sees_a_variable_that_is_not_typed(role: str) -> None:
    """Only messages, comments and variables for another role name the untyped ones."""
    others = r"^\s+(fail_)?msg: >-\n(\s{6,}.*\n)*|{#.*#}|^\s+metamapper_\w+:(?= )"
    without_messages = re.sub(others, "", texts(role), flags=re.MULTILINE)
    assert set(re.findall(r"(?<!_)\bmetamapper_\w+", without_messages)) <= set(PLAYBOOK_VARIABLES)


@pytest.mark.parametrize("role", ROLES)
def test_the_readme_names_every_variable(role: str) -> None:
    readme = (ROLES_DIRECTORY / role / "README.md").read_text()
    assert [name for name in options(role) if f"`{name}`" not in readme] == []


@pytest.mark.parametrize("name", sorted({name for role in ROLES for name in options(role)}))
def test_a_shared_variable_means_the_same_in_every_role(name: str) -> None:
    meanings = [
        {key: value for key, value in options(role)[name].items() if key in ("type", "elements", "default", "choices")}
        for role in ROLES
        if name in options(role)
    ]
    assert all(meaning == meanings[0] for meaning in meanings)


def test_all_documented_names_are_known_to_the_preflight() -> None:
    assert {name for role in ROLES for name in options(role)} <= known_names(ROLES_DIRECTORY)


def without_texts(described: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the options of an argument spec without descriptions, as a module has them."""
    return {
        name: {key: value for key, value in option.items() if key != "description"}
        for name, option in described.items()
    }


@pytest.mark.parametrize("role", [role for role in ROLES if "metamapper_databases" in options(role)])
def test_an_entry_of_databases_is_the_one_of_the_modules(role: str) -> None:
    entry = options(role)["metamapper_databases"].get("options", {})
    if entry:  # the role documentation takes names alone
        assert without_texts(entry) == DATABASE_ARGUMENTS


@pytest.mark.parametrize("role", [role for role in ROLES if "options" in options(role).get("metamapper_bastion", {})])
def test_a_bastion_is_the_one_of_the_modules(role: str) -> None:
    bastion = without_texts(options(role)["metamapper_bastion"]["options"])
    assert bastion == CONNECTION_ARGUMENTS["bastion"]["options"]
