# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation file: reading it returns what was written, and any other file is refused."""

from __future__ import annotations

import json
import os
from pathlib import Path
from unittest import mock

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.problem import Failure
from ansible_collections.metamapper.postgresql.plugins.module_utils._documentation import file
from ansible_collections.metamapper.postgresql.plugins.module_utils._documentation.content import Text
from ansible_collections.metamapper.postgresql.plugins.module_utils._documentation.file import FORMAT, Kept

HOSTILE = "we\"ird.näme\\'; --"
FULL = Kept(
    HOSTILE,
    {
        ("sales",): Text(tags=("x",)),
        ("sales", HOSTILE): Text("a", "<p>b</p>\n", ("t",)),
        ("sales", "only columns", "short_desc"): Text("names like keys"),
        ("tables", "columns", "tags"): Text(HOSTILE),
    },
)


@pytest.mark.parametrize("kept", [Kept("", {}), FULL], ids=["nothing", "hostile"])
def test_what_is_written_is_read_and_the_same_every_time(kept: Kept) -> None:
    text = file.as_json(kept)
    assert file.from_json(text) == kept
    assert file.as_json(Kept(kept.datastore, dict(reversed(kept.documentation.items())))) == text


def content(**schemas: object) -> str:
    """Return a file with these schemas."""
    return json.dumps({"format": FORMAT, "datastore": "w", "schemas": schemas})


WRONG = {
    "no JSON": ("{", "no JSON"),
    "a list": ("[]", "format"),
    "another format": ('{"format": "x"}', "format"),
    "no datastore": (json.dumps({"format": FORMAT, "schemas": {}}), "datastore"),
    "one more key": (json.dumps({"format": FORMAT, "datastore": "w", "schemas": {}, "x": 1}), "keys"),
    "a schema is a text": (content(sales="x"), "sales is no mapping"),
    "a typo": (content(sales={"table": {}}), "sales has the unknown key table"),
    "tables is a list": (content(sales={"tables": []}), "tables of sales is no mapping"),
    "a column is a list": (content(sales={"tables": {"o": {"columns": {"id": []}}}}), "sales.o.id is no mapping"),
    "a number": (content(sales={"tables": {"o": {"readme": 1}}}), "readme of sales.o is no text"),
    "tags as text": (content(sales={"tags": "x"}), "tags of sales is no list"),
    "something below a column": (content(s={"tables": {"o": {"columns": {"id": {"": {}}}}}}), "unknown key"),
}


@pytest.mark.parametrize(("text", "said"), WRONG.values(), ids=WRONG)
def test_what_is_no_such_file_is_refused(text: str, said: str) -> None:
    with pytest.raises(file.WrongContent, match=said):
        file.from_json(text)


def test_it_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "d.json"
    file.save(str(path), FULL)
    full = mock.patch.object(os, "replace", side_effect=OSError(28, "No space left on device"))
    with full, pytest.raises(Failure, match=r"No space left.*What was there is as it was"):
        file.save(str(path), Kept("x", {}))
    assert file.load(str(path)) == FULL
    assert os.listdir(tmp_path) == ["d.json"]


def test_a_copy_is_kept_also_without_hard_links_and_twice_a_second(tmp_path: Path) -> None:
    path = str(tmp_path / "d.json")
    file.save(path, FULL)
    with mock.patch.object(os, "link", side_effect=OSError):
        copies = {file.keep_copy(path), file.keep_copy(path)}
    copies.add(file.keep_copy(path))
    assert len(copies) == 3
    assert {Path(copy).read_text() for copy in copies} == {Path(path).read_text()}


def test_a_directory_and_nothing(tmp_path: Path) -> None:
    assert file.load_if_there(str(tmp_path / "none")) is None
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(Failure, match="Cannot read"):
            file.load(str(path))
