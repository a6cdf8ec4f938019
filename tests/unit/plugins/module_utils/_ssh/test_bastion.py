# SPDX-License-Identifier: GPL-3.0-or-later
"""The option ``bastion``, and what is refused before anything is started."""

from __future__ import annotations

import os
from typing import Any

import pytest
import yaml
from ansible_collections.metamapper.postgresql.plugins.doc_fragments.connection import ModuleDocFragment
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.problem import Failure
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.route import DIRECT
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.login import Login
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.options import (
    BASTION_ARGUMENT,
    route_from_options,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._ssh.bastion import (
    Bastion,
    bastion_from_options,
    opened_route,
)

OMITTED = {"port": None, "user": None, "private_key_file": None, "known_hosts_file": None, "host_key_checking": "yes"}


def without_descriptions(documented: dict[str, Any]) -> dict[str, Any]:
    """Return documented options as an argument spec has them."""
    return {
        name: {key: value for key, value in option.items() if key != "description"}
        for name, option in documented.items()
    }


def test_argument_and_documentation_agree() -> None:
    documented = yaml.safe_load(ModuleDocFragment.BASTION)["options"]["bastion"]
    assert documented["type"] == BASTION_ARGUMENT["type"]
    assert without_descriptions(documented["suboptions"]) == BASTION_ARGUMENT["options"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param({"host": "jump", **OMITTED}, Bastion("jump"), id="host only"),
        pytest.param({"host": "jump"}, Bastion("jump"), id="as a role hands it over"),
        pytest.param(
            {
                "host": "jump",
                "port": 22,
                "user": "deploy",
                "private_key_file": "/k",
                "known_hosts_file": "/h",
                "host_key_checking": "accept-new",
            },
            Bastion("jump", 22, "deploy", "/k", "/h", "accept-new"),
            id="everything",
        ),
    ],
)
def test_bastion_from_options(options: dict[str, Any], expected: Bastion) -> None:
    assert bastion_from_options(options) == expected


@pytest.mark.parametrize("name", ["none", "NONE", "known_hosts"])
def test_a_relative_known_hosts_file_is_a_file(name: str) -> None:
    path = bastion_from_options({"host": "jump", "known_hosts_file": name}).known_hosts_file
    assert path == os.path.join(os.getcwd(), name)


@pytest.mark.parametrize("path", ["/dev/null", "/dev/stdin", "/tmp", "/tmp/${HOME}"])
def test_a_known_hosts_file_that_is_none(path: str) -> None:
    bastion = Bastion("jump", known_hosts_file=path, host_key_checking="accept-new")
    with pytest.raises(Failure, match="is not a regular file") as failure, opened_route(bastion, "db", 5432):
        pass
    assert "Set bastion.known_hosts_file" in failure.value.problems[0].remedy


def test_without_a_bastion_the_path_is_direct() -> None:
    with route_from_options({"bastion": None}, Login("admin")) as path:
        assert path is DIRECT
        assert path.parameters() == {}
        assert not path.must_retry(Exception(), is_timeout=True)


def test_with_a_bastion_the_path_goes_through_it() -> None:
    with pytest.raises(Failure) as failure, route_from_options({"bastion": {"host": "jump"}}, Login("admin")):
        pass
    assert "this login is over a Unix socket" in str(failure.value)


@pytest.mark.parametrize(
    ("bastion", "host", "expected"),
    [
        pytest.param(Bastion("jump"), "", "this login is over a Unix socket", id="default socket"),
        pytest.param(Bastion("jump"), "/run/postgresql", "this login is over a Unix socket", id="socket directory"),
        pytest.param(Bastion("jump"), "@abstract", "this login is over a Unix socket", id="abstract socket"),
        pytest.param(Bastion("jump"), "db1,db2", "login_host is not one name", id="two servers"),
        pytest.param(Bastion("jump"), "[::1]", "login_host is not one name", id="brackets"),
        pytest.param(Bastion("jump"), "we\"ird.näme'; --", "login_host is not one name", id="hostile target"),
        pytest.param(Bastion(""), "db", "bastion.host is not a name", id="empty bastion"),
        pytest.param(Bastion("-oProxyCommand=touch x"), "db", "bastion.host is not a name", id="like an option"),
        pytest.param(Bastion("$(touch x)"), "db", "bastion.host is not a name", id="for a shell"),
        pytest.param(Bastion("we\"ird.näme'; --"), "db", "bastion.host is not a name", id="hostile bastion"),
        pytest.param(Bastion("jump", user="a;b"), "db", 'bastion.user "a;b" is not a user name', id="user for a shell"),
        pytest.param(
            Bastion("jump", user="-l"), "db", 'bastion.user "-l" is not a user name', id="user like an option"
        ),
        pytest.param(
            Bastion("jump", private_key_file="/no/such/key"),
            "db",
            'the private key file "/no/such/key" cannot be read (No such file or directory)',
            id="no key file",
        ),
    ],
)
def test_refused(bastion: Bastion, host: str, expected: str) -> None:
    with pytest.raises(Failure) as failure, opened_route(bastion, host, 5432):
        pass
    [problem] = failure.value.problems
    assert expected in problem.message
    assert problem.remedy


def test_everything_wrong_is_told_at_once() -> None:
    bastion = Bastion("-x", user="-y", private_key_file="/no/such/key")
    with pytest.raises(Failure) as failure, opened_route(bastion, "", 5432):
        pass
    assert len(failure.value.problems) == 4


def test_no_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/no/such/directory")
    with pytest.raises(Failure) as failure, opened_route(Bastion("jump", port=22), "db", 5432):
        pass
    assert str(failure.value) == (
        'Cannot reach "db", port 5432, through the bastion "jump", port 22: the OpenSSH client (ssh) is not installed '
        "on the machine that runs the module. Install the package openssh-client (Debian) or openssh-clients (RHEL)."
    )
