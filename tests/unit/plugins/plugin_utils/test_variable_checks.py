# SPDX-License-Identifier: GPL-3.0-or-later
"""Problems of variables whose values all have the right type."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._variable_checks import checked

GOOD: dict[str, Any] = {
    "user": "metamapper",
    "group": "readers",
    "source": "203.0.113.7/32",
    "pg_hba_file": "/etc/pg_hba.conf",
    "databases": [{"name": "warehouse"}],
    "baseline": "",
    "report_directory": "",
    "documentation_directory": "",
    "datastore": "",
    "api_url": "https://metamapper.example.com",
}
TWO = [{"name": "sales"}, {"name": "hr"}]
ACCEPTED: dict[str, tuple[str, dict[str, Any]]] = {
    "grant": ("grant", {}),
    "verify": ("verify", {}),
    "revoke": ("revoke", {}),
    "documentation": ("documentation", {}),
    "one datastore, and no databases": ("documentation", {"databases": None, "datastore": "Sales"}),
    "a datastore for each database": ("documentation", {"databases": TWO, "datastore": "prod {database}"}),
    "one datastore, whatever the pattern means": (
        "documentation",
        {"databases": [{"name": "*"}], "datastore": "Sales"},
    ),
    "a pattern, which means datastores": ("documentation", {"databases": [{"name": "tenant_*"}]}),
    "no rule, no address": ("grant", {"pg_hba_file": "", "source": ""}),
    "no rule, any address": ("grant", {"pg_hba_file": "", "source": "203.0.113.7"}),
    "IPv6": ("grant", {"source": "2001:db8::/64"}),
    "host name": ("grant", {"source": "metamapper.example.org"}),
    "domain": ("grant", {"source": ".example.org"}),
    "a pattern, which the server resolves": ("grant", {"databases": [{"name": "/*"}]}),
    "what is of the wrong type has its sentence already": ("grant", {"user": None, "databases": [None, {}]}),
}
REFUSED: dict[str, tuple[str, dict[str, Any], str]] = {
    "one name, grant": ("grant", {"user": "same", "group": "same"}, "PostgreSQL has one name space"),
    "one name, verify": ("verify", {"user": "same", "group": "same"}, "PostgreSQL has one name space"),
    "one name, revoke": ("revoke", {"user": "same", "group": "same"}, "PostgreSQL has one name space"),
    "no address": ("grant", {"source": ""}, "metamapper_source is empty"),
    "address without a prefix": ("grant", {"source": "203.0.113.7"}, "needs its prefix length"),
    "IPv6 without a prefix": ("grant", {"source": "2001:db8::1"}, "needs its prefix length"),
    "host bits": ("grant", {"source": "203.0.113.7/24"}, "without host bits"),
    "two addresses": ("verify", {"source": "203.0.113.7,203.0.113.8"}, "is no address"),
    "a condition of sshd": ("verify", {"source": "203.0.113.7,user=root"}, "is no address"),
    "line break": ("verify", {"source": "203.0.113.7\n"}, "is no address"),
    "keyword": ("grant", {"user": "all"}, "where it is a keyword"),
    "several names in one": ("grant", {"databases": [{"name": "a,b"}]}, "'a,b' cannot stand in pg_hba.conf"),
    "hostile user": ("grant", {"user": "we\"ird.näme\\'; --"}, "cannot stand in pg_hba.conf without quotes"),
    "database": ("grant", {"databases": [{"name": "/x"}]}, "'/x' cannot stand in pg_hba.conf"),
    "user": ("grant", {"user": "a\nb"}, "'a\\nb' cannot stand in pg_hba.conf"),
    "no Metamapper": ("documentation", {"api_url": ""}, "metamapper_api_url is required"),
    "no datastore": ("documentation", {"databases": []}, "no datastore is meant"),
    "one datastore for two": ("documentation", {"databases": TWO, "datastore": "Sales"}, "has 2 databases"),
    "directory": ("documentation", {"documentation_directory": "/dev/null"}, "/dev/null is no directory"),
    "baseline": ("verify", {"baseline": "none.json"}, 'metamapper_baseline names "none.json"'),
}


@pytest.mark.parametrize(("role", "changes"), ACCEPTED.values(), ids=ACCEPTED)
def test_what_fits_together_has_no_problem(role: str, changes: dict[str, Any]) -> None:
    assert checked(role, {**GOOD, **changes}) == []


@pytest.mark.parametrize(("role", "changes", "words"), REFUSED.values(), ids=REFUSED)
def test_what_does_not_is_refused(role: str, changes: dict[str, Any], words: str) -> None:
    assert [words in problem for problem in checked(role, {**GOOD, **changes})] == [True]


def test_a_baseline_that_is_there(tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text("{}")
    assert checked("verify", {**GOOD, "baseline": str(tmp_path / "report.json")}) == []


def directory_problems(path: Path) -> list[str]:
    """Return the problems of a report directory."""
    return checked("verify", {**GOOD, "report_directory": str(path)})


def test_a_report_directory_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "own").symlink_to(tmp_path / "there")
    assert [directory_problems(tmp_path / name) for name in ("there", "new", "own/new")] == [[]] * 3
    monkeypatch.setenv("HOME", str(tmp_path))
    assert directory_problems(Path("~/there")) == []


@pytest.mark.parametrize("name", ["link", "link/", "link/.", "there/../link", "dangling"])
def test_a_report_directory_that_is_a_link(name: str, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "there")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    problems = checked("verify", {**GOOD, "report_directory": f"{tmp_path}/{name}"})
    assert ["is a symbolic link" in problem for problem in problems] == [True]


def test_a_report_directory_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert ["is no directory" in problem for problem in directory_problems(tmp_path / "file")] == [True]


def test_a_report_directory_of_somebody_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "there")
    monkeypatch.setattr("os.geteuid", lambda: os.getuid() + 1)
    assert ["belongs to another user" in problem for problem in directory_problems(tmp_path / "there")] == [True]
    through = directory_problems(tmp_path / "link" / "new")
    # Links that root owns are accepted: they belong to the system, such as /tmp on macOS.
    assert ["a symbolic link of another user" in problem for problem in through] == [True] * (os.getuid() != 0)
