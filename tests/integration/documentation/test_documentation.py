# SPDX-License-Identifier: GPL-3.0-or-later
"""Module documentation against a fake Metamapper: export, restore, what cannot be written, and what is kept."""

from __future__ import annotations

import json
import os
import stat
from collections import deque
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.problem import Failure
from ansible_collections.metamapper.postgresql.plugins.module_utils._documentation.catalog import list_all
from ansible_collections.metamapper.postgresql.plugins.module_utils._documentation.client import Client
from ansible_collections.metamapper.postgresql.plugins.module_utils._documentation.options import (
    DOCUMENTATION_ARGUMENTS,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._documentation.place import place_from_options

from tests.support.metamapper.scene import CATALOG, HOSTILE, Scene
from tools.metamapper.server import TOKEN, TOKEN_ID, TOKEN_SECRET, before, status

pytestmark = pytest.mark.majorless

DEFAULTS = {name: option.get("default") for name, option in DOCUMENTATION_ARGUMENTS.items()}


def patches(scene: Scene) -> int:
    """Return how many requests tried to write."""
    return sum(request.startswith("PATCH") for request in scene.api.requests)


def test_check_export_again_and_after_a_change(scene: Scene) -> None:
    assert scene.run("exported", check=True).ok().changed
    assert not scene.path.exists()

    exported = scene.run("exported", diff=True).ok()
    assert exported.changed
    assert exported["documented"] == {"schemas": 1, "tables": 2, "columns": 2}
    assert exported["shown"] == {"schemas": 2, "tables": 4, "columns": 5}
    assert json.loads(scene.path.read_text())["schemas"]["sales"]["tables"]["orders"] == {
        "short_desc": "What was ordered",
        "readme": "<p>a &amp; b</p>",
        "tags": ["core", "pii"],
        "columns": {"note": {"short_desc": "Free text"}},
    }
    assert stat.S_IMODE(scene.path.stat().st_mode) == 0o640
    assert "What was ordered" in exported["diff"]["after"]

    again = scene.run("exported").ok()
    assert (again.changed, again["backup_file"], again.warnings) == (False, "", [])

    scene.model.at(scene.datastore, "sales", "plain").short_desc = "New"
    assert scene.run("exported").ok()["backup_file"] == ""
    assert patches(scene) == 0
    assert os.listdir(scene.path.parent) == ["warehouse.json"]


def test_check_restore_again(scene: Scene) -> None:
    before_loss = scene.model.texts(scene.datastore)
    scene.run("exported").ok()
    assert not scene.run("restored").ok().changed
    assert patches(scene) == 0

    scene.forget()
    checked = scene.run("restored", check=True, diff=True).ok()
    assert (checked.changed, patches(scene)) == (True, 0)
    assert "What was ordered" in checked["diff"]["after"]
    assert checked["diff"]["before"] == ""

    restored = scene.run("restored").ok()
    assert restored["written"] == checked["written"]
    assert (restored["not_written"], restored["kept"], restored.warnings) == ([], [], [])
    assert len(restored["written"]) == patches(scene) == 5
    assert scene.model.texts(scene.datastore) == before_loss
    assert not scene.run("restored").ok().changed


def test_an_export_after_a_loss_keeps_the_file_as_it_was(scene: Scene) -> None:
    scene.run("exported").ok()
    good = scene.path.read_text()
    scene.model.at(scene.datastore, "sales", "orders").readme = "of another table"
    planned = scene.run("exported", check=True).ok()
    assert planned["backup_file"] == ""
    second = scene.run("exported").ok()
    assert second["no_longer_there"] == [{"schema": "sales", "table": "orders", "column": ""}]
    assert Path(second["backup_file"]).read_text() == good
    assert second["backup_file"] in second.warnings[0]
    scene.run("restored", path=second["backup_file"], restore="all").ok()
    assert scene.model.at(scene.datastore, "sales", "orders").readme == "<p>a &amp; b</p>"


def test_what_somebody_has_written_since_is_kept_or_replaced(scene: Scene) -> None:
    scene.run("exported").ok()
    orders = scene.model.at(scene.datastore, "sales", "orders")
    orders.short_desc, orders.readme = "Newer", ""
    missing = scene.run("restored").ok()
    assert missing["kept"] == [
        {
            "schema": "sales",
            "table": "orders",
            "column": "",
            "field": "short_desc",
            "reason": "Metamapper has another text.",
        }
    ]
    assert (orders.short_desc, orders.readme) == ("Newer", "<p>a &amp; b</p>")
    assert not scene.run("restored").ok().changed
    assert scene.run("restored", restore="all").ok()["kept"] == []
    assert orders.short_desc == "What was ordered"
    assert not scene.run("restored", restore="all").ok().changed


def test_what_somebody_writes_during_the_restore_is_kept(scene: Scene) -> None:
    scene.run("exported").ok()
    scene.forget()
    orders = scene.model.at(scene.datastore, "sales", "orders")
    reads = len(scene.api.requests)
    scene.run("restored", check=True).ok()
    reads = len(scene.api.requests) - reads
    scene.api.faults.extend([None] * reads)
    scene.api.faults.append(before(lambda: setattr(orders, "short_desc", "Meanwhile")))
    scene.run("restored").ok()
    assert (orders.short_desc, orders.readme) == ("Meanwhile", "<p>a &amp; b</p>")


def too_long(scene: Scene) -> None:
    scene.model.at(scene.datastore, "sales", "plain").short_desc = "x" * 141


def many_tags(scene: Scene) -> None:
    scene.model.at(scene.datastore, "sales", "plain").tags = [f"t{number}" for number in range(11)]


def long_tag(scene: Scene) -> None:
    scene.model.at(scene.datastore, "sales", "plain").tags = ["x" * 31]


@pytest.mark.parametrize(
    ("write", "field", "reason"),
    [
        pytest.param(too_long, "short_desc", "141 characters", id="description"),
        pytest.param(many_tags, "tags", "11 tags", id="tags"),
        pytest.param(long_tag, "tags", "longer than 30", id="a tag"),
    ],
)
def test_what_the_api_does_not_take_is_listed(scene: Scene, write: Any, field: str, reason: str) -> None:
    write(scene)
    scene.run("exported").ok()
    scene.forget()
    for _run in range(2):
        restored = scene.run("restored").ok()
        (found,) = restored["not_written"]
        assert (found["table"], found["column"], found["field"]) == ("plain", "", field)
        assert reason in found["reason"]
        assert "sales.plain" in restored.warnings[0]
    assert not restored.changed


def test_hidden_objects_are_listed_and_the_others_written(scene: Scene) -> None:
    scene.run("exported").ok()
    scene.forget()
    scene.model.scan(scene.datastore, {"sales": {"orders": ["id"]}})
    restored = scene.run("restored").ok()
    assert [list(found.values())[:3] for found in restored["not_written"]] == [
        ["sales", "orders", "note"],
        ["sales", HOSTILE, ""],
        ["sales", HOSTILE, HOSTILE],
        [HOSTILE, "", ""],
    ]
    assert scene.model.at(scene.datastore, "sales", "orders").short_desc == "What was ordered"

    scene.model.scan(scene.datastore, CATALOG)
    assert scene.run("restored").ok()["not_written"] == []


def test_an_object_that_is_hidden_while_it_is_written_is_listed(scene: Scene) -> None:
    scene.run("exported").ok()
    scene.forget()
    reads = len(scene.api.requests)
    scene.run("restored", check=True).ok()
    reads = len(scene.api.requests) - reads
    scene.api.faults.extend([None] * reads)
    scene.api.faults.append(before(lambda: scene.model.scan(scene.datastore, {"sales": {"plain": ["id"]}})))
    restored = scene.run("restored").ok()
    assert len(restored["not_written"]) + len(restored["written"]) == 5
    assert restored["not_written"]


def test_a_loss_by_oid_is_brought_back(scene: Scene) -> None:
    """A table of another datastore is hidden; this one's table with that oid is deleted, and gets its text back."""
    other = scene.model.add_datastore("clone")
    scene.model.scan(scene.datastore, CATALOG, {"sales.orders": "16384"})
    scene.model.scan(other, {"app": {"people": ["id"]}}, {"app.people": "16384"})
    scene.run("exported").ok()
    scene.model.at(other, "app", "people").short_desc = "People"
    scene.model.scan(other, {"app": {}})
    orders = scene.model.at(scene.datastore, "sales", "orders")
    assert orders.short_desc == "People"
    scene.run("restored", restore="all").ok()
    assert (orders.short_desc, orders.readme) == ("What was ordered", "<p>a &amp; b</p>")


def test_a_file_of_another_datastore_is_restored_with_a_warning(scene: Scene) -> None:
    scene.run("exported").ok()
    other = scene.model.add_datastore("moved")
    scene.model.scan(other, CATALOG)
    moved = scene.run("restored", datastore="moved").ok()
    assert 'exported from the datastore "warehouse"' in moved.warnings[0]
    texts = sorted(scene.model.texts(other).values())
    assert texts == sorted(scene.model.texts(scene.datastore).values())


@pytest.mark.parametrize("content", ["", "{}", '{"format": "other"}', "[1]", "{", "\x00"], ids=repr)
def test_a_file_that_is_none_of_ours_is_refused_and_stays(scene: Scene, content: str) -> None:
    scene.path.write_text(content)
    for state in ("exported", "restored"):
        refused = scene.run(state)
        assert refused.failed
        assert str(scene.path) in refused["msg"]
    assert scene.path.read_text() == content
    assert scene.api.requests == []


def test_without_a_directory_nothing_is_exported(scene: Scene) -> None:
    refused = scene.run("exported", path=str(scene.path.parent / "none" / "x.json"))
    assert refused.failed
    assert "Create the directory" in refused["msg"]


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        pytest.param("warehuose", "Did you mean warehouse?", id="typo"),
        pytest.param("nothing like it", "There are: Erp, warehouse.", id="unknown"),
        pytest.param("erp", "Did you mean Erp?", id="case"),
    ],
)
def test_a_datastore_that_is_not_there(scene: Scene, name: str, advice: str) -> None:
    refused = scene.run("exported", datastore=name)
    assert refused.failed
    assert advice in refused["msg"]


def test_pages_are_read_to_their_end_or_not_at_all(scene: Scene) -> None:
    """Metamapper's cursor can skip at most a thousand rows with the same time; the rows after these are unreachable."""
    scene.model.scan(scene.datastore, {"big": {f"t{number}": [] for number in range(2500)}})
    schema = scene.model.at(scene.datastore, "big").id
    client = Client(place_from_options({**DEFAULTS, **scene.api.options()}))
    assert len({item["name"] for item in list_all(client, f"schemas/{schema}/tables")}) == 2500

    for row in scene.model.inside("tables", schema):
        row.created_at = 1
    with pytest.raises(Failure, match="has 2500 items, but its pages contained 2000"):
        list_all(client, f"schemas/{schema}/tables")


def test_a_list_that_grows_while_it_is_read_is_read_again(scene: Scene) -> None:
    def grow() -> None:
        scene.model.scan(scene.datastore, {"big": {f"t{number}": [] for number in range(1200)}})

    scene.model.scan(scene.datastore, {"big": {f"t{number}": [] for number in range(1100)}})
    schema = scene.model.at(scene.datastore, "big").id
    client = Client(place_from_options({**DEFAULTS, **scene.api.options()}))
    scene.api.faults.extend([None, before(grow)])
    assert len(list_all(client, f"schemas/{schema}/tables")) == 1200


def test_the_token_is_in_no_output_and_no_file(scene: Scene) -> None:
    outcomes = [scene.run("exported"), scene.run("restored"), scene.run("exported", datastore="x")]
    outcomes.append(scene.run("exported", api_token=f"{TOKEN_ID}:{TOKEN_SECRET}").ok())
    scene.api.token_is_enabled = False
    outcomes.append(scene.run("exported"))
    for text in [*(outcome.text for outcome in outcomes), scene.path.read_text()]:
        assert not any(secret in text for secret in (TOKEN, TOKEN_SECRET))


def test_pause_and_resume_with_check_and_again(scene: Scene) -> None:
    datastore = scene.model.datastores[scene.datastore]
    for state, enabled in (("paused", False), ("resumed", True)):
        planned = scene.run(state, check=True, diff=True, path=None).ok()
        assert (planned.changed, datastore.is_enabled) == (True, not enabled)
        assert planned.result["diff"]["after"] == f"is_enabled: {str(enabled).lower()}\n"
        assert (scene.run(state, path=None).ok().changed, datastore.is_enabled) == (True, enabled)
        assert not scene.run(state, path=None).ok().changed


def test_datastores_are_listed(scene: Scene) -> None:
    for pattern, expected in (("*", ["Erp", "warehouse"]), ("ware*", ["warehouse"]), ("Erp", ["Erp"]), ("x*", [])):
        listed = scene.run("listed", path=None, datastore=pattern).ok()
        assert (listed.changed, listed.result["datastores"]) == (False, expected)


def test_a_refused_pause_is_no_pause(scene: Scene) -> None:
    scene.api.faults = deque([None, status(405)])
    refused = scene.run("paused", path=None)
    assert refused.failed
    assert "answered what its REST API does not answer (status 405" in refused.result["msg"]
    scene.model.datastores[scene.datastore].is_enabled = False
    scene.api.faults = deque([None, status(404, body=b"{}")])
    assert 'Metamapper did not resume the datastore "warehouse" (404)' in scene.run("resumed", path=None).result["msg"]


@pytest.mark.parametrize("state", ["exported", "restored"])
def test_a_path_is_needed_for_a_file(scene: Scene, state: str) -> None:
    assert f"path is required where state is {state}." in scene.run(state, path=None).result["msg"]
