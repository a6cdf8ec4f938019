# SPDX-License-Identifier: GPL-3.0-or-later
"""The verification through a real sshd: what it proves there, and how the bastion's own failures are reported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.modules.visibility import found, look, make_reader
from tests.support.postgres.site import Site
from tests.support.ssh.sshd import Sshd


@pytest.fixture
def reader(site: Site, ssh_config: Path) -> Site:
    """A site with group and user, a table that they may read, and an empty ssh_config."""
    make_reader(site)
    site.run("CREATE SCHEMA sales; CREATE TABLE sales.t (a int)")
    site.run("GRANT USAGE ON SCHEMA sales TO {}; GRANT SELECT ON sales.t TO {}", site.group, site.group)
    return site


def test_through_a_bastion_pg_hba_is_proven(reader: Site, sshd: Sshd) -> None:
    outcome = look(reader, "sales", bastion=sshd.bastion_options()).ok()
    assert outcome["connection"] == {"works": True, "address": "127.0.0.1", "tls": "", "pg_hba_proven": True}
    assert outcome["seen"] == {reader.database: {"sales": {"t": 1}}}


BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "host key": ({"known_hosts_file": "/dev/null"}, "host key"),
    "port": ({"port": 1}, "nothing listens"),
}


@pytest.mark.parametrize(("changes", "words"), BROKEN.values(), ids=BROKEN.keys())
def test_a_bastion_that_fails_is_a_connection_finding(
    reader: Site, sshd: Sshd, changes: dict[str, Any], words: str
) -> None:
    outcome = look(reader, "sales", bastion={**sshd.bastion_options(), **changes})
    assert outcome.failed
    (one,) = found(outcome, "connection", "failure")
    assert words in one["reason"].lower()
    assert one["remedy"]


def test_a_refusal_of_the_server_keeps_its_sqlstate(reader: Site, sshd: Sshd) -> None:
    (one,) = found(look(reader, "sales", bastion=sshd.bastion_options(), password="wrong"), "connection", "failure")
    assert "SQLSTATE 28P01" in one["reason"]
