# SPDX-License-Identifier: GPL-3.0-or-later
"""Every command, statement and play of the documentation is really run, in the order of its document.

Each document gets an empty directory, the collection as installed from its archive, and its own server. What cannot
be run here is listed with the reason; a command that is neither run nor listed fails.
"""

from __future__ import annotations

import getpass
import re
import subprocess
from pathlib import Path
from typing import Any, Iterator

import psycopg2
import pytest

from tests.support.documents.blocks import DOCUMENTS, ROOT, blocks, commands, inline_commands, name_of, scripts
from tests.support.documents.reader import Reader, is_play, prepare, without_inventory
from tests.support.postgres.certificates import Encrypted, running_with_tls
from tools.packaging.collection import environment, program
from tools.postgres.server import HBA

BASTION = "ansible-playbook metamapper.postgresql.bastion_metamapper"
MOLECULE = "needs root and an sshd of the host: molecule/bastion/converge.yml runs the playbook"
METAMAPPER = "asks a Metamapper: tests/integration/documentation/test_role.py runs the playbook"
TUNNEL = "ansible-playbook metamapper.postgresql.tunnel_metamapper"
TUNNELS = "needs root and systemd of a host: molecule/default/converge.yml runs the playbook"
VERIFY_TUNNEL = (
    "ansible-playbook metamapper.postgresql.verify_metamapper -e metamapper_hosts=metamapper "
    "-e metamapper_connection=ssh -e metamapper_login_host=127.0.0.1 -e metamapper_login_port=15432 "
    "-e metamapper_report_directory=tunnel-report"
)
READERS_OWN = "a host, a package or a key of the reader's own"
# What is not run here, and why. Each has to appear in a document, with or without "-i inventory.yml".
OUTSIDE = {
    "pip install ansible-core psycopg2-binary": "asks the package index; requirements/demo.txt has both",
    "ansible-galaxy collection install metamapper.postgresql": "asks Galaxy; here its built file is installed",
    "ansible-galaxy collection install git+https://github.com/getmetamapper/metamapper.postgresql.git,main --no-deps": (
        "asks GitHub; tests/integration/tools/test_collection.py installs from a clone"
    ),
    "ansible-galaxy collection download metamapper.postgresql --download-path collections": "asks Galaxy",
    "pip download ansible-core psycopg2-binary --dest packages": "asks the package index",
    "pip install --no-index --find-links packages ansible-core psycopg2-binary": "asks for what was downloaded",
    "ansible-galaxy collection install --offline collections/metamapper-postgresql-*.tar.gz "
    "collections/community-postgresql-*.tar.gz": "asks for what was downloaded; the fixture installed does the same",
    "ansible-galaxy collection install metamapper-postgresql-*.tar.gz --offline --no-deps": (
        "asks for what was downloaded; tests/integration/tools/test_collection.py does the same"
    ),
    "pip install -r requirements.txt": "asks the package index",
    "ansible-galaxy collection install -r requirements.yml": "asks Galaxy",
    "export PGPASSWORD=... METAMAPPER_PASSWORD=...": "the secrets are the reader's; here they are those of the server",
    f"{BASTION} --check --diff": MOLECULE,
    BASTION: MOLECULE,
    f"{BASTION} -e metamapper_bastion_state=absent": MOLECULE,
    "ansible-playbook metamapper.postgresql.export_documentation": METAMAPPER,
    "ansible-playbook metamapper.postgresql.restore_documentation --check --diff": METAMAPPER,
    "ansible-playbook metamapper.postgresql.restore_documentation": METAMAPPER,
    "ansible-playbook metamapper.postgresql.restore_documentation -e metamapper_restore=all": METAMAPPER,
    f"{TUNNEL} --check --diff": TUNNELS,
    TUNNEL: TUNNELS,
    f"{TUNNEL} -e metamapper_tunnel_state=absent": TUNNELS,
    VERIFY_TUNNEL: "needs Metamapper's host: tests/integration/roles/test_tunnel.py verifies through a tunnel",
    "ssh-keygen -t ed25519 -f tunnel/id_ed25519": READERS_OWN,
    "ansible-builder build": "needs a container registry",
    "ansible-test sanity": "tools/sanity.sh runs it on a copy, for make sanity and make cores",
    "apt install git make openssh-client python3-venv": READERS_OWN,
    "apt install python3-psycopg2": READERS_OWN,
    "dnf install python3-psycopg2": READERS_OWN,
    "chmod 600": READERS_OWN,
    "ssh worker1 ansible-runner worker": READERS_OWN,
    "ssh-keygen -R": READERS_OWN,
    "sshd -t": READERS_OWN,
    "sshd -T": READERS_OWN,
}
# These documents assume that Metamapper already has access.
GRANTED = {
    "docs/guides/fleets.md",
    "docs/guides/rotation.md",
    "docs/report.md",
    "docs/troubleshooting.md",
    "roles/verify/README.md",
}
# It needs sixty servers: tests/integration/docs/test_slices.py runs it.
ELSEWHERE = {"docs/guides/slices.md"}
FOLLOWED = [
    path
    for path in DOCUMENTS
    if name_of(path) not in ELSEWHERE and (blocks(path, "shell", "sql") or any(map(is_play, blocks(path))))
]

# What the roles do is tested on each major version elsewhere.
pytestmark = pytest.mark.majorless


def targets() -> set[str]:
    """Return the targets of the Makefile that its help lists."""
    return set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))


@pytest.fixture
def own(major: str) -> Iterator[Encrypted]:
    """A server for one document, with the databases that the documents name; by peer, this user logs in as postgres."""
    with running_with_tls(major) as encrypted:
        prepare(encrypted.server)
        (encrypted.server.data / "pg_ident.conf").write_text(f"me {getpass.getuser()} postgres\n")
        encrypted.server.hba("local all postgres peer map=me\n" + HBA)
        yield encrypted


@pytest.fixture
def reader(tmp_path: Path, installed: Path, own: Encrypted) -> Reader:
    """A reader with an empty directory."""
    return Reader(tmp_path, installed, own.server, OUTSIDE)


def place(path: Path, own: Encrypted) -> dict[str, Any]:
    """Return the variables that a document needs on this server: paths, and a connection to no other host."""
    if path.name == "managed-services.md":
        return {"metamapper_login_host": "localhost", "metamapper_ca_cert": str(own.authority.certificate)}
    if path.name == "self-managed.md":
        return {
            "ansible_connection": "local",
            "ansible_become": False,
            "ansible_python_interpreter": "{{ ansible_playbook_python }}",
            "metamapper_login_unix_socket": own.server.socket_directory,
            "metamapper_pg_hba_file": str(own.server.data / "pg_hba.conf"),
        }
    return {}


@pytest.mark.parametrize(
    "path",
    [pytest.param(path, marks=[] if name_of(path) == "README.md" else pytest.mark.thorough) for path in FOLLOWED],
    ids=name_of,
)
def test_a_reader_gets_through(path: Path, reader: Reader, own: Encrypted) -> None:
    reader.follow(path, others=place(path, own), granted=name_of(path) in GRANTED)
    said = {command for script in scripts(path) for command in commands(script)}
    assert {command for command in said if reader.is_run(command)} <= set(reader.ran)


@pytest.mark.parametrize(
    "block",
    [
        pytest.param("```shell\nno-such-program\n```\n", id="command"),
        pytest.param("```sql\nNO SUCH STATEMENT;\n```\n", id="statement"),
        pytest.param("```yaml\n- hosts: postgresql\n  roles: [no.such.role]\n```\n", id="play"),
        pytest.param("```yaml\n# .gitlab-ci.yml\njob:\n  script: [no-such-program]\n```\n", id="pipeline"),
    ],
)
def test_a_reader_stumbles_over_what_cannot_be_run(block: str, reader: Reader, tmp_path: Path) -> None:
    document = tmp_path / "document.md"
    document.write_text(f"# A page\n\n{block}")
    with pytest.raises((AssertionError, psycopg2.Error)):
        reader.follow(document, others={}, granted=False)


def test_a_command_in_a_sentence_is_run_elsewhere_or_here(installed: Path, tmp_path: Path) -> None:
    run = {without_inventory(command) for path in DOCUMENTS for script in scripts(path) for command in commands(script)}
    said = {without_inventory(command) for path in DOCUMENTS for command in inline_commands(path)}
    for command in sorted(said - run - set(OUTSIDE)):
        name, *arguments = command.split()
        if name == "make":
            assert arguments[0] in targets()
        else:
            assert name == "ansible-doc", f"Nothing runs {command!r}"
            subprocess.run([program(name), *arguments], env=environment(installed, tmp_path), check=True)


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_targets_exist(path: Path) -> None:
    said = [command for script in scripts(path) for command in commands(script) if command.startswith("make ")]
    assert {command.split()[1] for command in said} <= targets()


def test_what_is_listed_as_not_run_is_said_somewhere() -> None:
    said = {command for path in DOCUMENTS for script in scripts(path) for command in commands(script)}
    said |= {command for path in DOCUMENTS for command in inline_commands(path)}
    assert set(OUTSIDE) - set(map(without_inventory, said)) == set()


@pytest.mark.parametrize("command", [command for command in OUTSIDE if command.startswith(BASTION)])
def test_what_molecule_runs_is_at_least_understood(command: str, installed: Path, tmp_path: Path) -> None:
    assert "metamapper.postgresql.bastion_metamapper" in (ROOT / "molecule/bastion/converge.yml").read_text()
    (tmp_path / "inventory.yml").write_text("bastions: {hosts: {203.0.113.10: }}")
    name, *arguments = command.split()
    settings = environment(installed, tmp_path)
    subprocess.run(
        [program(name), "-i", "inventory.yml", *arguments, "--syntax-check"], cwd=tmp_path, env=settings, check=True
    )
