# SPDX-License-Identifier: GPL-3.0-or-later
"""The GitHub workflows run what .ci/run runs; "make lint" checks that they are valid."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.documents.blocks import ROOT

GITHUB = ROOT / ".github"
# ".ci/run" calls these once for all parts; in a workflow, each job begins with them.
PREPARATION = {"setup", "programs"}
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def workflow(path: Path) -> dict[str, Any]:
    """Return the parsed YAML of a workflow."""
    loaded: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return loaded


def ours() -> set[str]:
    """Return the make targets that .ci/run and .ci/fresh_machine call."""
    text = "".join((ROOT / ".ci" / name).read_text(encoding="utf-8") for name in ("run", "fresh_machine"))
    code = "\n".join(line.partition(" # ")[0] for line in text.splitlines() if not line.startswith("#"))
    return set(re.findall(r"\bmake ([a-z]+)\b", code)) & TARGETS - PREPARATION


def theirs() -> set[str]:
    """Return the make targets that GitHub runs for a pull request."""
    rows = workflow(GITHUB / "workflows" / "ci.yml")["jobs"]["make"]["strategy"]["matrix"]["include"]
    return {row["run"].split()[1] for row in rows}


def majors(text: str) -> set[str]:
    """Return the PostgreSQL versions that a text sets with PG=, to run tests on others than the default one."""
    return set(re.findall(r"PG=(\d+(?:\.\d+)?)", text))


def test_github_runs_what_ci_runs() -> None:
    assert ours() == theirs()


def test_github_runs_it_on_the_same_servers() -> None:
    (loop,) = re.findall(r"for major in ([\d. ]+); do", (ROOT / ".ci" / "run").read_text(encoding="utf-8"))
    assert majors((GITHUB / "workflows" / "ci.yml").read_text(encoding="utf-8")) == set(loop.split())


@pytest.mark.parametrize("path", sorted(GITHUB.glob("workflows/*.yml")), ids=lambda path: path.name)
def test_a_workflow_can_do_no_more_than_it_says(path: Path) -> None:
    loaded = workflow(path)
    assert loaded["permissions"] == {"contents": "read"}
    assert [name for name, job in loaded["jobs"].items() if "timeout-minutes" not in job] == []
    checkouts = [
        step["with"]
        for job in loaded["jobs"].values()
        for step in job["steps"]
        if step.get("uses", "").startswith("actions/checkout@")
    ]
    assert [options for options in checkouts if options.get("persist-credentials") is not False] == []


def test_a_check_of_all_jobs_waits_for_all_others() -> None:
    jobs = workflow(GITHUB / "workflows" / "ci.yml")["jobs"]
    assert set(jobs["all"]["needs"]) == set(jobs) - {"all"}


def test_codeowners_are_the_maintainers() -> None:
    owners = set(re.findall(r"@[\w/-]+", (GITHUB / "CODEOWNERS").read_text(encoding="utf-8")))
    named = set(re.findall(r"`(@[\w/-]+)`", (ROOT / "MAINTAINERS.md").read_text(encoding="utf-8")))
    assert owners == named
