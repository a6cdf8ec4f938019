# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line of ssh, and what changes for the next attempt."""

from __future__ import annotations

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._ssh.command_line import (
    Attempt,
    Bastion,
    Limits,
    Target,
    has_clashed,
    is_ready,
    next_attempt,
    ssh_command,
    ssh_environment,
)

PORT = 40001
HOSTILE = "we\"ird.näme'; --"
READY = "debug1: Entering interactive session.\n"


def command(bastion: Bastion, target: Target | None = None, attempt: Attempt | None = None) -> list[str]:
    """Return the command for a bastion, with an ordinary target unless one is given."""
    return ssh_command("/usr/bin/ssh", bastion, target or Target("db", 5432), attempt or Attempt(PORT), Limits())


def options(words: list[str]) -> dict[str, str]:
    """Return the options that are set with -o."""
    pairs = [word.split("=", 1) for flag, word in zip(words, words[1:]) if flag == "-o"]
    return dict(pairs)


def test_the_client_only_forwards() -> None:
    words = command(Bastion("jump"))
    assert words[:6] == ["/usr/bin/ssh", "-N", "-T", "-n", "-a", "-x"]
    assert words[-4:] == ["-L", "127.0.0.1:40001:db:5432", "--", "jump"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BatchMode", "yes"),
        ("ClearAllForwardings", "no"),
        ("ConnectTimeout", "10"),
        ("ControlMaster", "no"),
        ("ControlPath", "none"),
        ("ExitOnForwardFailure", "yes"),
        ("ForkAfterAuthentication", "no"),
        ("LogLevel", "DEBUG2"),
        ("PermitLocalCommand", "no"),
        ("ServerAliveCountMax", "3"),
        ("ServerAliveInterval", "5"),
        ("StrictHostKeyChecking", "yes"),
        ("Tunnel", "no"),
        ("UpdateHostKeys", "no"),
    ],
)
def test_no_ssh_config_changes(name: str, value: str) -> None:
    assert options(command(Bastion("jump")))[name] == value


@pytest.mark.parametrize(
    ("bastion", "words"),
    [
        pytest.param(Bastion("jump", port=2222), ["-p", "2222"], id="port"),
        pytest.param(Bastion("jump", user="deploy"), ["-l", "deploy"], id="user"),
        pytest.param(Bastion("jump", user="-oProxyCommand=x"), ["-l", "-oProxyCommand=x"], id="user like an option"),
        pytest.param(Bastion("jump", private_key_file="/k"), ["-i", "/k"], id="key"),
        pytest.param(Bastion("jump", private_key_file=HOSTILE), ["-i", HOSTILE], id="hostile key file"),
        pytest.param(Bastion("jump", private_key_file="/k%h"), ["-i", "/k%%h"], id="percent in the key file"),
        pytest.param(Bastion("jump", private_key_file="/k"), ["-o", "IdentitiesOnly=yes"], id="this key alone"),
        pytest.param(
            Bastion("jump", known_hosts_file="/a b%h"), ["-o", 'UserKnownHostsFile="/a b%%h"'], id="known_hosts"
        ),
        pytest.param(
            Bastion("jump", known_hosts_file=HOSTILE),
            ["-o", 'UserKnownHostsFile="we\\"ird.näme\'; --"'],
            id="hostile known_hosts",
        ),
        pytest.param(
            Bastion("jump", host_key_checking="accept-new"), ["-o", "StrictHostKeyChecking=accept-new"], id="accept-new"
        ),
        pytest.param(Bastion("-oProxyCommand=x"), ["--", "-oProxyCommand=x"], id="host like an option"),
    ],
)
def test_option_of_the_bastion(bastion: Bastion, words: list[str]) -> None:
    found = command(bastion)
    assert words in [found[start : start + 2] for start in range(len(found))]


def test_what_is_not_given_is_left_to_the_ssh_config() -> None:
    words = command(Bastion("jump"))
    assert not {"-p", "-l", "-i"} & set(words)
    assert not {"UserKnownHostsFile", "IdentitiesOnly"} & set(options(words))


@pytest.mark.parametrize(
    ("target", "attempt", "forward"),
    [
        pytest.param(Target("db", 5432), Attempt(PORT), "127.0.0.1:40001:db:5432", id="name"),
        pytest.param(Target("::1", 5432), Attempt(PORT), "127.0.0.1:40001:[::1]:5432", id="IPv6 target"),
        pytest.param(Target("-oX=y", 1), Attempt(PORT), "127.0.0.1:40001:-oX=y:1", id="like an option"),
        pytest.param(Target("db", 1), Attempt(PORT, address="::1"), "[::1]:40001:db:1", id="IPv6 alone"),
    ],
)
def test_forward(target: Target, attempt: Attempt, forward: str) -> None:
    words = command(Bastion("jump"), target, attempt)
    assert words[words.index("-L") + 1] == forward


def test_next_try_needs() -> None:
    words = command(Bastion("jump"), attempt=Attempt(PORT, has_fork_option=False, exits_on_forward_failure=False))
    assert "ForkAfterAuthentication" not in options(words)
    assert options(words)["ExitOnForwardFailure"] == "no"


@pytest.mark.parametrize(
    "name",
    ["DISPLAY", "SSH_ASKPASS", "PGPASSWORD", "PGSSLPASSWORD", "METAMAPPER_PASSWORD", "VAULT_TOKEN", "LD_PRELOAD"],
)
def test_the_environment_asks_nobody_and_holds_no_secret(name: str) -> None:
    environment = {name: "x", "SSH_AUTH_SOCK": "/a", "HOME": "/h", "LC_ALL": "fr_FR"}
    expected = {"SSH_AUTH_SOCK": "/a", "HOME": "/h", "LC_ALL": "C", "SSH_ASKPASS_REQUIRE": "never"}
    assert ssh_environment(environment) == expected


BOUND = f"bind [127.0.0.1]:{PORT}: Address already in use\n"
CLASH = (
    BOUND + f"channel_setup_fwd_listener_tcpip: cannot listen to port: {PORT}\nCould not request local forwarding.\n"
)
OTHER_CLASH = CLASH.replace(str(PORT), "5432")
NO_FORK_OPTION = "command-line: line 0: Bad configuration option: forkafterauthentication\n"
NO_IPV4 = "channel_setup_fwd_listener_tcpip: getaddrinfo(127.0.0.1): Address family for hostname not supported\n"
REMOTE = "debug1: Remote connections from LOCALHOST:8080 forwarded to local address a:1\n"


@pytest.mark.parametrize(
    ("attempt", "text", "expected"),
    [
        pytest.param(Attempt(PORT), "", None, id="nothing said"),
        pytest.param(Attempt(PORT), "jump: Permission denied (publickey).", None, id="refused"),
        pytest.param(Attempt(PORT), CLASH, Attempt(PORT), id="our port taken: the same on another port"),
        pytest.param(Attempt(PORT), BOUND.replace("bind", "listen"), Attempt(PORT), id="taken between bind and listen"),
        pytest.param(
            Attempt(PORT), OTHER_CLASH, Attempt(PORT, exits_on_forward_failure=False), id="the user's port taken"
        ),
        pytest.param(Attempt(PORT), REMOTE, Attempt(PORT, exits_on_forward_failure=False), id="the user's remote one"),
        pytest.param(Attempt(PORT, exits_on_forward_failure=False), OTHER_CLASH, None, id="does not matter any more"),
        pytest.param(
            Attempt(PORT, exits_on_forward_failure=False),
            CLASH,
            Attempt(PORT, exits_on_forward_failure=False),
            id="ours taken, though the user's do not matter",
        ),
        pytest.param(Attempt(PORT), NO_FORK_OPTION, Attempt(PORT, has_fork_option=False), id="client before 8.7"),
        pytest.param(Attempt(PORT, has_fork_option=False), NO_FORK_OPTION, None, id="once is enough"),
        pytest.param(Attempt(PORT), NO_IPV4, Attempt(PORT, address="::1"), id="AddressFamily inet6"),
        pytest.param(Attempt(PORT, address="::1"), NO_IPV4, None, id="no address at all"),
    ],
)
def test_next_attempt(attempt: Attempt, text: str, expected: Attempt | None) -> None:
    assert next_attempt(attempt, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", False, id="nothing said"),
        pytest.param("debug1: Authenticated to jump\n", False, id="logged in only"),
        pytest.param(READY, True, id="in its main loop"),
        pytest.param("Entering interactive session.\n", False, id="not in a line of its own"),
    ],
)
def test_is_ready(text: str, expected: bool) -> None:
    assert is_ready(text) is expected


def test_a_port_that_only_begins_alike_is_no_clash() -> None:
    assert not has_clashed(CLASH.replace(str(PORT), f"{PORT}1"), Attempt(PORT))
