# SPDX-License-Identifier: GPL-3.0-or-later
"""What ssh's messages mean: lines of OpenSSH 7.6 to 9.9, and of bastions with another SSH server."""

from __future__ import annotations

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.problem import Problem
from ansible_collections.metamapper.postgresql.plugins.module_utils._ssh.diagnosis import (
    CHANNEL_CAUSES,
    LOGIN_CAUSES,
    Place,
    broken_problem,
    channel_problem,
    is_transient,
    login_problem,
    spoken,
)

PLACE = Place('"jump", port 22', '"db", port 5432,', '"db:5432"', known_hosts_file="we\"ird.näme'; --")
TRIED = 'Cannot reach "db", port 5432, through the bastion "jump", port 22: '
CHANGED = """\
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
IT IS POSSIBLE THAT SOMEONE IS DOING SOMETHING NASTY!
Offending ED25519 key in /home/me/.ssh/known_hosts:3
Host key for jump has changed and you have requested strict checking.
Host key verification failed.
"""
UNPROTECTED = """\
@         WARNING: UNPROTECTED PRIVATE KEY FILE!          @
Permissions 0644 for '/k' are too open.
This private key will be ignored.
Load key "/k": bad permissions
me@jump: Permission denied (publickey).
"""
OFFERED = "debug1: Authentications that can continue: publickey\n"
OFFERED_TWO = OFFERED + (
    "debug1: Offering public key: /k one RSA SHA256:x explicit\n"
    "debug1: Offering public key: /l ED25519 SHA256:y agent\n"
)
DENIED = "me@jump: Permission denied (publickey,password).\n"
BANNER = "debug1: kex_exchange_identification: banner line 0: "
CLOSED = "kex_exchange_identification: Connection closed by remote host\n"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param(
            "ssh: Could not resolve hostname jump: Name or service not known\r\n",
            'the name "jump" is not known on the machine that runs the module (Name or service not known)',
            id="name",
        ),
        pytest.param(
            "ssh: Could not resolve hostname jump: Temporary failure in name resolution\n",
            'the name "jump" is not known on the machine that runs the module (Temporary failure in name resolution)',
            id="name server down",
        ),
        pytest.param(
            "ssh: connect to host jump port 22: Connection refused\n", "nothing listens on jump, port 22", id="refused"
        ),
        pytest.param(
            "ssh: connect to host jump port 22: Connection timed out\n",
            "jump, port 22 did not answer in time",
            id="time-out",
        ),
        pytest.param(
            "ssh: connect to host jump port 22: Operation timed out\n",
            "jump, port 22 did not answer in time",
            id="time-out on macOS",
        ),
        pytest.param(
            "ssh: connect to host jump port 22: No route to host\n",
            "jump, port 22 cannot be reached (No route to host)",
            id="no route",
        ),
        pytest.param(
            "Connection timed out during banner exchange\nConnection to 10.0.0.1 port 22 timed out\n",
            "the host took the connection but did not answer as an SSH server in time",
            id="silent server",
        ),
        pytest.param(
            "banner exchange: Connection to 10.0.0.1 port 22: invalid format\n" + BANNER + "HTTP/1.1 400 Bad Request\n",
            "what answers there is not an SSH server (banner line 0: HTTP/1.1 400 Bad Request)",
            id="web server",
        ),
        pytest.param(
            "No ED25519 host key is known for jump and you have requested strict checking.\n"
            "Host key verification failed.\n",
            'the host key (ED25519) of jump is not in the file "we"ird.näme\'; --"',
            id="host key unknown",
        ),
        pytest.param(
            CHANGED,
            'the host key of jump is not the one that the file "we"ird.näme\'; --" remembers',
            id="host key changed",
        ),
        pytest.param(
            "Host key verification failed.\n" + CLOSED,
            "the host key of a host on the way is not known",
            id="host key of a jump host",
        ),
        pytest.param(
            UNPROTECTED, 'ssh does not use the private key "/k": its mode 0644 lets others read it', id="key mode"
        ),
        pytest.param(
            'Load key "/k": invalid format\n' + DENIED,
            'the private key "/k" cannot be used (invalid format)',
            id="key format",
        ),
        pytest.param(
            OFFERED_TWO + DENIED,
            "the login me@jump was refused by a server that takes publickey,password, after it was offered /k one, /l",
            id="keys refused",
        ),
        pytest.param(
            OFFERED + DENIED,
            "the login me@jump was refused by a server that takes publickey,password, and there was no key to offer",
            id="no key",
        ),
        pytest.param(
            DENIED + CLOSED, "the login me@jump was refused by a server that takes publickey,password", id="jump host"
        ),
        pytest.param(
            "Received disconnect from 10.0.0.1 port 22:2: Too many authentication failures\n",
            "it refused the login after too many keys that it does not know",
            id="agent with many keys",
        ),
        pytest.param(
            "Unable to negotiate with 10.0.0.1 port 22: no matching host key type found. Their offer: ssh-rsa\n",
            "the two sides have no algorithm in common (no matching host key type found. Their offer: ssh-rsa)",
            id="old server",
        ),
        pytest.param(
            "channel 0: open failed: connect failed: Connection refused\nstdio forwarding failed\n" + CLOSED,
            "a jump host of the ssh_config could not reach the next host (connect failed: Connection refused)",
            id="behind a jump host",
        ),
        pytest.param(
            "/home/me/.ssh/config: line 1: Bad configuration option: usekeychain\n"
            "/home/me/.ssh/config: terminating, 1 bad configuration options\n",
            "ssh does not understand its configuration "
            "(/home/me/.ssh/config: line 1: Bad configuration option: usekeychain)",
            id="ssh_config",
        ),
        pytest.param(
            'command-line line 0: unsupported option "accept-new".\n',
            'this ssh does not know an option that is needed (command-line line 0: unsupported option "accept-new".)',
            id="client before 7.6",
        ),
        pytest.param(
            "Bad owner or permissions on /home/me/.ssh/config\n",
            'ssh does not read "/home/me/.ssh/config": others may write it',
            id="ssh_config of everybody",
        ),
        pytest.param(
            "No user exists for uid 1000660000\n",
            "the user who runs the module has no entry in the passwd database, which ssh insists on",
            id="container with any uid",
        ),
        pytest.param(
            CLOSED,
            "it closed the connection before the login, as a server does that is too busy or bars this address",
            id="dropped",
        ),
        pytest.param(
            "debug1: x\nsomething\n\nnobody foresaw\n",
            "ssh ended with status 255 and said: something / nobody foresaw",
            id="other",
        ),
        pytest.param("", "ssh ended with status 255 and said: nothing", id="nothing said"),
    ],
)
def test_login_problem(text: str, found: str) -> None:
    assert login_problem(PLACE, text, 255).message == f"{TRIED}{found}."


def test_the_hop_is_a_key_for_programs() -> None:
    assert login_problem(PLACE, "", 255).object == 'bastion "jump", port 22'


def test_given_up() -> None:
    found = "the login on the bastion was not complete in time; ssh said: Touch your key"
    assert login_problem(PLACE, "debug1: x\nTouch your key\n", None).message == f"{TRIED}{found}."


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param(
            "Timeout, server 10.0.0.1 not responding.\r\n",
            "the bastion 10.0.0.1 stopped answering, and the connection was closed",
            id="silent",
        ),
        pytest.param("Connection to jump closed by remote host.\n", "the bastion closed the connection", id="closed"),
        pytest.param(
            "client_loop: send disconnect: Broken pipe\n", "the bastion closed the connection", id="broken pipe"
        ),
        pytest.param("", "ssh ended with status 255 and said: nothing", id="nothing said"),
    ],
)
def test_broken_problem(text: str, found: str) -> None:
    assert broken_problem(PLACE, text, 255).message == f"{TRIED}{found}."


def found_in(problem: Problem | None) -> str | None:
    """Return the part of a problem's message that says what was found."""
    return problem.message.replace(TRIED, "") if problem else None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("", None, id="nothing said"),
        pytest.param("debug1: channel 3: new direct-tcpip [direct-tcpip]\n", None, id="in order"),
        pytest.param(
            "channel 3: open failed: administratively prohibited: open failed\n",
            "its SSH server forbids to forward to this target.",
            id="forbidden",
        ),
        pytest.param(
            "channel 3: open failed: connect failed: Connection refused\r\n",
            "the bastion reached the host, but nothing listens on that port (Connection refused).",
            id="port closed",
        ),
        pytest.param(
            "channel 3: open failed: connect failed: dial tcp 10.0.0.1:5432: connect: connection refused\n",
            "the bastion reached the host, but nothing listens on that port "
            "(dial tcp 10.0.0.1:5432: connect: connection refused).",
            id="port closed, as a bastion in Go says it",
        ),
        pytest.param(
            "channel 3: open failed: connect failed: Name or service not known\n",
            "the bastion does not know the name (Name or service not known).",
            id="name unknown",
        ),
        pytest.param(
            "channel 3: open failed: connect failed: dial tcp: lookup db: no such host\n",
            "the bastion does not know the name (dial tcp: lookup db: no such host).",
            id="name unknown, as a bastion in Go says it",
        ),
        pytest.param(
            "channel 3: open failed: connect failed: Connection timed out\n",
            "the bastion cannot reach the database server (Connection timed out).",
            id="time-out",
        ),
        pytest.param(
            "channel 3: open failed: connect failed: No route to host\n",
            "the bastion cannot reach the database server (No route to host).",
            id="no route",
        ),
        pytest.param(
            "channel 3: open failed: resource shortage\n",
            "the bastion did not open the way to the database server (resource shortage).",
            id="other",
        ),
    ],
)
def test_channel_problem(text: str, found: str | None) -> None:
    assert found_in(channel_problem(PLACE, text)) == found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(CLOSED, True, id="MaxStartups"),
        pytest.param("ssh_exchange_identification: Connection closed by remote host\n", True, id="client before 8.0"),
        pytest.param("kex_exchange_identification: read: Connection reset by peer\n", True, id="reset"),
        pytest.param(BANNER + "Exceeded MaxStartups\n" + CLOSED, True, id="MaxStartups from 9.8 on"),
        pytest.param(BANNER + "Not allowed at this time\n" + CLOSED, True, id="PerSourcePenalties"),
        pytest.param(BANNER + "HTTP/1.1 400 Bad Request\n" + CLOSED, False, id="web server"),
        pytest.param(
            "debug1: Remote protocol version 2.0\nConnection closed by 10.0.0.1 port 22\n", False, id="later than that"
        ),
        pytest.param(DENIED + CLOSED, False, id="a jump host refused"),
        pytest.param("ssh: connect to host jump port 22: Connection refused\n", False, id="port closed"),
        pytest.param("", False, id="nothing said"),
    ],
)
def test_is_transient(text: str, expected: bool) -> None:
    assert is_transient(text) is expected


def test_lines_for_experts_are_not_shown() -> None:
    text = "debug1: Reading configuration data\r\nWelcome\r\n\r\ndebug2: x\ndebug3: y\nbye\n"
    assert spoken(text) == ["Welcome", "bye"]


@pytest.mark.parametrize("cause", [*LOGIN_CAUSES, *CHANNEL_CAUSES], ids=lambda cause: cause.found[:40])
def test_each_cause_has_a_remedy(cause: object) -> None:
    assert getattr(cause, "remedy", "")
