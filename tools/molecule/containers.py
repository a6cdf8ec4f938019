# SPDX-License-Identifier: GPL-3.0-or-later
"""The container engine and the images of the Molecule scenarios.

"python -m tools.molecule.containers engine" prints the engine that works here: podman or docker.
"python -m tools.molecule.containers image NAME..." makes images ready and prints their references as a JSON object.
NAME is "postgres" or the name of a system: "debian" or "ubuntu" for a jump host, "systemd" for a host with services.

An image comes from the engine's store or from its registry. If neither has it, root can build it on Debian or Ubuntu:
the base system with debootstrap, PostgreSQL from tools/postgres/server.py. A built image stays in the engine's store,
with a tag that changes with its recipe.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Mapping, NoReturn, Sequence

from tools.postgres.server import CACHE, DEFAULT_MAJOR, install

HERE = Path(__file__).resolve().parents[2] / "molecule" / "shared"
ENGINES = ("podman", "docker")
SUITES = {"debian": "bookworm", "ubuntu": "noble", "systemd": "bookworm"}
DEBIAN = "docker.io/library/debian:bookworm-slim"
PUBLIC = {"debian": DEBIAN, "ubuntu": "docker.io/library/ubuntu:24.04", "systemd": DEBIAN}
DEBOOTSTRAP = Path("/usr/share/debootstrap/scripts")
UBUNTU_SCRIPT = DEBOOTSTRAP / "gutsy"  # the scripts of all later Ubuntu releases are links to this one
UBUNTU_KEYRING = "pool/main/u/ubuntu-keyring/ubuntu-keyring_2023.11.28.1_all.deb"
# Ubuntu Archive Automatic Signing Key (2018), https://wiki.ubuntu.com/SecurityTeam/FAQ#GPG_Keys_used_by_Ubuntu
UBUNTU_FINGERPRINT = "F6ECB3762474EDA9D21B7022871920D1991BC93C"
SSHD = "openssh-server,python3"
PACKAGES = {"debian": SSHD, "ubuntu": SSHD, "systemd": f"{SSHD},systemd-sysv,dbus,iproute2"}
# All images start sshd, except the one with services: its platform sets systemd as the command.
FILES = {
    "usr/local/bin/start-sshd.sh": "start-sshd.sh",
    "etc/systemd/system/ssh.service.d/host-keys.conf": "host-keys.conf",
}
PULL_SECONDS = 300


def stop(message: str) -> NoReturn:
    """Exit with a message and a non-zero status: no scenario may pass without having run."""
    raise SystemExit(message)


def run(*command: str, **options: object) -> subprocess.CompletedProcess[str]:
    """Run a command and return it; if it fails, exit with its output."""
    result = subprocess.run(command, text=True, capture_output=True, check=False, **options)  # type: ignore[call-overload]
    if result.returncode:
        said = (result.stderr.strip() or result.stdout.strip()).splitlines()[-5:]
        stop(f"{' '.join(command)} failed: {' / '.join(said)}")
    return result  # type: ignore[no-any-return]


def succeeds(*command: str, timeout_seconds: int = 60) -> bool:
    """Return whether a command can be run and succeeds in time."""
    try:
        result = subprocess.run(command, capture_output=True, check=False, timeout=timeout_seconds)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return result.returncode == 0


@functools.lru_cache(maxsize=None)
def engine() -> str:
    """Return the engine that works; MM_ENGINE selects one, otherwise podman is tried before docker."""
    wanted = os.environ.get("MM_ENGINE")
    candidates = (wanted,) if wanted else ENGINES
    for candidate in candidates:
        if succeeds(candidate, "info"):
            return candidate
    stop(
        f"No container engine answers here (tried: {', '.join(f'{name} info' for name in candidates)}). Install one, "
        "on Debian or Ubuntu with tools/ci_engine.sh as root, or start its service; MM_ENGINE chooses docker or podman."
    )


def has_image(reference: str) -> bool:
    """Return whether the engine has an image in its store."""
    return succeeds(engine(), "image", "inspect", reference)


def is_at_hand(reference: str) -> bool:
    """Return whether an image is in the engine's store or can be pulled."""
    return has_image(reference) or succeeds(engine(), "pull", "-q", reference, timeout_seconds=PULL_SECONDS)


def recipe(*parts: str) -> str:
    """Return a tag that changes with everything from which an image is built here."""
    sources = [Path(__file__), *sorted(path for path in (HERE / "images").iterdir() if path.is_file())]
    digest = hashlib.sha256("\0".join([*parts, *(source.read_text() for source in sources)]).encode())
    return digest.hexdigest()[:12]


def replace_image(name: str, tag: str) -> str:
    """Return the reference of a new image, after removing images of older recipes."""
    listed = run(engine(), "images", "--format", "{{.Repository}}:{{.Tag}}").stdout.split()
    for reference in listed:
        if reference.startswith(f"localhost/metamapper/{name}:"):
            succeeds(engine(), "rmi", reference)
    return f"localhost/metamapper/{name}:{tag}"


def require_packages(image: str) -> None:
    """Exit with a message if an image can be neither pulled nor built here."""
    programs = [name for name in ("debootstrap", "gpg") if not shutil.which(name)]
    if os.geteuid() != 0 or programs:
        stop(
            f"The image {image} is not here and cannot be pulled, and making one from packages needs root, debootstrap "
            f"and gpg. Let {engine()} reach the registry, load the image from a file, run tools/ci_engine.sh and this "
            "as root, or name other images in MM_POSTGRES_IMAGE, MM_DEBIAN_IMAGE and MM_UBUNTU_IMAGE."
        )


def ubuntu_source(directory: Path) -> list[str]:
    """Return debootstrap's options for Ubuntu: the archive's keyring, verified by its fingerprint, and its mirror."""
    found = re.search(r"default_mirror (http://archive\S+)", UBUNTU_SCRIPT.read_text())
    if found is None:
        stop(f"{UBUNTU_SCRIPT} names no mirror of Ubuntu.")
    mirror = found.group(1)
    package = directory / "keyring.deb"
    run("wget", "-q", "-O", str(package), f"{mirror}/{UBUNTU_KEYRING}")
    run("dpkg-deb", "-x", str(package), str(directory / "keyring"))
    keyring = directory / "keyring/usr/share/keyrings/ubuntu-archive-keyring.gpg"
    only = directory / "ubuntu.gpg"
    home = ["gpg", "--homedir", str(directory), "--no-default-keyring"]
    run(*home, "--keyring", str(keyring), "--output", str(only), "--export", UBUNTU_FINGERPRINT)
    return ["--keyring", str(only), mirror, str(UBUNTU_SCRIPT)]


def base_system(name: str) -> Path:
    """Return an archive of a small system with sshd and Python, built once and cached."""
    target = CACHE.parent / "systems" / f"{name}-{SUITES[name]}-{PACKAGES[name]}.tar"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        for old in target.parent.glob(f"{name}-*"):
            old.unlink()
        with tempfile.TemporaryDirectory(dir=target.parent) as directory:
            staging = Path(directory)
            extra = ubuntu_source(staging) if name == "ubuntu" else []
            options, source = extra[:2], extra[2:]
            root = staging / "root"
            wanted = ["--variant=minbase", f"--include={PACKAGES[name]}", *options, SUITES[name], str(root)]
            run("debootstrap", *wanted, *source)
            leave_out = ["./var/cache/apt/archives/*", "./var/lib/apt/lists/*", "./etc/ssh/ssh_host_*", "./dev/*"]
            archive = staging / "system.tar"
            run("tar", "-C", str(root), *(f"--exclude={path}" for path in leave_out), "-cf", str(archive), ".")
            archive.rename(target)
    return target


def owned_by_root(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Return a member of an archive with root as its owner."""
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    return member


def import_system(reference: str, system: str, files: Mapping[str, Path], settings: Sequence[str]) -> str:
    """Create an image from a base system and some files, and return its reference."""
    with tempfile.TemporaryDirectory(dir=base_system(system).parent) as directory:
        archive = Path(directory) / "image.tar"
        shutil.copyfile(base_system(system), archive)
        with tarfile.open(archive, "a") as tar:
            for place, path in files.items():
                tar.add(path, arcname=f"./{place}", filter=owned_by_root)
        changes = [part for setting in settings for part in ("--change", setting)]
        run(engine(), "import", *changes, str(archive), reference)
    return reference


def postgres_image() -> str:
    """Return the reference of an image with the interface of the official one; MM_POSTGRES_IMAGE names another."""
    major = os.environ.get("MM_PG") or DEFAULT_MAJOR
    public = os.environ.get("MM_POSTGRES_IMAGE") or f"docker.io/library/postgres:{major}"
    local = f"localhost/metamapper/postgres-{major}:{recipe('postgres', major)}"
    if has_image(local):
        return local
    if is_at_hand(public):
        return public
    require_packages(public)
    program = "usr/local/bin/docker-entrypoint.sh"
    return import_system(
        replace_image(f"postgres-{major}", recipe("postgres", major)),
        "debian",
        {"usr/local/pgsql": install(major), program: HERE / "images" / "docker-entrypoint.sh"},
        [
            "ENV PATH=/usr/local/pgsql/bin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "ENV PGDATA=/var/lib/postgresql/data",
            f'ENTRYPOINT ["/{program}"]',
            'CMD ["postgres"]',
            "STOPSIGNAL SIGINT",
        ],
    )


def host_image(system: str) -> str:
    """Return the reference of an image of a system with sshd and Python; MM_DEBIAN_IMAGE names an existing one."""
    ready = os.environ.get(f"MM_{system.upper()}_IMAGE")
    if ready:
        return ready if is_at_hand(ready) else stop(f"The image {ready} is not here and cannot be pulled.")
    local = f"localhost/metamapper/bastion-{system}:{recipe('bastion', system)}"
    if has_image(local):
        return local
    reference = replace_image(f"bastion-{system}", recipe("bastion", system))
    if is_at_hand(PUBLIC[system]):
        given = {"BASE": PUBLIC[system], "PACKAGES": PACKAGES[system].replace(",", " ")}
        options = [part for name, value in given.items() for part in ("--build-arg", f"{name}={value}")]
        run(engine(), "build", "-q", "--force-rm", *options, "-t", reference, str(HERE / "images"))
        return reference
    require_packages(PUBLIC[system])
    places = {place: HERE / "images" / name for place, name in FILES.items()}
    return import_system(reference, system, places, ['CMD ["/usr/local/bin/start-sshd.sh"]', "EXPOSE 22"])


def main(arguments: Sequence[str]) -> None:
    """Run the command "engine" or "image"; exit with the usage for anything else."""
    if arguments == ["engine"]:
        print(engine())
    elif arguments[:1] == ["image"] and arguments[1:]:
        wanted = sorted(set(arguments[1:]))
        references = {name: postgres_image() if name == "postgres" else host_image(name) for name in wanted}
        print(json.dumps({"engine": engine(), "images": references}))
    else:
        stop(__doc__ or "")


if __name__ == "__main__":
    main(sys.argv[1:])
