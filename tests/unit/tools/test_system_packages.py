# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs that tests need: found, unpacked with their libraries, or asked for in one sentence."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Mapping, Sequence

import pytest

from tools import system_packages
from tools.system_packages import dependencies, for_another_user, make_ready, script, to_be_installed, with_libraries

SIMULATED = """\
NOTE: This is only a simulation!
Inst openssh-client [1:9.2p1-2+deb12u6] (1:9.2p1-2+deb12u10 Debian:12.15/oldstable [amd64])
Inst libwrap0 (7.6.q-32 Debian:12.15/oldstable [amd64])
Conf libwrap0 (7.6.q-32 Debian:12.15/oldstable [amd64])
"""
SHOWN = """\
openssh-server
  PreDepends: init-system-helpers
 |Depends: debconf
  Depends: <debconf-2.0>
    cdebconf
  Depends: libwrap0
  Recommends: default-logind
libwrap0
  Depends: libc6
"""


def executable(path: Path, text: str) -> Path:
    """Write an executable file and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty directory, the only one in which programs are found."""
    directory = tmp_path / "bare"
    directory.mkdir()
    monkeypatch.setattr(system_packages, "SYSTEM", str(directory))
    monkeypatch.setattr(system_packages, "CACHE", tmp_path / "cache")
    monkeypatch.setenv("PATH", str(directory))
    return directory


def test_what_the_solver_would_install() -> None:
    assert to_be_installed(SIMULATED) == {"openssh-client": "1:9.2p1-2+deb12u10", "libwrap0": "7.6.q-32"}


def test_what_a_package_depends_on() -> None:
    names = ["init-system-helpers", "debconf", "<debconf-2.0>", "libwrap0"]
    assert dependencies(SHOWN) == {"openssh-server": names, "libwrap0": ["libc6"]}


@pytest.mark.parametrize(
    ("depends", "missing", "expected"),
    [
        pytest.param({}, [], {"p"}, id="nothing is missing"),
        pytest.param({"p": ["liba"]}, [], {"p"}, id="a library that the system has"),
        pytest.param({"p": ["liba"], "liba": ["libb"]}, ["libb", "liba"], {"p", "liba", "libb"}, id="a library of one"),
        pytest.param({"p": ["liba"], "liba": ["liba"]}, ["liba"], {"p", "liba"}, id="a library that needs itself"),
        pytest.param({"p": ["ucf"], "ucf": ["libd"]}, ["ucf", "libd"], {"p"}, id="what serves the installation"),
        pytest.param({"p": ["libc6"]}, ["libc6"], {"p"}, id="the C library"),
        pytest.param({"p": []}, ["libz"], {"p"}, id="a library of another package"),
    ],
)
def test_the_libraries_of_a_package(
    depends: Mapping[str, Sequence[str]], missing: Sequence[str], expected: set[str]
) -> None:
    assert with_libraries("p", depends, missing) == expected


@pytest.mark.parametrize(
    ("manager", "told"),
    [
        pytest.param("dnf", "run dnf install openssh-server pgbouncer as root.", id="Fedora"),
        pytest.param("zypper", "run zypper install openssh-server pgbouncer as root.", id="SUSE"),
        pytest.param("apk", "run apk add openssh pgbouncer as root.", id="Alpine"),
        pytest.param("pacman", "run pacman -S openssh pgbouncer as root.", id="Arch"),
        pytest.param("brew", "run brew install openssh pgbouncer.", id="macOS"),
        pytest.param("", "install OpenSSH's client and server, PgBouncer and jq.", id="another system"),
    ],
)
def test_what_is_missing_is_one_sentence(bare: Path, manager: str, told: str) -> None:
    for name in (manager, "jq", "ssh", "ssh-add", "ssh-agent", "ssh-keygen", "systemd-analyze"):
        executable(bare / (name or "nothing"), "#!/bin/sh\n")
    with pytest.raises(RuntimeError) as raised:
        make_ready(system_packages.PACKAGES)
    assert str(raised.value) == f"The tests need pgbouncer and sshd, which this system lacks: {told}"


def test_a_failure_of_apt_is_told_with_what_to_do(bare: Path) -> None:
    executable(bare / "id", "#!/bin/sh\necho root\n")
    executable(bare / "apt-get", "#!/bin/sh\necho 'E: The repository is not signed.' >&2\nexit 100\n")
    with pytest.raises(RuntimeError, match=r"(?s)apt-get install pgbouncer as root\..*not signed"):
        make_ready(["pgbouncer"])
    assert list((bare.parent / "cache").iterdir()) == []


def test_what_is_installed_is_used(bare: Path) -> None:
    installed = executable(bare / "sshd", "#!/bin/sh\n")
    assert system_packages.program("sshd") == installed


def tree_with(directory: Path, path: str) -> Path:
    """Return a tree with a program that prints its library path and its arguments."""
    tree = directory / "a package"
    executable(tree / path, '#!/bin/sh\nprintf "%s\\n" "$LD_LIBRARY_PATH" "$@"\n')
    executable(tree / "usr/lib/some-arch/libx.so.1", "")
    (tree / "usr/lib/systemd/system").mkdir(parents=True)
    (tree / "usr/lib/systemd/system/libx.socket").touch()
    return tree


def test_a_program_finds_its_libraries_wherever_its_tree_is(tmp_path: Path) -> None:
    tree = tree_with(tmp_path, "usr/sbin/pgbouncer")
    executable(tree / "bin/pgbouncer", script(tree, "usr/sbin/pgbouncer"))
    moved = tree.rename(tmp_path / "else where")
    shown = subprocess.run([moved / "bin/pgbouncer", "-q", "a b"], check=True, text=True, stdout=subprocess.PIPE).stdout
    assert shown.splitlines() == [f"{moved}/usr/lib/some-arch", "-q", "a b"]


def test_sshd_is_told_where_its_other_programs_are(tmp_path: Path) -> None:
    tree = tree_with(tmp_path, "usr/sbin/sshd")
    executable(tree / "usr/lib/openssh/sshd-session", "")
    executable(tree / "bin/sshd", script(tree, "usr/sbin/sshd"))
    shown = subprocess.run([tree / "bin/sshd", "-D"], check=True, text=True, stdout=subprocess.PIPE).stdout
    assert shown.splitlines()[1:] == ["-o", f"SshdSessionPath={tree}/usr/lib/openssh/sshd-session", "-D"]


def test_another_user_gets_a_copy_of_what_is_in_the_cache_and_nothing_else(bare: Path, tmp_path: Path) -> None:
    own = executable(bare / "sshd", "")
    assert for_another_user(own, tmp_path) == own
    unpacked = executable(tmp_path / "cache" / "release" / "openssh-server" / "bin" / "sshd", "text")
    copied = for_another_user(unpacked, tmp_path / "work")
    assert (copied, copied.read_text()) == (tmp_path / "work" / "openssh-server" / "bin" / "sshd", "text")
