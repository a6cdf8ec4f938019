# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the module visibility for one test's database, and selects from its findings."""

from __future__ import annotations

from typing import Any, Sequence

from tests.support.postgres.site import Site, identifiers
from tools.runners.modules import Outcome, run_module

HOSTILE = "we\"ird.näme'; --"


def make_reader(site: Site) -> None:
    """Create the group and the user, without any grant."""
    site.server.execute(identifiers("CREATE ROLE {}", site.group))
    site.server.execute(
        identifiers("CREATE ROLE {} LOGIN PASSWORD %s IN ROLE {}", site.user, site.group), parameters=[site.password]
    )


def options(site: Site, *schemas: str, **changes: Any) -> dict[str, Any]:
    """Return options for this test's database; changes that belong to an entry of ``databases`` go there."""
    of_database = ("name", "exclude_schemas", "metadata_schemas", "creators", "allow_empty", "accept_breaks_scan")
    entry = {"name": site.database, "schemas": list(schemas), "accept_breaks_scan": True}
    entry.update({key: changes.pop(key) for key in of_database if key in changes})
    return {
        "login_host": site.server.host,
        "login_port": site.server.port,
        "user": site.user,
        "password": site.password,
        "group": site.group,
        "databases": [entry],
        **changes,
    }


def look(site: Site, *schemas: str, **changes: Any) -> Outcome:
    """Run the module for this test's database."""
    return run_module("visibility", options(site, *schemas, **changes))


def found(outcome: Outcome, aspect: str, *severities: str) -> list[dict[str, Any]]:
    """Return the findings of an aspect; if no severities are given, all but those for information."""
    wanted: Sequence[str] = severities or ("failure", "warning")
    return [one for one in outcome["findings"] if one["aspect"] == aspect and one["severity"] in wanted]


def statements(finding: dict[str, Any], situation: str = "") -> list[str]:
    """Return the statements of a finding's remedies: of the one for a situation if given, else of the required ones."""
    mine = [one for one in finding["remedies"] if one.get("situation") == situation]
    chosen = mine or [one for one in finding["remedies"] if not one["is_alternative"]]
    return [statement for one in chosen for statement in one.get("statements", [])]


def places(findings: Sequence[dict[str, Any]]) -> list[tuple[str, str]]:
    """Return schema and relation of each finding."""
    return [(one["schema"], one["relation"]) for one in findings]
