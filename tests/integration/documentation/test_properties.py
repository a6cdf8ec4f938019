# SPDX-License-Identifier: GPL-3.0-or-later
"""For any names and texts: a restore after an export changes nothing, and one after a loss restores everything."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.metamapper.scene import HOSTILE
from tools.metamapper.model import clean_html
from tools.metamapper.server import Api, running
from tools.runners.modules import Outcome, run_module

pytestmark = pytest.mark.majorless

CHARACTERS = st.characters(blacklist_categories=["Cs"], blacklist_characters="\0")
NAMES = st.one_of(st.sampled_from(["sales", "a.b", HOSTILE]), st.text(CHARACTERS, min_size=1, max_size=8))
# Texts that Metamapper's API or its web pages may have stored; the pages accept longer descriptions.
LINES = st.one_of(st.none(), st.just(""), st.text(CHARACTERS, max_size=139).map(str.strip))
PAGES = st.one_of(st.none(), st.text(CHARACTERS, max_size=40).map(clean_html).map(str.strip))
TAGS = st.lists(st.text(CHARACTERS, min_size=1, max_size=30).map(str.strip).filter(bool), max_size=10, unique=True)
TEXTS = st.tuples(LINES, PAGES, TAGS)
CATALOGS = st.dictionaries(
    NAMES, st.dictionaries(NAMES, st.lists(NAMES, max_size=2, unique=True), max_size=2), max_size=2
)


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    """One server; each example has its own datastore."""
    with running() as own:
        yield own


def run(api: Api, datastore: str, path: Path, state: str) -> Outcome:
    """Run the module."""
    return run_module("documentation", api.options(state=state, datastore=datastore, path=str(path)))


@settings(max_examples=25, deadline=None)
@given(CATALOGS, st.data())
def test_restore_after_export_changes_nothing_and_after_a_loss_brings_all_back(
    api: Api, catalog: dict[str, Any], data: st.DataObject
) -> None:
    name = f"datastore {len(api.model.datastores)}"
    datastore = api.model.add_datastore(name)
    api.model.scan(datastore, catalog)
    rows = [api.model.rows[identifier] for identifier in api.model.texts(datastore)]
    for row in rows:
        row.short_desc, row.readme, row.tags = data.draw(TEXTS)
        if row.kind == "schemas":
            row.short_desc = row.readme = None
    written = api.model.texts(datastore)
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "d.json"
        run(api, name, path, "exported").ok()
        assert not run(api, name, path, "exported").ok().changed
        assert not run(api, name, path, "restored").ok().changed
        for row in data.draw(st.lists(st.sampled_from(rows), unique_by=lambda row: row.id)) if rows else []:
            row.short_desc, row.readme, row.tags = None, None, []
        restored = run(api, name, path, "restored").ok()
        assert restored["not_written"] == []
        assert api.model.texts(datastore) == written
        assert not run(api, name, path, "restored").ok().changed
