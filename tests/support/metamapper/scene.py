# SPDX-License-Identifier: GPL-3.0-or-later
"""A Metamapper with a small datastore in which something is written, and the module for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tools.metamapper.model import Model
from tools.metamapper.server import Api
from tools.runners.modules import Outcome, run_module

HOSTILE = "we\"ird.näme\\'; --"
CATALOG = {
    "sales": {"orders": ["id", "note"], HOSTILE: [HOSTILE], "plain": ["id"]},
    HOSTILE: {"t": ["a"]},
}


class Scene:
    """A Metamapper with the datastore "warehouse", and the module for it."""

    def __init__(self, api: Api, directory: Path) -> None:
        self.api = api
        self.model: Model = api.model
        self.path = directory / "warehouse.json"
        self.datastore = self.model.add_datastore("warehouse")
        self.model.add_datastore("Erp")
        self.model.scan(self.datastore, CATALOG)
        orders = self.model.at(self.datastore, "sales", "orders")
        orders.short_desc, orders.readme, orders.tags = "What was ordered", "<p>a &amp; b</p>", ["pii", "core"]
        self.model.at(self.datastore, "sales", "orders", "note").short_desc = "Free text"
        self.model.at(self.datastore, "sales", HOSTILE).readme = HOSTILE
        self.model.at(self.datastore, "sales", HOSTILE, HOSTILE).tags = [HOSTILE]
        self.model.at(self.datastore, HOSTILE).tags = ["x"]

    def run(self, state: str, *, check: bool = False, diff: bool = False, **options: Any) -> Outcome:
        """Run the module."""
        own = {"state": state, "datastore": "warehouse", "path": str(self.path)}
        return run_module("documentation", {**self.api.options(**own), **options}, check=check, diff=diff)

    def forget(self) -> None:
        """Let all that was written be gone, as where oids meet."""
        for row in self.model.rows.values():
            row.short_desc, row.readme, row.tags = None, None, []
