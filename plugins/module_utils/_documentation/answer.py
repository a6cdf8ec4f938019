# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Metamapper's responses, and the messages on unexpected ones."""

from __future__ import annotations

import email.utils
import time
from dataclasses import dataclass
from typing import Any, Mapping

from .._core.problem import Problem
from .._core.remedy import by_hand
from .place import Place

TOO_MANY = 429
SHOWN = 200


@dataclass(frozen=True)
class Answer:
    """A response of Metamapper: its status, and its JSON, None if it is not JSON."""

    status: int
    body: Any
    retry_after: str = ""
    location: str = ""
    text: str = ""


def refusal(place: Place, question: str, answer: Answer) -> Problem:
    """Return what is wrong if Metamapper refused a request."""
    asked = f"Metamapper at {place.url} was asked {question}"
    if 300 <= answer.status < 400:
        message = f"{asked} and answered with a redirect to {answer.location} ({answer.status})."
        return Problem(
            message, by_hand("It is not followed, since the token is for this address alone. Correct api_url.")
        )
    if answer.status in (401, 403):
        return Problem(
            f"{asked} and refused: {error_text(answer) or answer.status} ({answer.status}).",
            by_hand(
                "Check api_workspace, which is the identifier of the workspace, and api_token; in the settings of the "
                "workspace, see that the token exists and is enabled, or create one."
            ),
        )
    found = f"status {answer.status}" + (f": {answer.text}" if answer.text else "")
    return Problem(
        f"{asked} and answered what its REST API does not answer ({found}).",
        by_hand("Set api_url to the address of Metamapper 1.0.0 or newer itself, as it stands in a browser."),
    )


def fault(place: Place, question: str, answer: Answer) -> Problem:
    """Return what is wrong if Metamapper failed, or throttled requests, for longer than the wait limit."""
    asked = f"Metamapper at {place.url} was asked {question}"
    if answer.status == TOO_MANY:
        message = f"{asked} and refused, because there were too many requests (429); it asks for a pause of "
        return Problem(
            f"{message}{pause_seconds(answer.retry_after):g} seconds.",
            by_hand(
                f"Run it again later, or set api_wait_seconds to more than {place.wait_seconds:g}. It allows 100 "
                "requests a minute where METAMAPPER_API_THROTTLE_BACKEND is set."
            ),
        )
    return Problem(
        f"{asked} and failed ({answer.status}{': ' + answer.text if answer.text else ''}).",
        by_hand("Look into the log of Metamapper's web server, and run it again."),
    )


def silence(place: Place, question: str, reason: str) -> Problem:
    """Return what is wrong if there was no response."""
    return Problem(
        f"Metamapper at {place.url} was asked {question} and gave no answer: {reason}.",
        by_hand(
            "Check api_url, that Metamapper runs there, and that this host may connect to it; for a certificate of "
            "your own authority, name it in api_ca_cert. Then run it again."
        ),
    )


def pause_seconds(retry_after: str) -> float:
    """Return the pause that a header Retry-After asks for, in seconds or as a date; 5 seconds if it is neither."""
    if retry_after.strip().isdigit():
        return max(float(retry_after), 1.0)
    try:
        return max(email.utils.parsedate_to_datetime(retry_after).timestamp() - time.time(), 1.0)
    except (TypeError, ValueError):
        return 5.0


def error_text(answer: Answer) -> str:
    """Return the error messages in a response: those of the fields, or the general one; empty for none."""
    error = answer.body.get("error") if isinstance(answer.body, Mapping) else None
    if not isinstance(error, Mapping):
        return ""
    fields = error.get("errors")
    if isinstance(fields, list) and fields:
        texts = (f"{each.get('location', '')}: {each.get('message', '')}" for each in fields if isinstance(each, dict))
        return "; ".join(texts)[:SHOWN]
    return str(error.get("message", ""))[:SHOWN]
