# SPDX-License-Identifier: GPL-3.0-or-later
"""The role verify on a real server: what it reports, what it fails for, and what it leaves alone."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from tests.support.postgres.site import Site, identifiers
from tests.support.values.findings import ATTACK, HOSTILE
from tools.postgres.server import DEFAULT_MAJOR, install
from tools.runners.playbooks import ROOT, Play, run_on_hosts

pytestmark = pytest.mark.playbook

PLAYBOOK = "metamapper.postgresql.verify_metamapper"
SCHEMA = json.loads((ROOT / "docs" / "report.schema.json").read_text())


@pytest.fixture
def warehouse(site: Site) -> Site:
    """A database with two schemas of which Metamapper sees everything, now and later."""
    site.server.execute(identifiers("CREATE ROLE {}", site.group))
    create_user = identifiers("CREATE ROLE {} LOGIN PASSWORD ", site.user)
    site.server.execute(create_user + identifiers("%s"), parameters=[site.password])
    site.server.execute(identifiers("GRANT {} TO {}", site.group, site.user))
    site.run("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    for schema in ("sales", "hr"):
        site.run("CREATE SCHEMA {}", schema)
        site.run("CREATE TABLE {}.orders (id int, customer text)", schema)
        site.run("GRANT USAGE ON SCHEMA {} TO {}", schema, site.group)
        site.run("GRANT SELECT ON ALL TABLES IN SCHEMA {} TO {}", schema, site.group)
        site.run("ALTER DEFAULT PRIVILEGES IN SCHEMA {} GRANT SELECT ON TABLES TO {}", schema, site.group)
    return site


def variables(site: Site, **others: Any) -> dict[str, Any]:
    """Return what an inventory says of the test's server."""
    return {
        "metamapper_login_host": site.server.host,
        "metamapper_login_port": site.server.port,
        "metamapper_user": site.user,
        "metamapper_group": site.group,
        "metamapper_password": site.password,
        "metamapper_databases": [{"name": site.database, "schemas": ["sales", "hr"]}],
        **others,
    }


def verify(site: Site, directory: Path, *arguments: str, **others: Any) -> Play:
    """Run the playbook on one host."""
    return run_on_hosts(directory, PLAYBOOK, {"db": variables(site, **others)}, *arguments)


def report(directory: Path) -> dict[str, Any]:
    """Return the JSON report, which must be what its schema says."""
    document = dict(json.loads((directory / "metamapper-report" / "report.json").read_text()))
    Draft202012Validator(SCHEMA).validate(document)
    return document


def failures(server: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return aspect, schema and relation of each failure."""
    return [
        (each["aspect"], each["schema"], each["relation"])
        for each in server["findings"]
        if each["severity"] == "failure"
    ]


def statuses(document: dict[str, Any]) -> dict[str, bool]:
    """Return by server whether it failed."""
    return {server["name"]: server["status"] == "failure" for server in document["servers"]}


def test_the_report_tells_where_each_server_is(warehouse: Site, tmp_path: Path) -> None:
    verify(warehouse, tmp_path)
    (server,) = report(tmp_path)["servers"]
    assert (server["host"], server["port"]) == (warehouse.server.host, str(warehouse.server.port))


def test_where_all_is_visible_the_play_passes_and_all_reports_say_so(warehouse: Site, tmp_path: Path) -> None:
    play = verify(warehouse, tmp_path)
    assert play.status == 0, play.output
    texts = [
        play.output,
        *((tmp_path / "metamapper-report" / f"report.{form}").read_text() for form in ("txt", "html")),
    ]
    assert ["All configured schemas are visible to Metamapper" in text for text in texts] == [True] * 3
    assert play.recap("db")["changed"] == 0
    (server,) = report(tmp_path)["servers"]
    assert failures(server) == []
    assert "orders" not in json.dumps(server)
    assert [schema["relations"] for schema in server["databases"][0]["schemas"]] == [{"expected": 1, "visible": 1}] * 2


def test_what_is_missing_fails_the_play_until_its_remedy_was_run(warehouse: Site, tmp_path: Path) -> None:
    warehouse.run("REVOKE SELECT ON sales.orders FROM {}", warehouse.group)
    play = verify(warehouse, tmp_path)
    assert play.status != 0
    assert play.recap("db")["failed"] == 1
    assert f"Full report: {tmp_path}/metamapper-report/report.html" in play.output
    (server,) = report(tmp_path)["servers"]
    assert failures(server) == [("missing", "sales", "orders")]
    for each in server["findings"]:
        if each["severity"] == "failure":
            warehouse.run(each["remedy"]["text"])
    assert verify(warehouse, tmp_path).status == 0


def test_every_host_of_the_play_is_in_the_report(warehouse: Site, tmp_path: Path) -> None:
    hosts = {
        "good": variables(warehouse),
        "refused": variables(warehouse, metamapper_password="wrong"),
        "unreachable": {**variables(warehouse), "ansible_connection": "ssh", "ansible_host": "127.0.0.1"}
        | {"ansible_port": 1},
        "misspelled": variables(warehouse, metamapper_databasse=[]),
    }
    play = run_on_hosts(tmp_path, PLAYBOOK, hosts)
    document = report(tmp_path)
    assert statuses(document) == {"good": False, "refused": True, "unreachable": True, "misspelled": True}
    assert {name: play.recap(name)["failed"] for name in hosts} == {
        "good": 0,
        "refused": 1,
        "unreachable": 1,
        "misspelled": 1,
    }
    assert "metamapper_databasse is not a variable of metamapper.postgresql. Did you mean metamapper_databases?" in (
        play.output
    )
    answers = {server["name"]: server["summary"]["missing"]["status"] for server in document["servers"]}
    assert answers == {"good": "ok", "refused": "unknown", "unreachable": "unknown", "misspelled": "unknown"}


@pytest.mark.thorough
def test_batches_add_up_to_one_report(warehouse: Site, tmp_path: Path) -> None:
    playbook = tmp_path / "play.yml"
    playbook.write_text(
        "- hosts: postgresql\n  serial: 1\n  gather_facts: false\n  connection: local\n"
        "  roles: [metamapper.postgresql.verify]\n"
    )
    own = variables(warehouse, ansible_python_interpreter="{{ ansible_playbook_python }}")
    hosts = {"one": own, "two": own}
    play = run_on_hosts(tmp_path, str(playbook), hosts)
    assert play.status == 0, play.output
    assert "Still to come: two." in play.output
    document = report(tmp_path)
    assert (statuses(document), document["pending"]) == ({"one": False, "two": False}, [])


def test_what_was_seen_before_and_is_not_now_is_lost(warehouse: Site, tmp_path: Path) -> None:
    first = verify(warehouse, tmp_path).ok()
    assert "There is no baseline" in first.output
    warehouse.run("REVOKE SELECT ON hr.orders FROM {}", warehouse.group)
    own = {"metamapper_fail_on": ["lost"]}
    for _run in range(2):  # the alarm does not heal itself
        assert verify(warehouse, tmp_path, **own).status == 2
        assert failures(report(tmp_path)["servers"][0]) == [("lost", "hr", "orders")]
    assert verify(warehouse, tmp_path, **own, metamapper_accept_lost=True).status == 0
    assert verify(warehouse, tmp_path, **own).status == 0
    warehouse.run("GRANT SELECT ON hr.orders TO {}", warehouse.group)
    assert verify(warehouse, tmp_path, **own).status == 0
    kept = json.loads((tmp_path / "metamapper-report" / "baseline" / "db.json").read_text())
    assert kept["seen"] == {warehouse.database: {"sales": {"orders": 2}, "hr": {"orders": 2}}}


def test_another_baseline_is_compared_with_and_none_is_kept(warehouse: Site, tmp_path: Path) -> None:
    verify(warehouse, tmp_path).ok()
    shutil.move(tmp_path / "metamapper-report" / "baseline" / "db.json", tmp_path / "good.json")
    warehouse.run("REVOKE SELECT ON hr.orders FROM {}", warehouse.group)
    own = {"metamapper_fail_on": ["lost"], "metamapper_baseline": "good.json"}
    assert verify(warehouse, tmp_path, **own).status == 2
    assert not (tmp_path / "metamapper-report" / "baseline" / "db.json").exists()


def test_a_baseline_that_cannot_be_read_is_said_before_anything_is_granted(site: Site, tmp_path: Path) -> None:
    file = tmp_path / "metamapper-report" / "baseline" / "db.json"
    file.parent.mkdir(parents=True)
    file.write_text("{")
    play = run_on_hosts(tmp_path, "metamapper.postgresql.grant_metamapper", {"db": variables(site)})
    assert (play.status, "Cannot use the baseline" in play.output) == (2, True)
    assert site.user not in site.server.logged()


def test_a_name_of_a_server_is_data(warehouse: Site, tmp_path: Path) -> None:
    names = ["../db", HOSTILE, "{{ 7 * 7 }}"]
    run_on_hosts(tmp_path, PLAYBOOK, {name: variables(warehouse) for name in names}).ok()
    files = list((tmp_path / "metamapper-report" / "baseline").iterdir())
    assert {json.loads(path.read_text())["server"] for path in files} == set(names)
    assert set(statuses(report(tmp_path))) == set(names)


def test_check_mode_verifies_and_writes_no_file(warehouse: Site, tmp_path: Path) -> None:
    warehouse.run("REVOKE USAGE ON SCHEMA hr FROM {}", warehouse.group)
    play = verify(warehouse, tmp_path, "--check")
    assert play.status != 0
    assert "Verification failed: " in play.output
    assert not (tmp_path / "metamapper-report").exists()


def test_the_password_is_nowhere(warehouse: Site, tmp_path: Path) -> None:
    directory = tmp_path / "new" / "reports"
    play = verify(warehouse, tmp_path, "-vvv", metamapper_report_directory=str(directory))
    files = [path for path in directory.rglob("*") if path.is_file()]
    names = ["baseline/db.json", "oids/db.json", "report.html", "report.json", "report.txt"]
    assert sorted(str(path.relative_to(directory)) for path in files) == names
    texts = [play.output, *(path.read_text() for path in files)]
    assert ["p4ss w" in text for text in texts] == [False] * 6


def test_hostile_names_pass_through_to_the_report(warehouse: Site, tmp_path: Path) -> None:
    for name in (HOSTILE, ATTACK[:60]):
        warehouse.run("CREATE SCHEMA {}", name)
        warehouse.run("CREATE TABLE {}.{} (id int)", name, name)
    entry = {"name": warehouse.database, "schemas": ["sales", HOSTILE, ATTACK[:60]]}
    databases = [{**entry, "accept_breaks_scan": True}]
    play = verify(warehouse, tmp_path, metamapper_databases=databases)
    assert play.status != 0
    (server,) = report(tmp_path)["servers"]
    assert {("missing", HOSTILE), ("missing", ATTACK[:60])} <= {(each[0], each[1]) for each in failures(server)}
    page = (tmp_path / "metamapper-report" / "report.html").read_text()
    assert "&lt;script&gt;" in page
    assert "<script" not in page


def test_all_that_is_wrong_is_said_at_once_and_before_any_login(site: Site, tmp_path: Path) -> None:
    wrong = {
        "metamapper_usr": "x",
        "metamapper_group": site.user,
        "metamapper_password": "",
        "metamapper_databases": [],
        "metamapper_baseline": "none.json",
    }
    play = verify(site, tmp_path, **wrong)
    said = play.output.replace('\\"', '"')  # ansible-core before 2.19 shows it as JSON
    for message in (
        "metamapper_usr is not a variable of metamapper.postgresql. Did you mean metamapper_user?",
        f'metamapper_group and metamapper_user are both "{site.user}"',
        "metamapper_password is required",
        "metamapper_databases is required",
        'metamapper_baseline names "none.json", and the controller has no such file',
    ):
        assert message in said
    assert (play.status, play.recap("db")["ok"]) == (2, 0)
    assert site.user not in site.server.logged()
    assert not (tmp_path / "metamapper-report").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"metamapper_baseline": "inventory.yml"}, "Cannot use metamapper_baseline", id="no report"),
        pytest.param({"metamapper_fail_on": ["beauty"]}, "metamapper_fail_on[0] is none of", id="unknown aspect"),
    ],
)
def test_what_cannot_work_is_refused_before_any_login(
    site: Site, tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    play = verify(site, tmp_path, **change)
    assert play.status != 0
    assert message in play.output
    assert site.user not in site.server.logged()


FORMATS = {
    "txt": "report.txt",
    "json": "report.json",
    "html": "report.html",
    "md": "report.md",
    "junit": "report.xml",
    "sql": "remedies.sql",
    "prom": "report.prom",
}


def test_the_formats_that_are_listed_are_written(warehouse: Site, tmp_path: Path) -> None:
    assert verify(warehouse, tmp_path, metamapper_report_formats=list(FORMATS)).status == 0
    written = {path.name for path in (tmp_path / "metamapper-report").iterdir()}
    assert written == {*FORMATS.values(), "baseline", "oids"}
    spec = yaml.safe_load((ROOT / "roles" / "verify" / "meta" / "argument_specs.yml").read_text())
    assert spec["argument_specs"]["main"]["options"]["metamapper_report_formats"]["choices"] == list(FORMATS)


def test_a_format_that_does_not_exist_is_refused(site: Site, tmp_path: Path) -> None:
    play = verify(site, tmp_path, metamapper_report_formats=["pdf"])
    assert play.status != 0
    assert "metamapper_report_formats" in play.output


@pytest.mark.parametrize("name", ["orders", "we\"ird.näme\\'; --"])
def test_the_script_of_remedies_runs_in_psql_and_then_the_play_passes(
    warehouse: Site, tmp_path: Path, name: str
) -> None:
    if name != "orders":
        warehouse.run("ALTER TABLE sales.orders RENAME TO {}", name)
    warehouse.run("REVOKE SELECT ON sales.{} FROM {}", name, warehouse.group)
    warehouse.run("REVOKE USAGE ON SCHEMA hr FROM {}", warehouse.group)
    others = {"metamapper_report_formats": ["sql"], "metamapper_fail_on": ["missing"]}
    assert verify(warehouse, tmp_path, **others).status != 0
    script = tmp_path / "metamapper-report" / "remedies.sql"
    ended = psql(warehouse, script)
    assert ended.returncode == 0, ended.stderr
    assert verify(warehouse, tmp_path, **others).status == 0, script.read_text()


def psql(site: Site, script: Path) -> subprocess.CompletedProcess[str]:
    """Run a script as the superuser with the psql of the wheel, as its head says."""
    server = site.server
    options = ["-h", server.host, "-p", str(server.port), "-U", "postgres", "-d", "postgres"]
    return subprocess.run(
        [str(install(DEFAULT_MAJOR) / "bin" / "psql"), "-X", *options, "-f", str(script)],
        env={"PGPASSWORD": server.password, "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
        check=False,
        capture_output=True,
        text=True,
    )


def test_a_limited_run_is_merged_into_the_report(warehouse: Site, tmp_path: Path) -> None:
    hosts = {"db": variables(warehouse), "red": variables(warehouse, metamapper_password="wrong")}
    play = run_on_hosts(tmp_path, PLAYBOOK, hosts, "--limit", "db").ok()
    assert "Not in this run: red." in play.output
    assert report(tmp_path)["absent"] == ["red"]
    assert run_on_hosts(tmp_path, PLAYBOOK, hosts, "--limit", "red").status == 2
    play = run_on_hosts(tmp_path, PLAYBOOK, hosts, "--limit", "db").ok()
    assert "With the servers of earlier runs: Verification failed" in play.output
    document = report(tmp_path)
    assert (statuses(document), document["status"]) == ({"db": False, "red": True}, "failure")
    assert {"From earlier runs: red" in (tmp_path / "metamapper-report" / name).read_text() for name in ALL} == {True}
    del hosts["red"]
    run_on_hosts(tmp_path, PLAYBOOK, hosts).ok()
    document = report(tmp_path)
    assert (statuses(document), document["removed"]) == ({"db": False}, ["red"])


ALL = ("report.html", "report.txt")


def test_why_a_host_was_lost_stands_in_the_report(warehouse: Site, tmp_path: Path) -> None:
    run_on_hosts(tmp_path, PLAYBOOK, {"good": variables(warehouse), "typo": variables(warehouse, metamapper_usr="x")})
    (typo,) = (server for server in report(tmp_path)["servers"] if server["name"] == "typo")
    assert typo["message"].startswith("Not verified: metamapper_usr is not a variable of metamapper.postgresql.")
