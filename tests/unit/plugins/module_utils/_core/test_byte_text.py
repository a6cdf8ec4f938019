# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of a server with the encoding SQL_ASCII survive decoding and encoding without loss of a byte."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.byte_text import (
    from_bytes,
    printable,
    reread,
    to_bytes,
)

HOSTILE = "we\"ird.näme'; --"
CASES: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", ""),
    "ASCII": (b"sales", "sales"),
    "UTF-8": (HOSTILE.encode(), HOSTILE),
    "LATIN1": (b"caf\xe9", "caf\\xe9"),
    "both": ("é".encode() + b"\xe9", "é\\xe9"),
}


@pytest.mark.parametrize(("sent", "shown"), CASES.values(), ids=CASES.keys())
def test_bytes_come_and_go_unchanged_and_can_be_read(sent: bytes, shown: str) -> None:
    text = from_bytes(sent.decode("latin-1"))
    assert to_bytes(text).encode("latin-1") == sent
    assert printable(text) == shown


@pytest.mark.parametrize("value", [None, 7, ["é", 1], ("é", None), {"é": ["é"]}], ids=repr)
def test_what_is_in_a_value_is_changed_too(value: Any) -> None:
    assert from_bytes(to_bytes(value)) == value
    assert type(to_bytes(value)) is type(value)


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252"])
def test_what_came_in_a_wrong_encoding_is_read_again(encoding: str) -> None:
    assert reread({"é".encode().decode(encoding): [1]}, encoding) == {"é": [1]}
