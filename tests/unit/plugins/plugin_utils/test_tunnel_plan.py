# SPDX-License-Identifier: GPL-3.0-or-later
"""Which tunnels the variables of all hosts describe, and which targets each bastion has to permit."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._tunnel_plan import (
    KEY_TO_BE,
    tunnel_account,
    tunnel_host_keys,
    tunnel_plan,
    tunnels_to,
)

HOSTILE = "we\"ird.näme\\'; --"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI" + "B" * 43
TARGET = {"host": "db.example.internal", "listen_port": 15432}
VALUES: dict[str, Any] = {
    "tunnel_state": "present",
    "tunnel_user": "metamapper-tunnel",
    "tunnel_listen_address": "127.0.0.1",
    "tunnel_targets": [TARGET],
}
BASTION = {"ansible_host": "203.0.113.10", "ansible_port": 2222}
HOST = {"metamapper_tunnel_targets": [TARGET], "__tunnel_public_key": {"rc": 0, "stdout": f"{KEY} m1\n"}}


def plan(bastions: dict[str, dict[str, Any]], **changes: Any) -> dict[str, Any]:
    """Return the plan of a host."""
    return tunnel_plan(bastions, {**VALUES, **changes}, list(bastions))


def account(hosts: dict[str, dict[str, Any]], shared: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the account to create on bastion b1 of two; with two bastions, each target has to name its own."""
    return tunnel_account({"b1": BASTION, "b2": BASTION, **hosts}, "b1", list(hosts), ["b1", "b2"], shared or {})


def via(bastion: str, **changes: Any) -> dict[str, Any]:
    """Return a host with a target through a bastion."""
    return {**HOST, "metamapper_tunnel_targets": [{**TARGET, "bastion": bastion}], **changes}


def test_the_only_bastion_needs_no_name() -> None:
    found = plan({"b1": BASTION})
    assert (found["problems"], found["bastions"]) == ([], ["b1"])
    (tunnel,) = found["tunnels"]
    assert tunnel["unit"] == "metamapper-tunnel-15432.service"
    assert (tunnel["address"], tunnel["port"], tunnel["account"]) == ("203.0.113.10", 2222, "metamapper-tunnel")
    assert (tunnel["listen"], tunnel["target"]) == ("127.0.0.1:15432", "db.example.internal:5432")


def test_several_targets_through_several_bastions() -> None:
    targets = [{**TARGET, "bastion": "b2"}, {**TARGET, "bastion": "b1", "listen_port": 15433}]
    found = plan({"b1": BASTION, "b2": {}}, tunnel_targets=targets)
    assert found["problems"] == []
    assert [(one["bastion"], one["address"], one["port"]) for one in found["tunnels"]] == [
        ("b2", "b2", 22),
        ("b1", "203.0.113.10", 2222),
    ]


def test_what_the_bastion_says_of_itself_goes_before_what_ansible_uses() -> None:
    own = {**BASTION, "metamapper_bastion_address": "2001:db8::1", "metamapper_bastion_port": "22"}
    (tunnel,) = plan({"b1": own})["tunnels"]
    assert (tunnel["address"], tunnel["port"]) == ("2001:db8::1", 22)


def test_no_tunnel_where_they_are_to_be_gone() -> None:
    assert plan({}, tunnel_state="absent") == {"tunnels": [], "bastions": [], "problems": []}


PROBLEMS: dict[str, tuple[dict[str, dict[str, Any]], dict[str, Any], str]] = {
    "no bastion at all": ({}, {}, "names no bastion. The group bastions has no host."),
    "one of two, unnamed": ({"b1": {}, "b2": {}}, {}, "names no bastion. The bastions are: b1, b2."),
    "an unknown one": ({"b1": {}}, {"bastion": HOSTILE}, "which is none of these. The bastions are: b1."),
    "an address that is none": ({"b1": {"ansible_host": "-oProxyCommand=x"}}, {}, "is neither an address nor a name"),
    "a wrong port": ({"b1": {"metamapper_bastion_port": 0}}, {}, "Bastion b1: metamapper_bastion_port is no port"),
    "a wrong variable of the bastion": (
        {"b1": {"metamapper_bastion_adopt": "maybe"}},
        {},
        "Bastion b1: metamapper_bastion_adopt is text",
    ),
}


@pytest.mark.parametrize(("bastions", "target", "words"), PROBLEMS.values(), ids=PROBLEMS)
def test_what_cannot_work_is_refused(bastions: dict[str, dict[str, Any]], target: dict[str, Any], words: str) -> None:
    problems = plan(bastions, tunnel_targets=[{**TARGET, **target}])["problems"]
    assert [words in problem for problem in problems] == [True]


def test_an_account_takes_keys_and_targets_of_all_hosts_that_use_the_bastion() -> None:
    other = via("b1", metamapper_tunnel_targets=[{**TARGET, "host": "erp", "port": 6432, "bastion": "b1"}])
    found = account({"m1": via("b1"), "m2": {**other, "__tunnel_public_key": {"stdout": f"{KEY} m2"}}, "m3": via("b2")})
    assert found == {
        "user": "metamapper-tunnel",
        "targets": ["db.example.internal:5432", "erp:6432"],
        "public_keys": [f"{KEY} m1", f"{KEY} m2"],
        "problems": [],
    }


def test_nobody_uses_a_bastion() -> None:
    hosts = {"m1": via("b2"), "m2": via("b1", metamapper_tunnel_state="absent")}
    assert account(hosts) == {"user": "metamapper-tunnel", "targets": [], "public_keys": [], "problems": []}


def test_variables_of_the_play_are_known_too() -> None:
    shared: dict[str, Any] = {
        "metamapper_tunnel_targets": [{**TARGET, "bastion": "b1"}],
        "metamapper_tunnel_user": "other",
    }
    found = account({"m1": {"__tunnel_public_key": {"stdout": KEY}}}, shared)
    assert (found["user"], found["targets"], found["problems"]) == ("other", ["db.example.internal:5432"], [])


def test_in_check_mode_another_key_stands_for_one_that_is_yet_to_be_made() -> None:
    found = account({"m1": via("b1", __tunnel_public_key={"rc": 255, "stdout": ""})})
    assert (found["public_keys"], found["problems"]) == ([KEY_TO_BE], [])


@pytest.mark.parametrize(
    ("hosts", "words"),
    [
        pytest.param({"m1": via("b1"), "m2": {**via("b1"), "__tunnel_public_key": None}}, "m2 is not known", id="key"),
        pytest.param({"m1": via("b1"), "m2": via("b1", metamapper_tunnel_user="x")}, "tunnel_user differs", id="user"),
        pytest.param({"m1": via("b1", metamapper_tunnel_state="gone")}, "m1: metamapper_tunnel_state", id="value"),
        pytest.param({"m1": {**HOST, "metamapper_tunnel_targets": [{}]}}, "[0] is empty", id="nothing in a target"),
    ],
)
def test_what_a_run_does_not_know_it_does_not_take_away(hosts: dict[str, dict[str, Any]], words: str) -> None:
    assert [words in problem for problem in account(hosts)["problems"]] == [True]


def test_host_keys_that_were_read_in_this_run() -> None:
    answers: dict[str, dict[str, Any]] = {
        "b1": {"__metamapper_host_keys": {"stdout_lines": [KEY]}},
        "b2": {},
        "b3": {"__metamapper_host_keys": {}},
    }
    assert tunnel_host_keys(answers, ["b1", "b2", "b3"]) == {"b1": [KEY]}


@pytest.mark.parametrize(
    ("host", "port", "expected"),
    [
        pytest.param("db.example.internal", 5432, [{"host": "m1", "address": "127.0.0.1", "port": 15432}], id="found"),
        pytest.param("db.example.internal", 5433, [], id="another port"),
        pytest.param("DB.example.internal", 5432, [], id="another name"),
    ],
)
def test_where_a_server_is_found_through_tunnels(host: str, port: int, expected: list[dict[str, Any]]) -> None:
    hosts = {"m1": HOST, "m2": {}, "m3": {**HOST, "metamapper_tunnel_state": "absent"}}
    assert tunnels_to(hosts, list(hosts), host, port) == expected
