# SPDX-License-Identifier: GPL-3.0-or-later
"""How requests fail and are retried when Metamapper does not answer as it should, and how long the client waits."""

from __future__ import annotations

import socket
import time
from pathlib import Path
from typing import Iterator

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.problem import Failure
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.secret import Secret
from ansible_collections.metamapper.postgresql.plugins.module_utils._documentation import client as client_module
from ansible_collections.metamapper.postgresql.plugins.module_utils._documentation.catalog import list_all
from ansible_collections.metamapper.postgresql.plugins.module_utils._documentation.client import Client
from ansible_collections.metamapper.postgresql.plugins.module_utils._documentation.place import Place

from tests.support.metamapper.scene import Scene
from tests.support.patience import soon
from tests.support.postgres.certificates import Authority
from tools.metamapper.server import TOKEN, TOKEN_SECRET, WORKSPACE, Api, Fault, drip, half, hang, running, status

pytestmark = pytest.mark.majorless


@pytest.fixture
def api() -> Iterator[Api]:
    """A fake Metamapper with one datastore."""
    with running() as own:
        own.model.add_datastore("warehouse")
        yield own


def client_of(api: Api, pauses: list[float] | None = None, *, timeout: float = 5, wait: float = 300) -> Client:
    """Return a client that records its pauses instead of making them."""
    place = Place(f"{api.url}/api/v1", WORKSPACE, Secret(TOKEN), timeout_seconds=timeout, wait_seconds=wait)
    return Client(place, (pauses if pauses is not None else []).append)


PASSING = {
    "429 with seconds": ([status(429, {"Retry-After": "7"})] * 3, [7, 7, 7]),
    "429 with nonsense": ([status(429, {"Retry-After": "soon"})], [5]),
    "429 with a date that is past": ([status(429, {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"})], [1]),
    "503 with seconds": ([status(503, {"Retry-After": "9"})], [9]),
    "502": ([status(502, body=b"<html>Bad gateway</html>")], [0]),
    "stops in the middle": ([half(), half()], [0, 0]),
    "faults until the last attempt": ([half(), status(500), status(504)], [0, 0, 0]),
}


@pytest.mark.parametrize(("faults", "pauses"), PASSING.values(), ids=PASSING)
def test_what_passes_is_waited_for(api: Api, faults: list[Fault], pauses: list[float]) -> None:
    api.faults.extend(faults)
    made: list[float] = []
    assert [item["name"] for item in list_all(client_of(api, made), "datastores")] == ["warehouse"]
    assert made == pauses


def test_pauses_grow(monkeypatch: pytest.MonkeyPatch, api: Api) -> None:
    monkeypatch.undo()
    api.faults.extend([half()] * 3)
    made: list[float] = []
    list_all(client_of(api, made), "datastores")
    assert made == sorted(made) == list(client_module.PAUSES)


ECHO = f'{{"error": {{"message": "who are {TOKEN}, {TOKEN_SECRET}?"}}}}'.encode()
REFUSED = {
    "403": ([status(403)], "api_token"),
    "401 of a proxy": ([status(401, body=b"")], "api_token"),
    "500 again and again": ([status(500)] * 4, "log of Metamapper"),
    "stops in the middle again and again": ([half()] * 4, "ended after 11 of 1000 bytes"),
    "429 for longer than may be waited": ([status(429, {"Retry-After": "400"})], "api_wait_seconds"),
    "another host": ([status(302, {"Location": "http://evil.example.org/api/v1/datastores"})], "evil.example.org"),
    "another host, 307": ([status(307, {"Location": "http://evil.example.org/"})], "evil.example.org"),
    "another host, 308": ([status(308, {"Location": "http://evil.example.org/"})], "evil.example.org"),
    "a page for people": ([status(200, body=b"<!doctype html><title>Metamapper</title>")], "api_url"),
    "JSON of something else": ([status(200, body=b"[1]")], "api_url"),
    "no list": ([status(200, body=b'{"success": true}')], "api_url"),
    "404": ([status(404)], "api_url"),
    "418": ([status(418)], "418"),
    "echo of the token in JSON": ([status(403, body=ECHO)], "who are ********, ********?"),
    "echo of the token": ([status(418, body=TOKEN.encode())], "********"),
}


@pytest.mark.parametrize(("faults", "said"), REFUSED.values(), ids=REFUSED)
def test_what_does_not_pass_says_what_to_do(api: Api, faults: list[Fault], said: str) -> None:
    api.faults.extend(faults)
    with pytest.raises(Failure) as caught:
        list_all(client_of(api), "datastores")
    (problem,) = caught.value.problems
    assert said in str(problem)
    assert problem.remedy
    assert not any(secret in str(problem) for secret in (TOKEN, TOKEN_SECRET))
    assert len(api.requests) == len(faults)


@pytest.mark.parametrize("fault", [hang, drip], ids=["silence", "drops"])
def test_a_deadline_holds_whatever_the_server_does(api: Api, fault: object) -> None:
    api.faults.extend([fault(8)] * 4)  # type: ignore[operator]
    began = time.monotonic()
    with pytest.raises(Failure, match=r"no (whole )?answer"):
        list_all(client_of(api, timeout=0.3), "datastores")
    assert time.monotonic() - began < 4 * soon()


def test_nobody_there(api: Api) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        api.url = f"http://127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(Failure, match=r"gave no answer: .*refused"):
            list_all(client_of(api), "datastores")


def test_a_netrc_does_not_replace_the_token(api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login a password b\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert list_all(client_of(api), "datastores")


def test_a_restore_that_is_stopped_says_how_far_it_came_and_is_completed(scene: Scene) -> None:
    scene.run("exported").ok()
    written = scene.model.texts(scene.datastore)
    scene.forget()
    reads = len(scene.api.requests)
    scene.run("restored", check=True).ok()
    reads = len(scene.api.requests) - reads
    scene.api.faults.extend([None] * (reads + 5) + [status(403)] * 40)
    stopped = scene.run("restored")
    assert stopped.failed
    assert "of 5 objects have been written; the next run writes the others" in stopped["msg"]
    scene.api.faults.clear()
    scene.run("restored").ok()
    assert scene.model.texts(scene.datastore) == written


def test_an_export_that_is_stopped_leaves_the_file(scene: Scene) -> None:
    scene.run("exported").ok()
    good = scene.path.read_text()
    scene.model.at(scene.datastore, "sales", "plain").short_desc = "New"
    scene.api.faults.extend([None] * 4 + [half()] * 40)
    assert scene.run("exported").failed
    assert scene.path.read_text() == good
    assert [path.name for path in scene.path.parent.iterdir()] == [scene.path.name]


def test_a_throttle_is_waited_for(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(Client.__init__, "__defaults__", (pauses.append,))
    scene.api.throttle = 3
    scene.run("exported").ok()
    assert pauses == [1.0] * len(pauses) != []


def test_a_certificate_is_verified(scene: Scene, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    signed = authority.server("localhost")
    with running(scene.model, (signed.certificate, signed.key)) as encrypted:
        scene.api = encrypted
        refused = scene.run("exported")
        assert refused.failed
        assert "certificate is not trusted" in refused["msg"]
        assert "api_ca_cert" in refused["msg"]
        assert encrypted.requests == []
        assert scene.run("exported", api_ca_cert=str(authority.certificate)).ok().changed
        encrypted.url = encrypted.url.replace("localhost", "127.0.0.1")
        assert scene.run("exported", api_ca_cert=str(authority.certificate)).failed
