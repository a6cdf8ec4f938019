# SPDX-License-Identifier: GPL-3.0-or-later
"""Collections come from Galaxy if it answers, otherwise from the wheel; a fake Galaxy answers here."""

from __future__ import annotations

import hashlib
import http.server
import json
import subprocess
import threading
import time
from pathlib import Path
from typing import Iterator

import pytest
import yaml

from tests.support.patience import soon
from tools.packaging import fetch_collections
from tools.packaging.collection import program
from tools.packaging.fetch_collections import directory_of, from_galaxy, installed_version

pytestmark = pytest.mark.majorless

NAME, VERSION = "community.postgresql", "4.2.0"
NAMESPACE, SHORT = NAME.split(".")
COLLECTION = f"/api/v3/collections/{NAMESPACE}/{SHORT}/"


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build a collection with the name that is asked for."""
    directory = tmp_path_factory.mktemp("built")
    source = directory / "source"
    (source / "meta").mkdir(parents=True)
    (source / "meta" / "runtime.yml").write_text("requires_ansible: '>=2.16.0'\n")
    (source / "README.md").write_text("# Of the name only\n")
    described = {"namespace": NAMESPACE, "name": SHORT, "version": VERSION, "readme": "README.md", "authors": ["x"]}
    (source / "galaxy.yml").write_text(yaml.safe_dump(described))
    command = [program("ansible-galaxy"), "collection", "build", "--output-path", str(directory)]
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    return next(directory.glob("*.tar.gz"))


def answers(artifact: Path, url: str) -> dict[str, object]:
    """Return the fake Galaxy's response to each request about a collection."""
    version = {
        "version": VERSION,
        "href": f"{COLLECTION}versions/{VERSION}/",
        "namespace": {"name": NAMESPACE},
        "collection": {"name": SHORT},
        "download_url": f"{url}/artifact",
        "artifact": {"sha256": hashlib.sha256(artifact.read_bytes()).hexdigest()},
        "metadata": {"dependencies": {}},
        "signatures": [],
    }
    return {
        "/api/": {"available_versions": {"v3": "v3/"}},
        COLLECTION: {"highest_version": {"version": VERSION}, "created_at": "", "updated_at": ""},
        f"{COLLECTION}versions/": {"data": [version], "links": {"next": None}, "meta": {"count": 1}},
        f"{COLLECTION}versions/{VERSION}/": version,
    }


@pytest.fixture
def galaxy(artifact: Path) -> Iterator[str]:
    """The URL of a fake Galaxy that has one collection."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = answers(artifact, f"http://{self.headers['Host']}")
            path = self.path.partition("?")[0]
            self.send_response(200 if path in known or path == "/artifact" else 404)
            self.end_headers()
            body = artifact.read_bytes() if path == "/artifact" else json.dumps(known.get(path)).encode()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            """Log nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/api/"
        server.shutdown()


@pytest.fixture(autouse=True)
def own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep Ansible's cache of Galaxy's responses out of the user's home."""
    monkeypatch.setenv("ANSIBLE_HOME", str(tmp_path / "home"))


def test_a_galaxy_that_answers_is_used(galaxy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSIBLE_GALAXY_SERVER", galaxy)
    assert from_galaxy(tmp_path / "staging") == ""
    assert installed_version(directory_of(NAME, tmp_path / "staging" / "ansible_collections")) == VERSION


def test_what_galaxy_sends_is_compared_as_well(galaxy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Galaxy sends a collection with the right name, but not the one that was tested."""
    monkeypatch.setenv("ANSIBLE_GALAXY_SERVER", galaxy)
    monkeypatch.setattr(fetch_collections, "DESTINATION", tmp_path / "ansible_collections")
    with pytest.raises(SystemExit, match=r"is not the collection that was tested: MANIFEST\.json has the SHA-256"):
        fetch_collections.install({NAME: VERSION})
    assert list((tmp_path / "ansible_collections").iterdir()) == []


def test_a_galaxy_that_cannot_be_reached_is_given_up_soon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSIBLE_GALAXY_SERVER", "http://127.0.0.1:1/api/")
    assert "Connection refused" in from_galaxy(tmp_path)


def test_a_galaxy_that_does_not_answer_is_given_up_soon(
    galaxy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANSIBLE_GALAXY_SERVER", galaxy)
    monkeypatch.setattr(fetch_collections, "GALAXY_SECONDS", 0.1)
    started = time.monotonic()
    assert from_galaxy(tmp_path) == "it did not answer within 0.1 seconds"
    assert time.monotonic() - started < 5 * soon()
