# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation is exported before grant narrows access and before revoke revokes it; otherwise nothing is revoked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Iterator

import pytest

from tests.support.postgres.site import Site
from tools.metamapper.server import TOKEN, WORKSPACE, Api, running
from tools.runners.playbooks import Play, run_playbook

pytestmark = [pytest.mark.playbook, pytest.mark.majorless, pytest.mark.thorough]

HELD = "SELECT count(*) FROM information_schema.role_table_grants WHERE grantee = %s AND table_schema = 'hr'"


@pytest.fixture
def api(site: Site) -> Iterator[Api]:
    """A fake Metamapper that has scanned two schemas of the site, with a description of one table of the second."""
    site.run("CREATE SCHEMA sales; CREATE TABLE sales.orders (id int)")
    site.run("CREATE SCHEMA hr; CREATE TABLE hr.salaries (id int); CREATE TABLE hr.plain (id int)")
    with running() as own:
        datastore = own.model.add_datastore(site.database)
        own.model.scan(datastore, {"sales": {"orders": ["id"]}, "hr": {"salaries": ["id"], "plain": ["id"]}})
        own.model.at(datastore, "hr", "salaries").short_desc = "What people earn"
        yield own


def variables(site: Site, api: Api, *schemas: str, **others: Any) -> dict[str, Any]:
    """Return the inventory of the site."""
    mine = {"metamapper_api_url": api.url, "metamapper_api_workspace": WORKSPACE, "metamapper_api_token": TOKEN}
    return {**site.variables(*schemas), **mine, **others}


def text_of(play: Play) -> str:
    """Return what a play printed, on one line."""
    return " ".join(play.output.split())


def held(site: Site) -> int:
    """Return the number of privileges that the group has on tables of the second schema."""
    return int(site.server.execute(HELD, database=site.database, parameters=[site.group])[0][0])


@pytest.mark.parametrize("pattern", [False, True], ids=["name", "pattern"])
def test_grant_exports_before_it_narrows(site: Site, api: Api, tmp_path: Path, pattern: bool) -> None:
    grant = "metamapper.postgresql.grant_metamapper"
    run_playbook(tmp_path, grant, variables(site, api, "sales", "hr")).ok()
    assert api.requests == []  # nothing is to be hidden
    own = variables(site, api, "sales", metamapper_exclusive=True)
    if pattern:
        own["metamapper_databases"][0]["name"] = site.database[:-1] + "?"
    told = "and what people wrote about 1 of its tables: salaries."
    file = tmp_path / "metamapper-documentation" / f"{site.database}.json"

    api.token_is_enabled = False
    assert run_playbook(tmp_path, grant, own).failed
    assert (held(site), file.exists()) == (2, False)
    api.token_is_enabled = True

    assert told in text_of(run_playbook(tmp_path, grant, own, "--check").ok())
    assert (held(site), file.exists()) == (2, False)
    assert told in text_of(run_playbook(tmp_path, grant, own, "--tags", "access").ok())
    assert held(site) == 0
    exported = json.loads(file.read_text())["schemas"]["hr"]["tables"]
    assert exported == {"salaries": {"short_desc": "What people earn"}}
    asked = len(api.requests)
    assert run_playbook(tmp_path, grant, {**own, "metamapper_accept_lost": True}).ok().changed == 0
    assert len(api.requests) == asked


def test_revoke_exports_before_it_revokes(site: Site, api: Api, tmp_path: Path) -> None:
    run_playbook(tmp_path, "metamapper.postgresql.grant_metamapper", variables(site, api, "sales", "hr")).ok()
    own = variables(site, api, "sales", "hr")
    revoke = "metamapper.postgresql.revoke_metamapper"
    api.token_is_enabled = False
    assert run_playbook(tmp_path, revoke, own).failed
    assert held(site) == 2
    api.token_is_enabled = True
    assert "about 1 of its tables: salaries." in text_of(run_playbook(tmp_path, revoke, own).ok())
    assert held(site) == 0
    assert (tmp_path / "metamapper-documentation" / f"{site.database}.json").exists()
    assert run_playbook(tmp_path, revoke, own).ok().changed == 0


# Makes a run fail; check mode cannot predict it.
REFUSE = """
CREATE FUNCTION public.refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'nobody revokes here'; END $$;
CREATE EVENT TRIGGER refuse ON ddl_command_start WHEN TAG IN ('REVOKE') EXECUTE PROCEDURE public.refuse()
"""


def test_scans_pause_while_something_is_hidden_and_also_when_that_fails(site: Site, api: Api, tmp_path: Path) -> None:
    (datastore,) = api.model.datastores.values()
    grant = "metamapper.postgresql.grant_metamapper"
    own = variables(site, api, "sales", "hr", metamapper_pause_scans=True)
    run_playbook(tmp_path, grant, own).ok()
    narrow = variables(site, api, "sales", metamapper_pause_scans=True, metamapper_exclusive=True)
    switch = f"PATCH /api/v1/datastores/{datastore.id}"

    run_playbook(tmp_path, grant, narrow, "--check").ok()
    assert switch not in api.requests
    site.run(REFUSE)
    play = run_playbook(tmp_path, grant, narrow)
    assert (play.failed, "nobody revokes here" in play.output) == (True, True)
    assert (api.requests.count(switch), datastore.is_enabled, held(site)) == (2, True, 2)
    site.run("DROP EVENT TRIGGER refuse")

    del api.requests[:]
    run_playbook(tmp_path, grant, narrow, "--tags", "access").ok()
    assert (api.requests.count(switch), datastore.is_enabled, held(site)) == (2, True, 0)
    exported = [number for number, request in enumerate(api.requests) if "/columns" in request]
    assert api.requests.index(switch) < exported[0] < exported[-1] < len(api.requests) - 1
    assert api.requests[-1] == switch


def test_revoke_resumes_scans_too_and_leaves_paused_what_people_paused(site: Site, api: Api, tmp_path: Path) -> None:
    (datastore,) = api.model.datastores.values()
    revoke = "metamapper.postgresql.revoke_metamapper"
    own = variables(site, api, "sales", "hr", metamapper_pause_scans=True)
    for enabled in (True, False):
        run_playbook(tmp_path, "metamapper.postgresql.grant_metamapper", own).ok()
        datastore.is_enabled = enabled
        del api.requests[:]
        run_playbook(tmp_path, revoke, own).ok()
        switched = sum(request.startswith("PATCH /api/v1/datastores/") for request in api.requests)
        assert (switched, datastore.is_enabled) == (2 if enabled else 0, enabled)


def test_verify_counts_what_was_written_about_lost_tables(site: Site, api: Api, tmp_path: Path) -> None:
    own = variables(site, api, "sales", "hr")
    run_playbook(tmp_path, "metamapper.postgresql.grant_metamapper", own).ok()
    report = tmp_path / "metamapper-report" / "report.json"
    own["metamapper_baseline"] = str(report.parent.rename(tmp_path / "earlier") / report.name)
    site.run("REVOKE SELECT ON ALL TABLES IN SCHEMA hr FROM {}", site.group)
    verify = "metamapper.postgresql.verify_metamapper"
    told = "Metamapper has texts about 1 of the 2 tables that are named here as lost: hr.salaries."
    for works in (True, False):
        api.token_is_enabled = works
        assert run_playbook(tmp_path, verify, own).failed
        findings = json.loads(report.read_text())["servers"][0]["findings"]
        assert (told in [each["reason"] for each in findings if each["aspect"] == "lost"]) == works
        assert sum(each["aspect"] == "lost" and each["severity"] == "failure" for each in findings) == 2
    assert not (tmp_path / "metamapper-documentation").exists()
