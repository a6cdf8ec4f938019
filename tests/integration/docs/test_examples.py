# SPDX-License-Identifier: GPL-3.0-or-later
"""Each inventory of examples/ grants access to a real server, verifies it, and changes nothing in a second run."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any, Iterator

import pytest

from tests.support.documents.blocks import ROOT
from tests.support.documents.reader import Reader, prepare
from tests.support.postgres.certificates import Encrypted, running_with_tls
from tests.support.ssh.sshd import Sshd

EXAMPLES = ROOT / "examples"
NAMES = sorted(path.name for path in EXAMPLES.iterdir() if path.is_dir())
GRANT, VERIFY = (f"ansible-playbook metamapper.postgresql.{name}_metamapper" for name in ("grant", "verify"))

pytestmark = pytest.mark.majorless


@pytest.fixture
def own(major: str) -> Iterator[Encrypted]:
    """A server with the databases that the examples name."""
    with running_with_tls(major) as encrypted:
        prepare(encrypted.server)
        encrypted.server.execute("GRANT erp_owner TO dbadmin")
        yield encrypted


def place(name: str, own: Encrypted, sshd: Sshd) -> dict[str, Any]:
    """Return this machine's values for what an example refers to: a CA certificate, or a bastion."""
    places: dict[str, dict[str, Any]] = {
        "rds": {"metamapper_login_host": "localhost", "metamapper_ca_cert": str(own.authority.certificate)},
        "bastion": {"metamapper_bastion": sshd.bastion_options()},
    }
    return places.get(name, {})


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name == "one-server" else pytest.mark.thorough) for name in NAMES]
)
def test_it_grants_access(name: str, own: Encrypted, installed: Path, sshd: Sshd, tmp_path: Path) -> None:
    reader = Reader(tmp_path, installed, own.server, {})
    shutil.copytree(EXAMPLES / name, tmp_path, dirs_exist_ok=True)
    text = "".join(path.read_text(encoding="utf-8") for path in sorted(EXAMPLES.joinpath(name).rglob("*.yml")))
    reader.stand_in(text, place(name, own, sshd))
    reader.run(f"{GRANT} --check --diff")
    reader.run(f"{GRANT} | tee first")
    reader.run(f"{GRANT} | tee second")
    reader.run(VERIFY)
    changed = {run: re.findall(r"changed=(\d+)", (tmp_path / run).read_text()) for run in ("first", "second")}
    assert "1" in changed["first"]
    assert set(changed["second"]) == {"0"}


def test_every_example_is_in_the_table() -> None:
    assert set(re.findall(r"^\| \[([\w-]+)\]", (EXAMPLES / "README.md").read_text(), re.MULTILINE)) == set(NAMES)
