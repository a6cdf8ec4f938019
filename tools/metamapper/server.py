# SPDX-License-Identifier: GPL-3.0-or-later
"""A local server with Metamapper's REST API, backed by the model, which can simulate faults."""

from __future__ import annotations

import base64
import contextlib
import json
import re
import ssl
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Callable, Iterator, Mapping, Sequence
from urllib.parse import parse_qs, urlencode, urlsplit

from tools.metamapper.model import Invalid, Model, Row, stored

WORKSPACE = "6f2b0e0a-2c5f-4a4e-9b54-93fd2f3c7a11"
TOKEN_ID, TOKEN_SECRET = "k3jHs83hTq0p", "s3cr3t0fTheTokenThatNobodyMaySee"
TOKEN = base64.b64encode(f"{TOKEN_ID}:{TOKEN_SECRET}".encode()).decode()
# As in Django REST framework: a cursor skips at most so many rows with the same timestamp.
OFFSET_CUTOFF = 1000
INNER = {"schemas": "tables", "tables": "columns"}


@dataclass
class Fault:
    """A fault that replaces the normal answer to a request; see the functions below."""

    act: Callable[[Handler], None]
    on: str = ""  # substring of "METHOD path"; empty for every request


def status(code: int, headers: Mapping[str, str] | None = None, body: bytes = b'{"success": false}') -> Fault:
    """Return a fault that answers with a status."""
    return Fault(lambda handler: handler.answer(code, body, headers or {}))


def half() -> Fault:
    """Return a fault that stops in the middle of an answer."""
    return Fault(lambda handler: handler.half())


def hang(seconds: float) -> Fault:
    """Return a fault that gives no answer for some seconds."""
    return Fault(lambda _handler: time.sleep(seconds))


def drip(seconds: float) -> Fault:
    """Return a fault that sends single bytes slowly, for some seconds."""
    return Fault(lambda handler: handler.drip(seconds))


def before(action: Callable[[], None]) -> Fault:
    """Return a fault that runs an action, and then answers normally."""

    def act(handler: Handler) -> None:
        action()
        handler.respond()

    return Fault(act)


@dataclass
class Api:
    """The running server; ``requests`` are the received ones, as "METHOD path"."""

    model: Model
    url: str = ""
    token_is_enabled: bool = True
    faults: deque[Fault | None] = field(default_factory=deque)
    requests: list[str] = field(default_factory=list)
    throttle: int = 0  # requests before each 429; 0 for none
    counted: int = 0

    def options(self, **others: Any) -> dict[str, Any]:
        """Return options of the module documentation for this server."""
        return {"api_url": self.url, "api_workspace": WORKSPACE, "api_token": TOKEN, **others}


class Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    api: Api

    def log_message(self, format: str, *arguments: Any) -> None:
        """Suppress the log."""

    def do_GET(self) -> None:
        """Answer a request, unless a fault replaces the answer."""
        self._fault_or(self.respond)

    do_PATCH = do_GET

    def _fault_or(self, respond: Callable[[], None]) -> None:
        self.asked = urlsplit(self.path)
        self.api.requests.append(f"{self.command} {self.asked.path}")
        self.content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.api.faults.popleft() if self.api.faults else None
        if fault is not None:
            fault.act(self)
        else:
            respond()

    def respond(self) -> None:
        """Answer a request as Metamapper does."""
        self.api.counted += 1
        if self.api.throttle and self.api.counted % (self.api.throttle + 1) == 0:
            self._error(429, "Request was throttled.", {"Retry-After": "1"})
        elif not self._is_admitted():
            self._error(403, "You do not have permission to perform this action.")
        else:
            self._route()

    def _is_admitted(self) -> bool:
        expected = (WORKSPACE, f"Bearer {TOKEN}")
        given = (self.headers.get("X-Application-Key"), self.headers.get("Authorization"))
        return given == expected and self.api.token_is_enabled

    def _route(self) -> None:
        model, parts = self.api.model, self.asked.path.strip("/").split("/")[2:]
        if parts == ["datastores"]:
            return self._page(sorted(model.datastores.values(), key=lambda each: -each.created_at))
        if len(parts) == 2 and parts[0] == "datastores" and parts[1] in model.datastores:
            return self._datastore(parts[1])
        if len(parts) == 3 and parts[0] == "datastores" and parts[2] == "schemas":
            return self._page(model.inside("schemas", parts[1]))
        if len(parts) == 3 and INNER.get(parts[0]) == parts[2] and re.fullmatch("[a-f0-9]{32}", parts[1]):
            return self._page(model.inside(parts[2], parts[1]))
        row = model.shown(parts[0], parts[1]) if len(parts) == 2 else None
        if row is None:
            return self._error(404, "Resource could not be found.")
        return self._row(row)

    def _datastore(self, identifier: str) -> None:
        datastore = self.api.model.datastores[identifier]
        if self.command == "PATCH":
            datastore.is_enabled = json.loads(self.content).get("is_enabled", datastore.is_enabled)
        self._json(200, datastore.as_json())

    def _row(self, row: Row) -> None:
        fields = json.loads(self.content) if self.command == "PATCH" else {}
        writable = {"tags"} if row.kind == "schemas" else {"tags", "short_desc", "readme"}
        try:
            values = {name: stored(name, value) for name, value in fields.items() if name in writable}
        except Invalid as error:
            name, message = error.args
            errors = [{"reason": "invalid", "message": message, "location_type": "field", "location": name}]
            about = {"errors": errors, "code": 400, "message": "Input validation failed."}
            return self._json(400, {"success": False, "error": about})
        for name, value in values.items():
            setattr(row, name, value)
        return self._json(200, row.as_json())

    def _page(self, rows: Sequence[Any]) -> None:
        """Answer with a page of rows, the newest first."""
        query = parse_qs(self.asked.query)
        size = min(int(query.get("page_size", ["100"])[0]), 1000)
        rows = sorted(rows, key=lambda row: -row.created_at)
        cursor = parse_qs(base64.b64decode(query["cursor"][0]).decode()) if "cursor" in query else {}
        position = int(cursor["p"][0]) if "p" in cursor else None
        older = [row for row in rows if position is None or row.created_at < position]
        offset = min(int(cursor.get("o", ["0"])[0]), OFFSET_CUTOFF)
        page = older[offset : offset + size]
        following = _cursor(rows, len(rows) - len(older) + offset + size)
        info = {"total_results": len(rows), "results_per_page": size}
        items = [row.as_json() for row in page]
        self._json(200, {"next_page_token": following, "prev_page_token": None, "page_info": info, "items": items})

    def _error(self, code: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        body = {"success": False, "error": {"code": code, "message": message}}
        self.answer(code, json.dumps(body).encode(), headers or {})

    def _json(self, code: int, body: Any) -> None:
        self.answer(code, json.dumps(body).encode(), {})

    def answer(self, code: int, body: bytes, headers: Mapping[str, str]) -> None:
        """Send an answer."""
        self.send_response(code)
        for name, value in {"Content-Type": "application/json", **headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def half(self) -> None:
        """Send the beginning of an answer."""
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b'{"items": [')

    def drip(self, seconds: float) -> None:
        """Send single spaces slowly, for some seconds."""
        self.send_response(200)
        self.end_headers()
        until = time.monotonic() + seconds
        with contextlib.suppress(OSError):
            while time.monotonic() < until:
                self.wfile.write(b" ")
                time.sleep(0.05)


def _cursor(rows: Sequence[Any], start: int) -> str | None:
    """Return the next page's cursor: a timestamp, and how many rows with equal timestamps to skip; None at the end."""
    if start >= len(rows):
        return None
    higher = [row.created_at for row in rows[:start] if row.created_at != rows[start].created_at]
    tokens = {"p": str(higher[-1])} if higher else {}
    offset = start - len(higher)
    if offset:
        tokens["o"] = str(offset)
    return base64.b64encode(urlencode(tokens).encode()).decode()


@contextlib.contextmanager
def running(model: Model | None = None, certificate: tuple[Path, Path] | None = None) -> Iterator[Api]:
    """Run the API on a free port; with TLS if a certificate and its key are given."""
    api = Api(model or Model())
    handler = type("OwnHandler", (Handler,), {"api": api})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    if certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    api.url = f"https://localhost:{server.server_port}" if certificate else f"http://127.0.0.1:{server.server_port}"
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()
