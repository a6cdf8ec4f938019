# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated Metamapper with a small documented datastore, and the module documentation for it."""

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
    """A simulated Metamapper with the datastore "warehouse", and the module documentation for it."""

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
        """Run the module documentation with a state and further options."""
        own = {"state": state, "datastore": "warehouse", "path": str(self.path)}
        return run_module("documentation", {**self.api.options(**own), **options}, check=check, diff=diff)

    def forget(self) -> None:
        """Erase all documentation, as Metamapper does when it matches tables of different databases by equal oids."""
        for row in self.model.rows.values():
            row.short_desc, row.readme, row.tags = None, None, []
