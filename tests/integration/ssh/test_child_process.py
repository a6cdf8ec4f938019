# SPDX-License-Identifier: GPL-3.0-or-later
"""A supervised command never outlives the process that started it, however that process ends."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._ssh.child_process import supervised

from tests.support.modules.holder import ENDS, holder
from tools.postgres.processes import command_line, environment, is_running, left_over, open_files

pytestmark = pytest.mark.majorless

# A command with children, all of which ignore every signal that can be ignored, as a ProxyCommand may do.
STUBBORN = ["/bin/sh", "-c", "trap '' HUP INT TERM PIPE; sleep 100 & sleep 100; exit 0"]
ENVIRONMENT = {"PATH": os.defpath}


@pytest.mark.parametrize("end", list(ENDS))
def test_nothing_is_left_after(end: str) -> None:
    with holder("command", command=STUBBORN, processes=4) as running:
        assert len(running.descendants) == 4  # the supervisor, the command, and its children
        ENDS[end](running)
        assert left_over(running.descendants) == []


def test_another_child_of_the_holder_does_not_keep_it_alive() -> None:
    with holder("command", command=STUBBORN, processes=4, sibling=True) as running:
        running.kill(signal.SIGKILL)
        assert is_running(running.said["sibling"])
        assert left_over(running.descendants) == []


def test_nothing_is_inherited_but_the_three_standard_files() -> None:
    with supervised(["sleep", "100"], ENVIRONMENT) as child:
        while not command_line(child.group).startswith("sleep"):
            assert is_running(child.group)
        assert open_files(child.group) == [0, 1, 2]
        assert os.readlink(f"/proc/{child.group}/fd/0") == "/dev/null"


def test_its_group_and_session_are_its_own() -> None:
    with supervised(["sleep", "100"], ENVIRONMENT) as child:
        assert os.getpgid(child.group) == os.getsid(child.group) == child.group != os.getpgid(0)


def test_its_environment_is_what_was_told() -> None:
    with supervised(["sleep", "100"], {**ENVIRONMENT, "A": "we\"ird.näme'; --"}) as child:
        # The environment is empty for a moment, during exec().
        while "A=we\"ird.näme'; --\n" not in environment(child.group):
            assert is_running(child.group)


def test_arguments_are_not_read_by_the_shell() -> None:
    words = ["we\"ird.näme'; --", "$(exit 1)", "-n", "", "a\nb"]
    with supervised(["/bin/sh", "-c", 'printf "[%s]" "$@" >&2', "sh", *words], ENVIRONMENT) as child:
        assert child.has_ended(within_seconds=5)
        assert child.errors() == "".join(f"[{word}]" for word in words)


def test_status_and_text() -> None:
    with supervised(["/bin/sh", "-c", "echo one; echo other >&2; echo two; exit 7"], ENVIRONMENT) as child:
        assert child.has_ended(within_seconds=5)
        assert (child.status, child.written(), child.errors()) == (7, 8, "other\n")
        assert (child.output(), child.output(4)) == ("one\ntwo\n", "two\n")


def test_a_running_command_has_no_status() -> None:
    with supervised(["sleep", "100"], ENVIRONMENT) as child:
        assert not child.has_ended(within_seconds=0.05)
        assert child.status is None


def test_a_command_that_does_not_exist_ends() -> None:
    with supervised(["/no/such/command"], ENVIRONMENT) as child:
        assert child.has_ended(within_seconds=5)
        assert child.status == 127
        assert "/no/such/command" in child.errors()


def test_much_text_does_not_stop_it() -> None:
    with supervised(["/bin/sh", "-c", "head -c 3000000 /dev/zero"], ENVIRONMENT) as child:
        assert child.has_ended(within_seconds=10)
        assert child.written() == 3000000
        assert len(child.output()) < 1000000


def test_text_without_end_ends_it() -> None:
    with supervised(["/bin/sh", "-c", "cat /dev/zero >&2"], ENVIRONMENT) as child:
        assert child.has_ended(within_seconds=20)
        assert child.status == -signal.SIGXFSZ
        assert len(child.errors()) < 1000000


def test_many_at_a_time_end_each_by_itself() -> None:
    groups: list[int] = []

    def run() -> None:
        with supervised(["sleep", "100"], ENVIRONMENT) as child:
            groups.append(child.group)

    threads = [threading.Thread(target=run) for _number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    assert len(groups) == 20
    assert left_over(groups) == []
    assert not any(thread.is_alive() for thread in threads)


def test_no_file_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = open_files(os.getpid())
    with supervised(["/bin/sh", "-c", "echo text >&2"], ENVIRONMENT) as child:
        assert child.has_ended(within_seconds=5)
        assert list(tmp_path.iterdir()) == []
    assert open_files(os.getpid()) == before
