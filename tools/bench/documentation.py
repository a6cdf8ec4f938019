# SPDX-License-Identifier: GPL-3.0-or-later
"""The module documentation: exporting a datastore, and restoring it with nothing and with everything missing."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import Any, Iterator

from tools.bench.figures import Figure, Goal, amount
from tools.bench.scenario import Scenario, Turn, seconds
from tools.bench.sizes import Sizes
from tools.metamapper.server import Api, running
from tools.runners.modules import run_module

EXPORT = "export, each table with a description"
NOTHING = "restore where nothing is missing"
RESTORE = "restore where all is missing"
COLUMNS = ("a", "b", "c", "d", "e")
NOTE = "Against Metamapper in small, which shares the processor with the module and answers in less than a millisecond."


@contextlib.contextmanager
def documentation(sizes: Sizes) -> Iterator[Scenario]:
    """Create a datastore of each size, with documentation for each of its tables."""
    with running() as api, tempfile.TemporaryDirectory() as directory:
        turns: list[Turn] = []
        goals: list[Goal] = []
        for schemas in sizes.schemas:
            part = f"{schemas * sizes.relations:,} tables"
            options = _options(api, schemas, sizes.relations, Path(directory))
            turns.append(lambda part=part, options=options: _turn(api, part, options))  # type: ignore[misc]
            goals += [amount(f"{part}: {what}", (part, what), None, "s") for what in (EXPORT, NOTHING, RESTORE)]
        yield Scenario("documentation", turns, goals, NOTE)


def _options(api: Api, schemas: int, relations: int, directory: Path) -> dict[str, Any]:
    name = f"{schemas} schemas"
    datastore = api.model.add_datastore(name)
    tables = {f"t{number}": COLUMNS for number in range(relations)}
    api.model.scan(datastore, {f"s{number}": tables for number in range(schemas)})
    return api.options(datastore=name, path=str(directory / f"{schemas}.json"))


def _turn(api: Api, part: str, options: dict[str, Any]) -> Iterator[Figure]:
    def run(state: str) -> None:
        run_module("documentation", {**options, "state": state}).ok()

    tables = [row for row in api.model.rows.values() if row.kind == "tables"]
    for row in tables:
        row.short_desc = f"About {row.name}"
    yield Figure(part, EXPORT, seconds(lambda: run("exported")))
    yield Figure(part, NOTHING, seconds(lambda: run("restored")))
    for row in tables:
        row.short_desc = None
    yield Figure(part, RESTORE, seconds(lambda: run("restored")))
