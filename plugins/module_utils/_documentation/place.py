# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Where Metamapper is on the network, according to the options."""

from __future__ import annotations

import base64
import contextlib
import re
from dataclasses import dataclass
from typing import Any, Mapping
from urllib.parse import urlsplit

from .._core.problem import Failure, Problem
from .._core.remedy import by_hand
from .._core.secret import MASK, Secret

API = "/api/v1"
# What never leaves this machine needs no encryption.
LOOPBACK = ("localhost", "127.0.0.1", "::1")
# The characters of a header; with others, the error of Python's library would show the token.
PRINTABLE = re.compile(r"[!-~]+")


@dataclass(frozen=True)
class Place:
    """Where Metamapper is, who asks, and how long it may take.

    ``url`` ends with the version of the API, without a slash. ``secret`` is what the header Authorization needs.
    ``ca_cert`` is empty for the system's authorities. ``timeout_seconds`` limits the wait for one response,
    ``wait_seconds`` the time for which a throttled request is retried.
    """

    url: str
    workspace: str
    secret: Secret
    ca_cert: str = ""
    timeout_seconds: float = 60
    wait_seconds: float = 300


def place_from_options(options: Mapping[str, Any]) -> Place:
    """Return the place that the options of the module name; raises Failure with all that is wrong with them."""
    url, problems = _url(options["api_url"], may_be_clear=options["allow_cleartext_token"])
    problems += [
        Problem(
            f"{name} is empty, or has blanks or other characters that no header can have.", by_hand(f"Set it: {where}")
        )
        for name, where in (
            ("api_workspace", "the identifier of the workspace, as its settings in Metamapper show it."),
            ("api_token", "the token that Metamapper showed when it was created."),
        )
        if not PRINTABLE.fullmatch(options[name].strip())
    ]
    if problems:
        raise Failure(problems)
    return Place(
        url=url,
        workspace=options["api_workspace"].strip(),
        secret=_secret(options["api_token"].strip()),
        ca_cert=options["api_ca_cert"],
        timeout_seconds=options["api_timeout_seconds"],
        wait_seconds=options["api_wait_seconds"],
    )


def _secret(token: str) -> Secret:
    """Return the token as Metamapper shows it, in base64, also if it was given as identifier, colon and secret."""
    return Secret(base64.b64encode(token.encode()).decode() if ":" in token else token)


def masked(text: str, secret: Secret) -> str:
    """Return a foreign text without the token, in any of its forms."""
    forms = [secret.reveal()]
    with contextlib.suppress(ValueError):
        forms.append(base64.b64decode(forms[0], validate=True).decode().rpartition(":")[2])
    for form in filter(None, forms):
        text = text.replace(form, MASK)
    return text


def _url(given: str, *, may_be_clear: bool) -> tuple[str, list[Problem]]:
    url = given.strip().rstrip("/")
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        return "", [_no_address(given)]
    if parts.username is not None or parts.password is not None:
        # It is not repeated here, since it contains a password.
        return "", [
            Problem("api_url has a user name in it.", by_hand("Give the token in api_token, and the address alone."))
        ]
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment or " " in url:
        return "", [_no_address(given)]
    if parts.scheme == "http" and host not in LOOPBACK and not may_be_clear:
        message = f"The token would travel in clear text to {host}: api_url begins with http."
        remedy = "Use the https address of Metamapper, or set allow_cleartext_token to true."
        return "", [Problem(message, by_hand(remedy))]
    return url if url.endswith(API) else url + API, []


def _no_address(given: str) -> Problem:
    return Problem(
        f'api_url is "{given}", which is no address of Metamapper.',
        by_hand(
            "Give it as it stands in a browser before the first single slash, for example https://metamapper.example.com."
        ),
    )
