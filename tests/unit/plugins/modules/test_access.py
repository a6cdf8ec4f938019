# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of module access agrees with its code: options, result, lock."""

from __future__ import annotations

import re
from typing import Any, Iterator, Mapping

import pytest
import yaml
from ansible_collections.metamapper.postgresql.plugins.doc_fragments import connection, databases
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.options import ACCESS_ARGUMENTS
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.result import DatabasesNotDone
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.problem import Failure, Problem
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.transaction import (
    ADVISORY_LOCK_KEY,
    TAKE_ADVISORY_LOCK,
)
from ansible_collections.metamapper.postgresql.plugins.modules import access

from tests.support.values.surveys import FIRST_RUN, in_check_mode

DOCUMENTATION: Mapping[str, Any] = yaml.safe_load(access.DOCUMENTATION)
RETURN: Mapping[str, Any] = yaml.safe_load(access.RETURN)
EXAMPLES: list[Mapping[str, Any]] = yaml.safe_load(access.EXAMPLES)
FRAGMENTS: Mapping[str, Any] = {"connection": connection, "databases": databases}
COMPARED = ("type", "elements", "required", "default", "choices")
# Keys with a meaning for Ansible, in addition to "changed", "failed", "msg" and "diff".
# https://docs.ansible.com/ansible/latest/reference_appendices/common_return_values.html
ANSIBLES_KEYS = {
    *("ansible_facts", "attempts", "deprecations", "exception", "include", "invocation", "item", "rc", "results"),
    *(
        "retries",
        "skip_reason",
        "skipped",
        "stderr",
        "stderr_lines",
        "stdout",
        "stdout_lines",
        "unreachable",
        "warnings",
    ),
}
EVERY_MODULES_KEYS = {"changed", "diff", "notes"}


def documented_options() -> dict[str, Any]:
    """Return the documented options, including those of the fragments."""
    found: dict[str, Any] = dict(DOCUMENTATION["options"])
    for fragment in DOCUMENTATION["extends_documentation_fragment"]:
        file, _dot, name = fragment.split(".", 2)[2].partition(".")
        text = getattr(FRAGMENTS[file].ModuleDocFragment, name.upper() or "DOCUMENTATION")
        for option, properties in yaml.safe_load(text)["options"].items():
            found[option] = {**properties, **found.get(option, {})}  # as Ansible merges them
    return found


def flat(options: Mapping[str, Any], nested: str, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every option, nested ones by their path, with the properties that documentation and code share."""
    for name, option in options.items():
        yield path + name, {key: option[key] for key in COMPARED if option.get(key) not in (None, False)}
        yield from flat(option.get(nested, {}), nested, f"{path}{name}.")


DOCUMENTED = dict(flat(documented_options(), "suboptions"))
ACCEPTED = dict(flat(ACCESS_ARGUMENTS, "options"))


def test_every_option_is_documented_and_every_documented_one_exists() -> None:
    assert set(DOCUMENTED) == set(ACCEPTED)


@pytest.mark.parametrize("path", sorted(ACCEPTED))
def test_an_option_is_what_its_documentation_says(path: str) -> None:
    assert DOCUMENTED[path] == ACCEPTED[path]


@pytest.mark.parametrize(
    "path", sorted(path for path in ACCEPTED if "password" in path and ACCEPTED[path]["type"] == "str")
)
def test_a_password_is_not_logged(path: str) -> None:
    option: Any = {"options": ACCESS_ARGUMENTS}
    for name in path.split("."):
        option = option["options"][name]
    assert option["no_log"] is True


@pytest.mark.parametrize("path", sorted(path for path in ACCEPTED if DOCUMENTED[path].get("required")))
def test_what_is_required_has_no_default(path: str) -> None:
    assert "default" not in ACCEPTED[path]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["name"])
def test_an_example_uses_options_that_exist_and_all_that_are_required(example: Mapping[str, Any]) -> None:
    used = example["metamapper.postgresql.access"]
    required = {name for name, option in ACCESS_ARGUMENTS.items() if option.get("required")}
    assert required <= set(used) <= set(ACCESS_ARGUMENTS)


def test_the_documented_advisory_lock_is_the_one_that_is_taken() -> None:
    (documented,) = re.findall(r"advisory lock V\((\d+)\) with C\(pg_advisory_xact_lock\)", access.DOCUMENTATION)
    assert f"SELECT pg_catalog.pg_advisory_xact_lock({documented})" == TAKE_ADVISORY_LOCK


def test_the_advisory_lock_has_a_key_that_postgresql_takes() -> None:
    assert ADVISORY_LOCK_KEY.to_bytes(8, "big", signed=True) == b"metamapp"


def returned(when: str) -> set[str]:
    """Return the documented keys of the result, on success or on failure."""
    return {key for key, value in RETURN.items() if value["returned"] == when}


def test_every_key_is_returned_on_success_or_on_failure() -> None:
    assert set(RETURN) == returned("success") | returned("failure")


def test_no_key_is_one_that_ansible_reads() -> None:
    """With a key "skipped", for example, Ansible ignores changed_when, and reports a skipped task if it is true."""
    assert set(RETURN) & ANSIBLES_KEYS == set()


def test_the_result_has_exactly_the_documented_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(in_check_mode(FIRST_RUN, monkeypatch)) - EVERY_MODULES_KEYS == returned("success")


def test_a_failure_has_exactly_the_documented_keys() -> None:
    done = {"changed": True, "statements": [], "notes": []}
    not_done = DatabasesNotDone({"d": Problem("")}, (), done).as_result()
    assert set(not_done) - {"msg", *done} == returned("failure")
    assert set(Failure([Problem("")]).as_result()) < set(not_done)


def test_every_key_of_a_user_is_documented(monkeypatch: pytest.MonkeyPatch) -> None:
    (user,) = in_check_mode(FIRST_RUN, monkeypatch)["users"]
    assert set(user) == set(RETURN["users"]["contains"])


def test_every_key_of_before_and_after_is_documented(monkeypatch: pytest.MonkeyPatch) -> None:
    result = in_check_mode(FIRST_RUN, monkeypatch)
    assert set(result["before"]) == set(result["after"]) == set(RETURN["after"]["contains"])


def test_the_sample_of_a_database_is_true(monkeypatch: pytest.MonkeyPatch) -> None:
    sample = RETURN["after"]["contains"]["databases"]["sample"]["warehouse"]
    found = in_check_mode(FIRST_RUN, monkeypatch)["after"]["databases"]["warehouse"]
    schemas = [next(iter(side["schemas"].values())) for side in (sample, found)]
    assert (set(sample), set(schemas[0])) == (set(found), set(schemas[1]))


def test_the_sample_of_a_role_is_true(monkeypatch: pytest.MonkeyPatch) -> None:
    sample = RETURN["after"]["contains"]["roles"]["sample"]["metamapper_readers"]
    assert sample == in_check_mode(FIRST_RUN, monkeypatch)["after"]["roles"]["readers"]


def test_the_sample_of_a_problem_is_true() -> None:
    assert set(RETURN["problems"]["sample"][0]) == set(Problem("").as_dict())


def test_the_sample_of_what_is_inherited_is_true() -> None:
    assert set(RETURN["inherited"]["sample"][0]) == {"database", "kind", "privilege", "schema", "name"}


@pytest.mark.parametrize("key", sorted(RETURN))
def test_every_key_has_a_sample_or_says_what_it_contains(key: str) -> None:
    assert {"sample", "contains"} & set(RETURN[key])
