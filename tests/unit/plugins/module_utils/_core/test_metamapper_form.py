# SPDX-License-Identifier: GPL-3.0-or-later
"""The values that Metamapper's datastore form does not accept."""

from __future__ import annotations

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.metamapper_form import form_problems

HOSTILE = "we\"ird.näme'; --"
CASES: dict[str, tuple[dict[str, str], list[tuple[str, bool]]]] = {
    "nothing": ({}, []),
    "all well": (
        {
            "host": "db-1.example.com",
            "user": "metamapper",
            "password": "p w",
            "database": "wh",
            "ssh_host": "192.0.2.1",
        },
        [],
    ),
    "IPv4": ({"host": "192.0.2.7"}, []),
    "IPv6": ({"host": "2001:db8::1", "ssh_host": "2001:db8::2"}, []),
    "anything with a colon": ({"host": "a_b:c"}, []),
    "the directory of a socket": ({"host": "/var/run/postgresql"}, []),
    "host with an underscore": ({"host": "db_1.example.com"}, [("host", False)]),
    "host with a trailing dot": ({"host": "db.example.com."}, [("host", False)]),
    "host with a blank": ({"host": "db example"}, [("host", False)]),
    "host with a trailing line feed": ({"host": "db\n"}, [("host", False)]),
    "host beyond ASCII": ({"host": "dätabase"}, [("host", False)]),
    "password of 128": ({"password": "é" * 128}, []),
    "password of 129": ({"password": "x" * 129}, [("password", True)]),
    "password with a leading tab": ({"password": "\tsecret"}, [("password", True)]),
    "password with a trailing U+00A0": ({"password": "secret\u00a0"}, [("password", True)]),
    "password of one blank": ({"password": " "}, [("password", True)]),
    "user with a trailing blank": ({"user": "metamapper "}, [("user", True)]),
    "database with a leading blank": ({"database": " warehouse"}, [("database", True)]),
    "database of 129": ({"database": "x" * 129}, [("database", True)]),
    "a hostile name": ({"user": HOSTILE, "database": HOSTILE, "password": HOSTILE}, []),
    "ssh host by name": ({"ssh_host": "bastion.example.com"}, [("ssh_host", False)]),
    "ssh user": ({"ssh_user": "deploy$_-1"}, []),
    "ssh user with a dot": ({"ssh_user": "first.last"}, [("ssh_user", True)]),
    "two at once": ({"host": "a_b", "password": " x"}, [("host", False), ("password", True)]),
}


@pytest.mark.parametrize(("values", "expected"), CASES.values(), ids=CASES.keys())
def test_what_the_form_does_not_accept(values: dict[str, str], expected: list[tuple[str, bool]]) -> None:
    problems = form_problems(**values)
    assert [(problem.field, problem.is_fatal) for problem in problems] == expected
    assert all(problem.remedy for problem in problems)


def test_a_password_is_never_told() -> None:
    for problem in form_problems(password=" s3cret" * 30):
        assert "s3cret" not in problem.reason + problem.remedy
