# SPDX-License-Identifier: GPL-3.0-or-later
"""The address, the workspace and the token in the options, and the values that are refused."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.problem import Failure
from ansible_collections.metamapper.postgresql.plugins.module_utils._documentation.place import place_from_options

OPTIONS = {
    "api_url": "https://mm.example.com",
    "api_workspace": "w",
    "api_token": "dG9rZW4=",
    "api_ca_cert": "",
    "allow_cleartext_token": False,
    "api_timeout_seconds": 60,
    "api_wait_seconds": 300,
}


@pytest.mark.parametrize(
    ("given", "url"),
    [
        pytest.param("https://mm.example.com", "https://mm.example.com/api/v1", id="origin"),
        pytest.param(" https://mm.example.com/ ", "https://mm.example.com/api/v1", id="slash and blanks"),
        pytest.param("https://mm.example.com/api/v1/", "https://mm.example.com/api/v1", id="the API itself"),
        pytest.param("https://example.com:8443/mm", "https://example.com:8443/mm/api/v1", id="port and path"),
        pytest.param("http://localhost:5050", "http://localhost:5050/api/v1", id="this machine"),
        pytest.param("http://[::1]:5050", "http://[::1]:5050/api/v1", id="this machine by IPv6"),
    ],
)
def test_addresses(given: str, url: str) -> None:
    assert place_from_options({**OPTIONS, "api_url": given}).url == url


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "empty": ({"api_url": ""}, "no address"),
    "a host alone": ({"api_url": "mm.example.com"}, "no address"),
    "another scheme": ({"api_url": "ftp://mm.example.com"}, "no address"),
    "a file": ({"api_url": "file:///etc/passwd"}, "no address"),
    "a query": ({"api_url": "https://mm.example.com/?a=b"}, "no address"),
    "a port that is none": ({"api_url": "https://mm.example.com:x"}, "no address"),
    "hostile": ({"api_url": "we\"ird.näme\\'; --"}, "no address"),
    "a user": ({"api_url": "https://me:secret@mm.example.com"}, "user name in it"),
    "in clear text": ({"api_url": "http://mm.example.com"}, "clear text"),
    "no workspace": ({"api_workspace": " "}, "api_workspace is empty"),
    "no token": ({"api_token": ""}, "api_token is empty"),
    "a token with a line feed": ({"api_token": "a\nb"}, "api_token is empty, or has"),
}


@pytest.mark.parametrize(("change", "said"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(Failure, match=said) as caught:
        place_from_options({**OPTIONS, **change})
    assert all(problem.remedy for problem in caught.value.problems)
    assert "secret" not in str(caught.value)


def test_clear_text_where_it_is_accepted() -> None:
    place = place_from_options({**OPTIONS, "api_url": "http://mm.example.com", "allow_cleartext_token": True})
    assert place.url == "http://mm.example.com/api/v1"


@pytest.mark.parametrize("given", ["k3j:s3cret", "azNqOnMzY3JldA=="], ids=["two parts", "as Metamapper shows it"])
def test_the_token_as_it_travels(given: str) -> None:
    place = place_from_options({**OPTIONS, "api_token": given})
    assert place.secret.reveal() == "azNqOnMzY3JldA=="
    assert "azNq" not in repr(place)
