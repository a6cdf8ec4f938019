# SPDX-License-Identifier: GPL-3.0-or-later
"""A task has the same result in Ansible's worker process as in its own process, and runs where it should."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Iterator, Mapping

import pytest
from ansible.parsing.vault import VaultLib, VaultSecret

from tests.support.modules.access import HOSTILE, Warehouse
from tests.support.modules.pairs import SWITCH, Case, Pair, run_pairs
from tests.support.postgres.site import Site
from tools.postgres.server import Server

pytestmark = [pytest.mark.playbook, pytest.mark.thorough, pytest.mark.first]

ACCESS, VISIBILITY = "metamapper.postgresql.access", "metamapper.postgresql.visibility"
WORKER, MODULE = "in Ansible's worker process", "as a module: "
WRONG = "wr0ng \"p\\a'ss{0}"
OWN = "{{ ansible_playbook_python }}"
# Names are variables, so that the table of cases does not depend on the server.
USERS = [{"name": "{{ user }}", "password": "{{ password }}"}]
RETIRED = {"name": "{{ retired }}", "state": "retired"}
WANTED: Mapping[str, Any] = {"users": USERS, "databases": "{{ databases }}"}
SEEN: Mapping[str, Any] = {"user": "{{ user }}", "password": "{{ password }}", "databases": "{{ databases }}"}
REVOKE: Mapping[str, Any] = {ACCESS: {"state": "absent", "users": [{"name": "{{ user }}"}]}}
GRANT: Mapping[str, Any] = {ACCESS: WANTED}


def missing(**changes: Any) -> dict[str, Any]:
    """Return a task that fails because a schema does not exist."""
    return {
        ACCESS: {**WANTED, "databases": [{"name": "{{ databases[0].name }}", "schemas": ["gone", HOSTILE]}]},
        **changes,
    }


CASES: Mapping[str, Case] = {
    "check_first": Case({**GRANT, "check_mode": True}, before=[REVOKE]),
    "check_first_with_diff": Case({**GRANT, "check_mode": True, "diff": True}, before=[REVOKE]),
    "first": Case({**GRANT, "diff": True}, before=[REVOKE]),
    "first_without_diff": Case(GRANT, before=[REVOKE]),
    "second": Case({**GRANT, "diff": True}, before=[GRANT]),
    "check_of_the_play": Case(GRANT, play={"check_mode": True}),
    "absent": Case({**REVOKE, "diff": True}, before=[GRANT]),
    "absent_in_check_mode": Case({**REVOKE, "check_mode": True}, before=[GRANT]),
    "metadata_refused": Case({ACCESS: {**WANTED, "privilege": "metadata"}}, before=[GRANT]),
    "failure": Case(missing()),
    "failure_with_no_log": Case(missing(no_log=True)),
    "wrong_password": Case({ACCESS: {**WANTED, "login_password": WRONG}}),
    "wrong_secret_in_a_name": Case({ACCESS: {**WANTED, "group": "{{ password }}"}, "check_mode": True}),
    "no_server": Case({ACCESS: {**WANTED, "login_port": 1}}),
    "no_bastion": Case({ACCESS: {**WANTED, "bastion": {"host": "127.0.0.1", "private_key_file": "none"}}}),
    "relative_file": Case({ACCESS: {**WANTED, "ssl_mode": "verify-ca", "ca_cert": "nowhere/ca.pem"}}),
    "relative_known_hosts": Case(
        {ACCESS: {**WANTED, "bastion": {"host": "127.0.0.1", "known_hosts_file": "connection_plugins"}}}
    ),
    "unknown_option": Case({ACCESS: {**WANTED, "grup": "x"}}),
    "unknown_suboption": Case({ACCESS: {**WANTED, "users": [{"name": "x", "pasword": "{{ password }}"}]}}),
    "wrong_choice": Case({ACCESS: {**WANTED, "state": "{{ password }}"}}),
    "wrong_type": Case({ACCESS: {**WANTED, "login_port": "{{ password }}"}}),
    "required_if": Case({ACCESS: {"state": "present"}}),
    "required": Case({VISIBILITY: {"user": "x"}}),
    "numbers_as_text": Case({ACCESS: {**WANTED, "connection_limit": "7", "adopt": "no"}, "check_mode": True}),
    "a_name_of_digits": Case({ACCESS: {**WANTED, "group": 4711}, "check_mode": True}),
    "omitted": Case({ACCESS: {**WANTED, "session_role": "{{ omit }}"}, "check_mode": True}),
    "vaulted": Case(
        {ACCESS: {**WANTED, "login_password": "{{ vaulted }}"}, "check_mode": True},
        play={"vars_files": ["vaulted.yml"]},
    ),
    "warns": Case({ACCESS: {**WANTED, "users": [*USERS, RETIRED]}, "check_mode": True}),
    "loop": Case({**GRANT, "loop": ["a", 2], "check_mode": True}, before=[GRANT]),
    "loop_of_failures": Case(missing(loop=[1, 2])),
    "until": Case(missing(until="1 == 2", retries=1, delay=0)),
    "failed_when": Case(missing(failed_when=False)),
    "changed_when": Case({**GRANT, "changed_when": True}, before=[GRANT]),
    "seen": Case({VISIBILITY: SEEN}, before=[GRANT]),
    "seen_and_accepted": Case({VISIBILITY: {**SEEN, "fail_on": []}}, before=[GRANT]),
    "seen_in_check_mode": Case({VISIBILITY: SEEN, "check_mode": True, "diff": True}, before=[GRANT]),
    "not_seen": Case({VISIBILITY: SEEN}, before=[REVOKE]),
    "with_baseline": Case(
        {VISIBILITY: {**SEEN, "baseline": {"{{ databases[0].name }}": {"gone": {"t": 1}}}}}, before=[GRANT]
    ),
    "seen_with_wrong_password": Case({VISIBILITY: {**SEEN, "password": WRONG}}, before=[GRANT]),
    # where it runs
    "own_python_by_another_link": Case(GRANT, play={"vars": {"ansible_python_interpreter": "{{ own_link }}"}}),
    "delegated_to_localhost": Case({**GRANT, "delegate_to": "localhost"}, play={"vars": {}}),
    "delegated": Case({**GRANT, "delegate_to": "other"}, place=f"{MODULE}its connection is not local"),
    "connection_of_the_play": Case(
        GRANT, play={"connection": "elsewhere"}, place=f"{MODULE}its connection is not local"
    ),
    "connection_as_variable": Case(
        {**GRANT, "vars": {"ansible_connection": "elsewhere"}}, place=f"{MODULE}its connection is not local"
    ),
    "become": Case(
        {**GRANT, "become": True, "become_method": "pretend"}, place=f"{MODULE}it becomes another user"
    ),
    "become_as_variable": Case(
        {**GRANT, "vars": {"ansible_become": True, "ansible_become_method": "pretend"}},
        place=f"{MODULE}it becomes another user",
    ),
    "become_of_the_play": Case(
        GRANT, play={"become": True, "become_method": "pretend"}, place=f"{MODULE}it becomes another user"
    ),
    "become_taken_back": Case({**GRANT, "become": True, "vars": {"ansible_become": False}}),
    "environment": Case(
        {**missing(), "environment": {"PGCONNECT_TIMEOUT": "3"}}, place=f"{MODULE}it has an environment"
    ),
    "environment_of_the_play": Case(
        GRANT, play={"environment": {"PGAPPNAME": "x"}}, place=f"{MODULE}it has an environment"
    ),
    "environment_of_nothing": Case({**GRANT, "environment": "{{ {} }}"}, play={"environment": [{}]}),
    "other_python": Case(
        GRANT,
        play={"vars": {"ansible_python_interpreter": "{{ other_link }}"}},
        place=f"{MODULE}its interpreter is not that of ansible-playbook",
    ),
    "async": Case({**GRANT, "async": 60, "poll": 1}, place=f"{MODULE}it is asynchronous"),
    "switch_of_the_play": Case(GRANT, play={"vars": {SWITCH: "no"}}, place=f"{MODULE}{SWITCH} is false"),
}  # fmt: skip
MASKED = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
# Keys that Ansible adds to asynchronous tasks; and that there was no stack trace, which 2.19 and 2.20 report for a
# module's failure but not for an action's.
OF_ANSIBLE = ("ansible_job_id", "results_file", "failed_when_suppressed_exception")
VAULT = "vaulted.yml"


def inventory_values(warehouse: Warehouse, directory: Path) -> dict[str, Any]:
    """Return the variables of the host."""
    own = Path(sys.executable)
    elsewhere = directory / "python"
    elsewhere.symlink_to(own)
    links = [path for path in sorted(own.parent.glob("python*")) if path != own and path.resolve() == own.resolve()]
    return {
        "ansible_python_interpreter": OWN,
        "user": warehouse.user,
        "password": warehouse.password,
        "databases": [warehouse.entry()],
        "retired": warehouse.site.role_name("retired"),
        "own_link": str(links[0]),
        "other_link": str(elsewhere),
    }


def write_vault(directory: Path, secret: str) -> list[str]:
    """Write a file of variables with a secret of Ansible Vault; return the options that open it."""
    (directory / "key").write_text("key of the vault")
    vault = VaultLib([("default", VaultSecret(b"key of the vault"))])
    lines = vault.encrypt(secret, vault.secrets[0][1], "default").decode().splitlines()
    (directory / VAULT).write_text("vaulted: !vault |\n" + "".join(f"  {line}\n" for line in lines))
    return ["--vault-password-file", "key"]


@dataclass(frozen=True)
class Played:
    """All cases, run by one ansible-playbook, and its output."""

    pairs: Mapping[str, Pair]
    output: str
    warehouse: Warehouse


@pytest.fixture(scope="module")
def played(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    """Run all cases."""
    site = Site(server)
    warehouse, directory = Warehouse(site, is_superuser=True), tmp_path_factory.mktemp("pairs")
    # Metadata mode refuses because of this CREATE.
    warehouse.run("GRANT CREATE ON SCHEMA {} TO PUBLIC", warehouse.other)
    options = warehouse.options()
    defaults = {
        "group/metamapper.postgresql.postgresql": {key: options[key] for key in ("login_host", "login_port", "group")},
        ACCESS: {key: options[key] for key in ("login_user", "login_password")},
    }
    opened = write_vault(directory, warehouse.admin.password)
    values = inventory_values(warehouse, directory)
    site.create_role_exactly(values["retired"], "p")
    try:
        with site.login(values["retired"], "p", "postgres"):  # a retired user with an open session causes a warning
            pairs, play = run_pairs(directory, CASES, values, defaults, *opened)
        yield Played(pairs, play.output, warehouse)
    finally:
        site.clean_up()


def compared(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of a result that must be equal in both."""
    return {key: value for key, value in result.items() if key not in OF_ANSIBLE}


@pytest.mark.parametrize("name", CASES)
def test_both_return_and_print_the_same_and_run_where_they_should(played: Played, name: str) -> None:
    """One test for each case, so that xdist gives all of them to the process that runs the cases."""
    pair = played.pairs[name]
    returned_in_worker, returned_as_module = map(compared, pair.results)
    assert returned_in_worker == returned_as_module
    printed_in_worker, printed_as_module = ([compared(result) for result in printed] for printed in pair.printed)
    assert printed_in_worker == printed_as_module
    assert printed_in_worker or name == "failure_with_no_log"
    assert pair.places == (CASES[name].place, f"{MODULE}{SWITCH} is false")


@pytest.mark.parametrize("number", [0, 1], ids=["in the worker", "as a module"])
def test_options_are_among_what_is_printed_where_that_is_configured(played: Played, number: int) -> None:
    """Printing the options is the default before ansible-core 2.21."""
    (printed,) = played.pairs["first"].printed[number]
    assert printed["invocation"]["module_args"]["login_password"] == MASKED
    assert printed["invocation"]["module_args"]["users"][0]["password"] == MASKED
    assert printed["invocation"]["module_args"]["wait_seconds"] == 300


EXPECTED: Mapping[str, Callable[[Mapping[str, Any]], bool]] = {
    "first": lambda result: result["changed"] and "diff" in result,
    "first_without_diff": lambda result: result["changed"] and "diff" not in result,
    "check_first": lambda result: result["changed"] and len(result["statements"]) > 3,
    "second": lambda result: not result["changed"] and not result["failed"],
    "absent": lambda result: result["changed"],
    "failure": lambda result: result["failed"] and "gone" in result["problems"][0]["message"],
    "required_if": lambda result: "state is present but all of the following are missing" in result["msg"],
    "vaulted": lambda result: not result["failed"],
    "async": lambda result: result["finished"] and not result["failed"],
    "not_seen": lambda result: result["failed"] and result["findings"],
    "seen_and_accepted": lambda result: not result["failed"] and result["findings"],
    "warns": lambda result: len(result["warnings"]) == 1,
    "relative_known_hosts": lambda result: '/pairs0/connection_plugins" is not a regular file' in result["msg"],
    "loop": lambda result: len(result["results"]) == 2,
}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_case_is_what_it_is_meant_to_be(played: Played, name: str) -> None:
    for result in played.pairs[name].results:
        assert EXPECTED[name](result), result


def test_no_secret_is_printed(played: Played) -> None:
    secrets = (played.warehouse.password, played.warehouse.admin.password, WRONG)
    assert [secret for secret in secrets if json.dumps(secret)[1:-1] in played.output or secret in played.output] == []
