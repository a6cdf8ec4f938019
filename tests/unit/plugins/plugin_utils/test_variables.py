# SPDX-License-Identifier: GPL-3.0-or-later
"""Misspelled variables are found, and each variable of each role is of its documented type or refused."""

from __future__ import annotations

import datetime
import re
from pathlib import Path
from typing import Any, Iterator

import pytest
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._variables import (
    PLAYBOOK_VARIABLES,
    ROLES,
    as_users,
    known_names,
    module_options,
    options_of,
    role_values,
    unknown,
)

# Problems that are expected if all variables are empty: the roles bastion and documentation cannot work without these.
NEEDED = re.compile(r"metamapper_bastion_|metamapper_api_url is required")
KNOWN = frozenset({"metamapper_databases", "metamapper_user", "metamapper_group"})
UNKNOWN = "is not a variable of metamapper.postgresql."
NAMES = sorted(path.parent.parent.name for path in ROLES.glob("*/meta/argument_specs.yml"))
HOSTILE = "we\"ird.näme\\'; --"
DATABASES = [{"name": "warehouse", "schemas": ["sales"]}]
GOOD: dict[str, dict[str, Any]] = {
    "grant": {"metamapper_password": "x", "metamapper_databases": DATABASES},
    "verify": {"metamapper_password": "x", "metamapper_databases": DATABASES},
    "revoke": {},
    "bastion": {
        "metamapper_bastion_state": "absent",
        "metamapper_bastion_address": "203.0.113.10",
        "metamapper_bastion_port": 22,
    },
    "documentation": {
        "metamapper_api_url": "https://metamapper.example.com",
        "metamapper_api_workspace": "w",
        "metamapper_api_token": "x",
        "metamapper_databases": DATABASES,
    },
    "tunnel": {"metamapper_tunnel_state": "absent"},
}
WRONG: dict[str, list[Any]] = {
    "str": [0o123, 1, True, False, 1.10, datetime.date(2026, 1, 31), ["old"], {"name": "old"}, b"old"],
    "path": [0o123, True, 1.10, ["old"], {"name": "old"}],
    "int": ["many", "", 1.5, True, [1], {"a": 1}, "1_000", "0x10", datetime.date(2026, 1, 31), -2, "-2"],
    "bool": ["maybe", "", 2, [True], {"a": 1}, "1.5"],
    "list of str": [
        *[1, True, {"name": "old"}, [{"name": "old"}], [0o123], [None], [True], [["old"]], [""], '["old"]', "('old',)"],
        [datetime.date(2026, 1, 31)],
    ],
    "list of dict": [1, True, "warehouse", {"name": "warehouse", "schemas": ["sales"]}, ["warehouse"], [None], [[]]],
    "dict": [1, True, "203.0.113.10", ["203.0.113.10"], [{"host": "203.0.113.10"}]],
}


def kind_of(option: dict[str, Any]) -> str:
    """Return the type of an option, including that of its elements."""
    kind = str(option.get("type", "str"))
    return f"list of {option.get('elements', 'str')}" if kind == "list" else kind


def is_choice(value: Any, option: dict[str, Any]) -> bool:
    """Return whether the value is the choice yes without quotes, which YAML reads as true."""
    return value is True and "yes" in option.get("choices", ())


def wrong_values() -> Iterator[Any]:
    """Yield each variable of each role with each value of a wrong type, and the place that the problem has to name."""
    for role in NAMES:
        for name, option in options_of(role).items():
            for value in WRONG[kind_of(dict(option))]:
                yield pytest.param(role, name, {name: value}, name, id=f"{role}-{name}-{value!r}")
            for key, inner in option.get("options", {}).items():
                required = {other: "x" for other, spec in option["options"].items() if spec.get("required")}
                for value in (value for value in WRONG[kind_of(inner)] if not is_choice(value, inner)):
                    entry = {**required, key: value}
                    given = [entry] if option["type"] == "list" else entry
                    place = f"{name}[0].{key}" if option["type"] == "list" else f"{name}.{key}"
                    yield pytest.param(role, name, {name: given}, place, id=f"{role}-{place}-{value!r}")


@pytest.mark.parametrize(("role", "name", "given", "place"), list(wrong_values()))
def test_a_value_of_another_kind_is_refused(role: str, name: str, given: dict[str, Any], place: str) -> None:
    values, problems = role_values(role, {**GOOD[role], **given})
    assert any(problem.startswith(place) for problem in problems), problems
    assert isinstance(values[name[len("metamapper_") :]], (type(None), list, dict))


@pytest.mark.parametrize("role", NAMES)
def test_what_is_right_has_no_problem(role: str) -> None:
    values, problems = role_values(role, GOOD[role])
    assert problems == []
    assert {f"metamapper_{name}" for name in values} == set(options_of(role))


@pytest.mark.parametrize("role", NAMES)
def test_the_documented_defaults_are_accepted_and_null_stands_for_an_empty_one(role: str) -> None:
    options = options_of(role)
    defaults = {name: option["default"] for name, option in options.items() if "default" in option}
    empty = {name: None for name, option in options.items() if option.get("default") in ("", [])}
    values, problems = role_values(role, {**defaults, **GOOD[role], **empty})
    assert [problem for problem in problems if not NEEDED.search(problem)] == []
    assert all(values[name[len("metamapper_") :]] == options[name]["default"] for name in empty)


def test_null_is_not_taken_for_a_name() -> None:
    _values, problems = role_values("revoke", {"metamapper_user": None})
    assert [problem.startswith("metamapper_user is empty.") for problem in problems] == [True]


@pytest.mark.parametrize("role", ["grant", "verify"])
@pytest.mark.parametrize("secret", [8675309, 20.25, [HOSTILE], {"key": HOSTILE}, datetime.date(1999, 9, 9)])
def test_no_secret_is_in_a_problem(role: str, secret: Any) -> None:
    given = {**GOOD[role], "metamapper_password": secret, "metamapper_login_password": secret}
    said = " ".join(role_values(role, given)[1])
    assert "metamapper_password is" in said
    assert [text for text in ("8675309", "20.25", "ird", "1999") if text in said] == []


def test_required_variables_that_are_missing_are_named_with_their_meaning() -> None:
    password, databases = role_values("verify", {"metamapper_password": ""})[1]
    assert password.startswith(
        "metamapper_password is required, and it is not set or empty. Password of metamapper_user"
    )
    assert databases.startswith("metamapper_databases is required, and it is not set or empty. Databases and schemas")


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        pytest.param([], [], id="nothing"),
        pytest.param(["metamapper_user", "metamapper_group"], [], id="all known"),
        pytest.param(
            ["metamapper_databasse"],
            [f"metamapper_databasse {UNKNOWN} Did you mean metamapper_databases?"],
            id="near",
        ),
        pytest.param(["metamapper_zzz"], [f"metamapper_zzz {UNKNOWN}"], id="nothing near"),
        pytest.param(
            ["metamapper_users", "metamapper_grp", "metamapper_users"],
            [
                f"metamapper_grp {UNKNOWN} Did you mean metamapper_group?",
                f"metamapper_users {UNKNOWN} Did you mean metamapper_user?",
            ],
            id="several, sorted, each once",
        ),
        pytest.param(["metamapper_we\"ird.näme'; --"], [f"metamapper_we\"ird.näme'; -- {UNKNOWN}"], id="hostile"),
    ],
)
def test_unknown(names: list[str], expected: list[str]) -> None:
    assert unknown(names, KNOWN) == expected


def test_the_names_of_all_roles_and_of_the_playbooks_are_known(tmp_path: Path) -> None:
    for role, name in (("grant", "metamapper_adopt"), ("bastion", "metamapper_bastion_targets")):
        meta = tmp_path / role / "meta"
        meta.mkdir(parents=True)
        spec = f"argument_specs: {{main: {{options: {{{name}: {{type: str}}}}}}, other: {{}}}}"
        (meta / "argument_specs.yml").write_text(spec)
    assert known_names(tmp_path) == {"metamapper_adopt", "metamapper_bastion_targets", *PLAYBOOK_VARIABLES}


def test_options_of_a_module_leave_out_what_is_not_set() -> None:
    values: dict[str, Any] = {
        "group": HOSTILE,
        "ca_cert": "",
        "bastion": {},
        "login_user": None,
        "adopt": False,
        "other": 1,
    }
    names = ["group", "ca_cert", "bastion", "login_user", "adopt", "missing"]
    assert module_options({**values, "other": 1}, names) == {"group": HOSTILE, "ca_cert": "", "adopt": False}


def test_users_of_the_module() -> None:
    assert as_users([]) == []
    assert as_users([HOSTILE, "old"], state="retired") == [
        {"name": HOSTILE, "state": "retired"},
        {"name": "old", "state": "retired"},
    ]
