# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Requests to Metamapper's REST API: deadlines, refusals, and retries."""

from __future__ import annotations

import http.client
import inspect
import json
import re
import socket
import ssl
import time
import urllib.error
from typing import Any, Callable, Mapping
from urllib.parse import urlencode

from ansible.module_utils.urls import Request, make_context

from .._core.problem import Failure, Problem
from .._core.remedy import by_hand
from .answer import TOO_MANY, Answer, fault, pause_seconds, refusal, silence
from .deadline import NotInTime, within
from .place import Place, masked

# Seconds before each retry, unless the response says how long to wait.
PAUSES = (0.5, 2.0, 5.0)
FAULTS = frozenset({500, 502, 503, 504})
# Statuses that are returned to the caller; all others are an error.
ANSWERS = frozenset({200, 400, 404})
LARGEST = 256 * 1024 * 1024
SHOWN = 200
# From ansible-core 2.17 on. Reading the system's CA certificates for each request would take longer than the request.
TAKES_CONTEXT = "context" in inspect.signature(Request.open).parameters
TAG = re.compile(r"<[^>]*>")


class NoAnswer(Exception):
    """There was no response; ``is_final`` if a retry would end in the same way."""

    def __init__(self, reason: str, *, is_final: bool = False) -> None:
        self.reason = reason
        self.is_final = is_final
        super().__init__(reason)


class Client:
    """Sends requests to Metamapper with a token. It may be used by several threads."""

    def __init__(self, place: Place, pause: Callable[[float], None] = time.sleep) -> None:
        self._place = place
        self._pause = pause
        self._request = _request(place)

    def ask(self, method: str, path: str, query: Mapping[str, Any] | None = None, body: Any = None) -> Answer:
        """Return a response in JSON whose status is one of ANSWERS; raises Failure otherwise.

        Each request can be repeated: reading changes nothing, and writing a text twice is the same as writing it once.
        """
        question = f"{method} {path}"
        url = f"{self._place.url}/{path}" + (f"?{urlencode(query)}" if query else "")
        waited, failures = 0.0, 0
        while True:
            try:
                answer = within(self._place.timeout_seconds, lambda: self._once(method, url, body))
                if answer.status != TOO_MANY and answer.status not in FAULTS:
                    return self._checked(question, answer)
                problem = fault(self._place, question, answer)
            except NotInTime:
                answer = None
                problem = silence(
                    self._place, question, f"no whole answer within {self._place.timeout_seconds:g} seconds"
                )
            except NoAnswer as error:
                answer = None
                problem = silence(self._place, question, error.reason)
                if error.is_final:
                    raise Failure([problem]) from None
            pause = self._pause_before_next(answer, failures)
            if pause is None or waited + pause > self._place.wait_seconds:
                raise Failure([problem])
            self._pause(pause)
            waited += pause
            failures += not _says_when(answer)

    def _once(self, method: str, url: str, body: Any) -> Answer:
        """Return any response; raises NoAnswer. No redirect is followed: the token is for this address only."""
        try:
            response = self._request.open(
                method,
                url,
                data=None if body is None else json.dumps(body).encode(),
                headers={
                    "Authorization": f"Bearer {self._place.secret.reveal()}",
                    "X-Application-Key": self._place.workspace,
                    "Content-Type": "application/json",
                    "Accept": "application/json",
                },
                timeout=self._place.timeout_seconds,
            )
        except urllib.error.HTTPError as error:
            response = error
        except Exception as error:  # Ansible's own, urllib's, ssl's and http.client's
            raise self._no_answer(error) from None
        try:
            return self._answer(response)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise self._no_answer(error) from None

    def _answer(self, response: Any) -> Answer:
        with response:
            content = response.read(LARGEST + 1)
        if len(content) > LARGEST:
            raise NoAnswer(f"an answer of more than {LARGEST} bytes", is_final=True)
        status, headers = int(response.status or response.code), response.headers
        length = headers.get("Content-Length", "")
        if length.isdigit() and not headers.get("Content-Encoding") and len(content) < int(length):
            raise NoAnswer(f"the answer ended after {len(content)} of {length} bytes")
        if status != 200:  # what people wrote is not changed
            content = masked(content.decode("utf-8", "replace"), self._place.secret).encode()
        try:
            body = json.loads(content)
        except ValueError:
            body = None
        shown = TAG.sub(" ", content[:2000].decode("utf-8", "replace")) if body is None else ""
        return Answer(
            status, body, headers.get("Retry-After", ""), self._clean(headers.get("Location", "")), self._clean(shown)
        )

    def _clean(self, text: str) -> str:
        """Return a foreign text for a message: short, on one line, and without the token."""
        return " ".join(masked(text, self._place.secret).split())[:SHOWN]

    def _no_answer(self, error: BaseException) -> NoAnswer:
        reason = getattr(error, "reason", error)
        text = self._clean(str(reason) or type(reason).__name__)
        certificate = isinstance(reason, ssl.SSLCertVerificationError) or "CERTIFICATE_VERIFY_FAILED" in text
        if certificate:
            return NoAnswer(f"its certificate is not trusted ({text})", is_final=True)
        return NoAnswer(text, is_final=isinstance(reason, (socket.gaierror, UnicodeError)))

    def _checked(self, question: str, answer: Answer) -> Answer:
        if answer.status in ANSWERS and isinstance(answer.body, Mapping):
            return answer
        raise Failure([refusal(self._place, question, answer)])

    def _pause_before_next(self, answer: Answer | None, failures: int) -> float | None:
        """Return how many seconds to wait before a retry; None for no retry."""
        if answer is not None and _says_when(answer):
            return pause_seconds(answer.retry_after)
        return PAUSES[failures] if failures < len(PAUSES) else None


def _request(place: Place) -> Request:
    """Return Ansible's HTTP client; raises Failure if the file of CA certificates cannot be read."""
    options: dict[str, Any] = {}
    try:
        if TAKES_CONTEXT:
            options["context"] = make_context(cafile=place.ca_cert or None, validate_certs=True)
    except OSError as error:
        message = f"Cannot read the authorities in api_ca_cert, {place.ca_cert}: {error}."
        raise Failure([Problem(message, by_hand("Name a file with certificates in PEM."))]) from None
    return Request(
        validate_certs=True,
        ca_path=place.ca_cert or None,
        follow_redirects="none",
        use_netrc=False,  # it would replace the token
        http_agent="metamapper.postgresql",
        **options,
    )


def _says_when(answer: Answer | None) -> bool:
    """Return whether a response asks for a pause, whose length it may state."""
    return answer is not None and (answer.status == TOO_MANY or bool(answer.status == 503 and answer.retry_after))
