# SPDX-License-Identifier: GPL-3.0-or-later
"""System programs that tests run: installed ones, or on Debian and Ubuntu also ones unpacked from packages.

A missing program is unpacked into the cache, without root and without changing the system. Apt works with its own
lists and cache, but with the system's sources and keys: it verifies the signatures, and its solver finds the missing
libraries. On other systems, missing programs have to be installed. "python -m tools.system_packages" makes all programs
ready, or prints what to install.
"""

from __future__ import annotations

import contextlib
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Iterable, Mapping, Sequence

ROOT = Path(__file__).resolve().parent.parent
CACHE = Path(os.environ.get("MM_CACHE", ROOT / ".cache")) / "programs"
# System directories come first, since a test may have added its own programs to PATH.
SYSTEM = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
CLIENT = {
    "apt-get": "openssh-client",
    "dnf": "openssh-clients",
    "zypper": "openssh-clients",
    "apk": "openssh",
    "pacman": "openssh",
    "brew": "openssh",
}
SERVER = {**CLIENT, "apt-get": "openssh-server", "dnf": "openssh-server", "zypper": "openssh-server"}
PACKAGES: Mapping[str, Mapping[str, str]] = {
    "jq": dict.fromkeys(CLIENT, "jq"),
    "pgbouncer": dict.fromkeys(CLIENT, "pgbouncer"),
    "ssh": CLIENT,
    "ssh-add": CLIENT,
    "ssh-agent": CLIENT,
    "ssh-keygen": CLIENT,
    "sshd": SERVER,
    "systemd-analyze": dict.fromkeys(CLIENT, "systemd"),
}
INSTALL = {
    "apt-get": "apt-get install",
    "dnf": "dnf install",
    "zypper": "zypper install",
    "apk": "apk add",
    "pacman": "pacman -S",
    "brew": "brew install",
}
LIBRARY = re.compile(r"\.so(\.\d+)*$")
# Apt works in a separate directory, downloads as the current user, and runs none of the system's hooks.
APT = """\
Dir::State "{directory}/state";
Dir::Cache "{directory}/cache";
Dir::Cache::pkgcache "pkgcache.bin";
Dir::Cache::srcpkgcache "srcpkgcache.bin";
APT::Sandbox::User "{user}";
Acquire::Languages "none";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
"""
SCRIPT = """\
#!/bin/sh
# Runs what is unpacked beside it, wherever that is.
here=$(cd "$(dirname "$0")/.." && pwd)
LD_LIBRARY_PATH={libraries} exec "$here/{program}" {options}"$@"
"""


def program(name: str) -> Path:
    """Return the path of a program, unpacked into the cache if the system lacks it; raises RuntimeError on failure."""
    make_ready([name])
    found = find(name)
    if not found:
        raise RuntimeError(f"{name} is not where it was put: {_home(PACKAGES[name]['apt-get'])}")
    return found


def find(name: str) -> Path | None:
    """Return the path of a program in the system or the cache; None if neither has it."""
    unpacked = _home(PACKAGES[name]["apt-get"]) / "bin"
    found = shutil.which(name, path=os.pathsep.join([SYSTEM, os.environ.get("PATH", ""), str(unpacked)]))
    return Path(found) if found else None


def make_ready(names: Iterable[str]) -> None:
    """Ensure that ``find`` finds these programs; raises RuntimeError that says what to install if it cannot."""
    missing = sorted(name for name in names if not find(name))
    if not missing:
        return
    manager = next((manager for manager in INSTALL if shutil.which(manager, path=f"{SYSTEM}:{os.environ['PATH']}")), "")
    if manager != "apt-get":
        raise RuntimeError(what_to_install(missing, manager))
    try:
        _unpack(sorted({PACKAGES[name]["apt-get"] for name in missing}))
    except subprocess.CalledProcessError as error:
        told = f"{what_to_install(missing, manager)} To unpack them into {CACHE} failed: {error.stderr.strip()}"
        raise RuntimeError(told) from error


def extension(name: str) -> tuple[str, Path]:
    """Return the major version and the library of an extension that Debian or Ubuntu packages, such as pgaudit.

    Raises RuntimeError on other systems.
    """
    if not shutil.which("apt-get", path=SYSTEM):
        raise RuntimeError(f"The extension {name} is taken from the packages of Debian or Ubuntu, and this is neither.")
    pattern = re.compile(rf"postgresql-([0-9]+)-{name}")
    if not list(_home("").glob(f"postgresql-*-{name}")):
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as directory:
            packages = _Apt(Path(directory)).names(f"^{pattern.pattern}$")
        if not packages:
            raise RuntimeError(f"The packages of this system have no extension {name}.")
        _unpack(packages[:1])
    (home,) = _home("").glob(f"postgresql-*-{name}")
    (library,) = home.rglob(f"{name}.so")
    return pattern.sub(r"\1", home.name), library


def what_to_install(missing: Sequence[str], manager: str) -> str:
    """Return a sentence that says what is missing, and how to install it with a package manager ("" if unknown)."""
    lacks = f"The tests need {' and '.join(missing)}, which this system lacks"
    if not manager:
        return f"{lacks}: install OpenSSH's client and server, PgBouncer and jq."
    packages = sorted({PACKAGES[name][manager] for name in missing})
    return f"{lacks}: run {' '.join([INSTALL[manager], *packages])}{'' if manager == 'brew' else ' as root'}."


def for_another_user(path: Path, directory: Path) -> Path:
    """Return the path of a program that every user can run, copied to ``directory`` if it comes from the cache."""
    if CACHE not in path.parents:
        return path
    home = path.parent.parent
    return Path(shutil.copytree(home, directory / home.name, symlinks=True)) / "bin" / path.name


def to_be_installed(simulated: str) -> dict[str, str]:
    """Return the version of each package that ``apt-get --simulate install`` would install or upgrade."""
    return dict(re.findall(r"^Inst (\S+) (?:\[\S+\] )?\((\S+)", simulated, re.MULTILINE))


def with_libraries(package: str, depends: Mapping[str, Sequence[str]], missing: Iterable[str]) -> set[str]:
    """Return a package together with the missing libraries that it needs.

    The C library must be the system's, like its loader. Other dependencies of a package only serve its installation.
    """
    wanted = {name for name in missing if name.startswith("lib") and name != "libc6"}
    found, new = {package}, {package}
    while new:
        new = {library for name in new for library in depends.get(name, ()) if library in wanted} - found
        found |= new
    return found


def dependencies(shown: str) -> dict[str, list[str]]:
    """Return the dependencies of each package in the output of ``apt-cache depends``."""
    found: dict[str, list[str]] = {}
    for line in shown.splitlines():
        kind, _separator, name = line.strip().rpartition(": ")
        if not line.startswith(" "):
            found[line] = names = []
        elif kind.lstrip("|") in ("Depends", "PreDepends"):
            names.append(name)
    return found


def _home(package: str) -> Path:
    """Return the directory for a package; it depends on the system's release, which the libraries have to fit."""
    with contextlib.suppress(OSError):
        release = platform.freedesktop_os_release()
        return CACHE / f"{release['ID']}-{release.get('VERSION_ID', '')}-{platform.machine()}" / package
    return CACHE / package


def _unpack(packages: Sequence[str]) -> None:
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as directory:
        apt = _Apt(Path(directory))
        for package in packages:
            tree = Path(directory) / "trees" / package
            apt.unpack(package, tree)
            _add_scripts(tree, [name for name, known in PACKAGES.items() if known["apt-get"] == package])
            _home(package).parent.mkdir(exist_ok=True)
            with contextlib.suppress(OSError):  # another process has created it meanwhile
                tree.rename(_home(package))


class _Apt:
    """Apt with its own state in a directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._configuration = directory / "apt.conf"
        own_user = subprocess.run(["id", "-un"], check=True, text=True, stdout=subprocess.PIPE).stdout.strip()
        self._configuration.write_text(APT.format(directory=directory, user=own_user))
        for needed in ("state/lists/partial", "cache/archives/partial"):
            (directory / needed).mkdir(parents=True)
        try:
            self._run("apt-get", "-qq", "update")
        except subprocess.CalledProcessError as error:  # possibly of a source that is not needed
            print(error.stderr, file=sys.stderr)

    def unpack(self, package: str, tree: Path) -> None:
        """Unpack a package, with the libraries that the system lacks, into an empty directory."""
        simulated = self._run("apt-get", "--simulate", "--no-install-recommends", "install", package)
        missing = to_be_installed(simulated)
        depends = dependencies(self._run("apt-cache", "depends", package, *missing))
        archives = tree.with_name(f"{package}.archives")
        for made in (tree, archives):
            made.mkdir(parents=True)
        wanted = sorted(with_libraries(package, depends, missing))
        versions = [f"{name}={missing[name]}" if name in missing else name for name in wanted]
        self._run("apt-get", "-qq", "download", *versions, directory=archives)
        for archive in archives.glob("*.deb"):
            self._run("dpkg", "--extract", str(archive), str(tree))
        tree.chmod(0o755)

    def names(self, pattern: str) -> list[str]:
        """Return the names of packages that match a regular expression."""
        found = self._run("apt-cache", "--names-only", "search", pattern)
        return [line.split()[0] for line in found.splitlines()]

    def _run(self, name: str, *arguments: str, directory: Path | None = None) -> str:
        options = ["-c", str(self._configuration)] if name.startswith("apt") else []
        ended = subprocess.run(
            [name, *options, *arguments],
            cwd=directory or self._directory,
            env={**os.environ, "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"},
            check=True,
            text=True,
            stdin=subprocess.DEVNULL,
            capture_output=True,
        )
        return ended.stdout


def _add_scripts(tree: Path, names: Sequence[str]) -> None:
    (tree / "bin").mkdir(exist_ok=True)
    for name in names:
        places = (f"{place}/{name}" for place in ("usr/sbin", "usr/bin", "sbin"))
        path = next((place for place in places if (tree / place).exists()), None)
        if path:
            (tree / "bin" / name).write_text(script(tree, path))
            (tree / "bin" / name).chmod(0o755)


def script(tree: Path, path: str) -> str:
    """Return a script for the tree's ``bin`` that runs a program of the tree with the tree's libraries."""
    found = sorted({str(file.parent.relative_to(tree)) for file in tree.rglob("lib*") if LIBRARY.search(file.name)})
    options = [
        f'-o {keyword}="$here/{helper}" '
        for keyword, helper in (
            ("SshdSessionPath", "usr/lib/openssh/sshd-session"),  # from 9.8 on; the compiled-in path is the package's
            ("SshdAuthPath", "usr/lib/openssh/sshd-auth"),  # from 10.0 on
        )
        if path.endswith("/sshd") and (tree / helper).exists()
    ]
    libraries = ":".join(f'"$here"/{shlex.quote(directory)}' for directory in found)
    return SCRIPT.format(libraries=libraries, program=path, options="".join(options))


if __name__ == "__main__":
    try:
        make_ready(PACKAGES)
    except RuntimeError as error:
        sys.exit(str(error))
