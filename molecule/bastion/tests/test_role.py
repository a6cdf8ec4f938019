# SPDX-License-Identifier: GPL-3.0-or-later
"""The role on each supported system: the life cycle of an account, from the first check mode to the complete removal.

The tests build on each other, like the steps of an administrator. Up to the removal, each test starts and ends with the
account as converge created it; after the removal, each starts and ends without the account.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

DIRECTORY = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"])
SYSTEMS = ("debian", "ubuntu")
CONFIGURATION = "/etc/ssh/sshd_config"
DROP_IN = "/etc/ssh/sshd_config.d/00-metamapper-tunnel.conf"
# Scripts after which sshd would not read a separate file: without Include, and with Include within a Match block.
# Each case is tested on one of the systems.
WITHOUT_INCLUDE = {
    "debian": f"sed -i '/^Include/d' {CONFIGURATION}",
    "ubuntu": f"sed -i '/^Include/d' {CONFIGURATION} && printf 'Match User ops\\n"
    f"Include /etc/ssh/sshd_config.d/*.conf' >> {CONFIGURATION}",
}


def public(name: str) -> str:
    """Return the public key that create.yml wrote under a name."""
    return (DIRECTORY / f"{name}.pub").read_text().strip()


KEYS = [public("workspace"), public("workspace_2")]
TARGETS = ["127.0.0.1:22", "[::1]:22", *(f"db-{number}.example.internal:5432" for number in range(1, 199))]


@dataclass(frozen=True)
class Run:
    """The result of a play: its output, and for each host the counts in the recap."""

    output: str
    recap: dict[str, dict[str, int]]

    def expect(self, **numbers: int) -> None:
        """Fail and show the output unless the recap of each system has these counts."""
        wanted = {system: numbers for system in SYSTEMS}
        found = {system: {what: self.recap[system][what] for what in numbers} for system in SYSTEMS}
        assert found == wanted, self.output

    def expect_changes(self, at_least: int) -> None:
        """Fail unless each system would be changed by at least so many tasks, and none failed."""
        self.expect(failed=0)
        assert min(numbers["changed"] for numbers in self.recap.values()) >= at_least, self.output


def play(*options: str, **variables: Any) -> Run:
    """Run the playbook on all systems in one run."""
    wanted = {"metamapper_bastion_keys": KEYS, "metamapper_bastion_targets": TARGETS, **variables}
    command = ["ansible-playbook", "-i", os.environ["MOLECULE_INVENTORY_FILE"], *options, "-e", json.dumps(wanted)]
    command += ["metamapper.postgresql.bastion_metamapper"]
    environment = {**os.environ, "ANSIBLE_FORCE_COLOR": "0", "ANSIBLE_NOCOLOR": "1"}
    environment["ANSIBLE_COLLECTIONS_PATH"] = os.environ["MOLECULE_PROJECT_DIRECTORY"] + "/.ansible/collections"
    result = subprocess.run(
        command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment, check=False
    )
    recap = {
        host: {what: int(number) for what, number in re.findall(r"(\w+)=(\d+)", numbers)}
        for host, numbers in re.findall(r"^(\w+) +: (ok=.*)$", result.stdout, re.MULTILINE)
    }
    assert sorted(recap) == sorted(SYSTEMS), result.stdout
    return Run(result.stdout, recap)


@pytest.fixture
def etc(bastions: dict[str, Any], digest: Any) -> Any:
    """Return a function that returns a digest of each host's /etc."""
    return lambda: {name: digest(host) for name, host in bastions.items()}


@contextlib.contextmanager
def changed_configuration(bastions: dict[str, Any], scripts: dict[str, str]) -> Iterator[None]:
    """Change sshd_config of each system with its script for the duration of a with block."""
    for system, host in bastions.items():
        host.check_output(f"cp -p {CONFIGURATION} /root/kept && {scripts[system]}")
    try:
        yield
    finally:
        for host in bastions.values():
            host.check_output(f"cp -p /root/kept {CONFIGURATION}")


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("key", ["workspace", "workspace_2"])
def test_each_workspace_reaches_each_target(as_metamapper: Any, system: str, key: str) -> None:
    answer = as_metamapper(
        system,
        key=str(DIRECTORY / key),
        ssh_targets=[["127.0.0.1", 22], ["::1", 22]],
        other_targets=[["localhost", 22], ["0.0.0.0", 22], ["127.0.0.1", 2222], ["db-199.example.internal", 5432]],
    )
    assert answer["greetings"] == ["SSH-", "SSH-"]
    assert [name for name, why in answer["refusals"].items() if not why] == []


def test_a_second_run_changes_nothing(etc: Any) -> None:
    before = etc()
    play().expect(failed=0, changed=0)
    assert etc() == before


def test_check_mode_of_the_removal_shows_it_and_does_nothing(etc: Any) -> None:
    before = etc()
    play("--check", "--diff", metamapper_bastion_state="absent").expect_changes(at_least=3)
    assert etc() == before


def test_what_would_harm_is_one_message_and_changes_nothing(bastions: dict[str, Any], etc: Any) -> None:
    """A person's account, a privileged group, a weak key and a damaged one are all reported in one message."""
    for host in bastions.values():
        host.check_output("useradd -m -s /bin/bash alice && echo 'alice:secret' | chpasswd")
        host.check_output("install -d /home/alice/.ssh && touch /home/alice/.ssh/authorized_keys")
    command = ["ssh-keygen", "-q", "-t", "rsa", "-b", "1024", "-N", "", "-f", str(DIRECTORY / "weak")]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    before = etc()
    run = play(
        metamapper_bastion_user="alice",
        metamapper_bastion_group="sudo",
        metamapper_bastion_keys=[KEYS[0], public("weak"), KEYS[1][:200]],
    )
    run.expect(failed=1, changed=0)
    said = re.sub(r"\s+", " ", run.output)
    for words in (
        "it has the shell /bin/bash, it has a password, it has keys of its own in /home/alice/.ssh/authorized_keys",
        "it is a system group (gid 27)",
        "Key 2 of metamapper_bastion_keys has 1024 bits",
        "Key 3 of metamapper_bastion_keys is damaged",
    ):
        assert said.count(words) >= len(SYSTEMS), (words, run.output)
    assert etc() == before


def test_an_account_is_adopted_when_told_to_and_removed_with_it(bastions: dict[str, Any], etc: Any) -> None:
    """Relies on the test above: alice exists, with a shell, a password and a supplementary group."""
    for host in bastions.values():
        host.check_output("usermod -aG games alice")
    told = {"metamapper_bastion_user": "alice", "metamapper_bastion_group": "alice", "metamapper_bastion_adopt": True}
    before = etc()
    play("--check", **told).expect_changes(at_least=3)
    assert etc() == before
    play(**told).expect_changes(at_least=3)
    for host in bastions.values():
        alice = host.user("alice")
        assert (alice.shell, alice.password, alice.groups) == ("/usr/sbin/nologin", "*", ["alice"])
    del told["metamapper_bastion_adopt"]
    play(**told).expect(failed=0, changed=0)
    play(metamapper_bastion_state="absent", **told).expect_changes(at_least=3)
    for host in bastions.values():
        assert not host.user("alice").exists
        assert not host.group("alice").exists
        host.check_output("rm -r /home/alice")


def test_an_account_of_others_is_not_removed(bastions: dict[str, Any]) -> None:
    for host in bastions.values():
        host.check_output("useradd -m -s /bin/bash bob")
    names = {"metamapper_bastion_user": "bob", "metamapper_bastion_group": "bob"}
    play(metamapper_bastion_state="absent", **names).expect(failed=0, changed=0)
    for host in bastions.values():
        assert host.user("bob").shell == "/bin/bash"
        host.check_output("userdel -r bob 2>/dev/null")


def test_an_earlier_match_that_overrules_ours_is_found_and_all_is_as_before(bastions: dict[str, Any], etc: Any) -> None:
    script = f"sed -i '1i Match User meta*\\n    AllowTcpForwarding all\\nMatch all' {CONFIGURATION}"
    with changed_configuration(bastions, dict.fromkeys(SYSTEMS, script)):
        before = etc()
        run = play(metamapper_bastion_targets=["elsewhere.example.internal:5432"])
        after = etc()
    run.expect(rescued=1, failed=1)
    said = re.sub(r"\s+", " ", run.output)
    assert said.count("as it was before") >= len(SYSTEMS)
    assert said.count("allowtcpforwarding local") >= len(SYSTEMS)
    assert after == before


def test_a_configuration_that_is_broken_already_is_not_touched(bastions: dict[str, Any], etc: Any) -> None:
    with changed_configuration(bastions, dict.fromkeys(SYSTEMS, f"echo Bogus yes >> {CONFIGURATION}")):
        before = etc()
        run = play(metamapper_bastion_targets=["elsewhere.example.internal:5432"])
        after = etc()
    run.expect(failed=1, changed=0)
    assert re.sub(r"\s+", " ", run.output).count("Bad configuration option: Bogus") >= len(SYSTEMS)
    assert after == before


@contextlib.contextmanager
def open_tunnel(port: int, listener: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Open a tunnel from a Unix socket to the bastion's own sshd, with one connection through it."""
    options = ["-F/dev/null", f"-p{port}", f"-i{DIRECTORY / 'workspace'}", "-oBatchMode=yes"]
    options += [f"-oUserKnownHostsFile={DIRECTORY / 'known_hosts'}", "-oExitOnForwardFailure=yes"]
    with subprocess.Popen(["ssh", "-N", *options, f"-L{listener}:127.0.0.1:22", "metamapper@127.0.0.1"]) as tunnel:
        try:
            while tunnel.poll() is None and not listener.exists():
                time.sleep(0.1)
            with socket.socket(socket.AF_UNIX) as inside:
                inside.connect(str(listener))
                assert inside.recv(4) == b"SSH-"
                yield tunnel
        finally:
            tunnel.kill()
            listener.unlink(missing_ok=True)


def test_the_removal_closes_open_tunnels_and_leaves_no_trace(
    bastions: dict[str, Any], made: dict[str, Any], etc: Any, assert_no_trace: Any
) -> None:
    with contextlib.ExitStack() as stack:
        ports = {system: made["containers"][system]["port"] for system in SYSTEMS}
        tunnels = [stack.enter_context(open_tunnel(port, DIRECTORY / f"{name}.tunnel")) for name, port in ports.items()]
        play(metamapper_bastion_state="absent").expect_changes(at_least=3)
        assert [tunnel.wait(timeout=20) for tunnel in tunnels] == [255, 255]
    for host in bastions.values():
        assert_no_trace(host)
    before = etc()
    play(metamapper_bastion_state="absent").expect(failed=0, changed=0)
    play("--check", "--diff").expect_changes(at_least=4)
    assert etc() == before


def test_without_an_include_the_block_is_in_sshd_config(
    bastions: dict[str, Any], as_metamapper: Any, assert_no_trace: Any
) -> None:
    with changed_configuration(bastions, WITHOUT_INCLUDE):
        play().expect_changes(at_least=4)
        play().expect(failed=0, changed=0)
        for system, host in bastions.items():
            assert not host.file(DROP_IN).exists
            assert "Match User metamapper" in host.file(CONFIGURATION).content_string
            assert as_metamapper(system, ssh_targets=[["127.0.0.1", 22]])["greetings"] == ["SSH-"]
        play(metamapper_bastion_state="absent").expect_changes(at_least=3)
        for host in bastions.values():
            host.check_output(f"test -s /root/kept && ! grep -q metamapper {CONFIGURATION}")
    for host in bastions.values():
        assert_no_trace(host)
