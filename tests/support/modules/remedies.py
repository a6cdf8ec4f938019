# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs remedies literally: as the role and in the database that they name, in the given order."""

from __future__ import annotations

import contextlib
import copy
import os
from dataclasses import dataclass, field
from typing import Any, Callable, Mapping

from tests.support.postgres.site import Site, identifiers
from tools.postgres.server import DEFAULT_MAJOR
from tools.runners.modules import Outcome, run_module

Remedy = Mapping[str, Any]
NOT_COMPARED = frozenset({"information"})
EVERYTHING_COMPARED: frozenset[str] = frozenset()


@dataclass
class Scene:
    """A module, its options and a server with a problem.

    ``answers`` are values that only the user knows, by variable. ``grant`` grants access when a remedy says so, with
    ``granted`` in addition to the options of the scene. ``not_compared`` are severities of findings to be ignored.
    """

    site: Site
    module: str
    options: dict[str, Any]
    answers: dict[str, Any] = field(default_factory=dict)
    granted: dict[str, Any] = field(default_factory=dict)
    grant: Callable[[Scene], Any] = lambda _scene: None
    not_compared: frozenset[str] = NOT_COMPARED

    def run(self) -> Outcome:
        """Run the module."""
        return run_module(self.module, copy.deepcopy(self.options))

    def things(self) -> list[dict[str, Any]]:
        """Run the module and return the problems (access) or the findings (visibility) that count."""
        outcome = self.run()
        found = [one for one in outcome.get("findings", []) if one["severity"] not in self.not_compared]
        return [*found, *outcome.get("problems", [])]

    def apply(self, remedy: Remedy) -> None:
        """Carry out one remedy, and nothing else."""
        {"sql": self._sql, "variable": self._variable, "line": self._line}[remedy["kind"]](remedy)

    def _sql(self, remedy: Remedy) -> None:
        connection = self.site.server.connect(remedy["database"] or "postgres")
        with contextlib.closing(connection), connection.cursor() as cursor:
            connection.autocommit = True
            if remedy["role"]:
                cursor.execute(identifiers("SET ROLE {}", remedy["role"]))
            for statement in remedy["statements"]:
                cursor.execute(statement)

    def _variable(self, remedy: Remedy) -> None:
        name = remedy["name"].replace("metamapper_", "", 1)
        value = self.answers[remedy["name"]] if "value" not in remedy else remedy["value"]
        if name == "accept_lost":
            self.options["baseline"] = None
        elif remedy["database"]:
            (entry,) = (one for one in self.options["databases"] if one["name"] == remedy["database"])
            entry[name] = changed(entry.get(name, []), value, remedy["change"])
        elif name == "search_path":  # which is no option of visibility
            self.granted[name] = value
        else:
            self.options[name] = value
        if "grant_metamapper" in remedy.get("note", ""):
            self.grant(self)

    def _line(self, remedy: Remedy) -> None:
        assert remedy["file"] == "pg_hba.conf"
        current = (self.site.server.data / "pg_hba.conf").read_text()
        self.site.server.hba(f"{remedy['text']}\n{current}")


def changed(current: Any, value: Any, change: str) -> Any:
    """Return the value of a variable after a remedy changed it."""
    if change == "set":
        return value
    others = [one for one in current if one not in value]
    return [*others, *value] if change == "add" else others


def major_version() -> float:
    """Return the major version under test."""
    return float(os.environ.get("MM_PG") or DEFAULT_MAJOR)


def key(thing: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return what identifies a problem or a finding."""
    names = ("aspect", "database", "schema", "relation", "reason", "message")
    return tuple(thing.get(name, "") for name in names)


def plan(thing: Mapping[str, Any], situation: str) -> list[Remedy]:
    """Return the remedies to run: all that are required, or the alternative for a situation instead."""
    mine = [one for one in thing["remedies"] if one.get("situation") == situation]
    if mine and mine[0]["is_alternative"]:
        return mine
    return [one for one in thing["remedies"] if not one["is_alternative"] and one["kind"] != "person"]


def run_literally(scene: Scene, situation: str, meanwhile: Callable[[], Any] = lambda: None) -> None:
    """Run, carry out the remedies of all problems in order, and run again: the problems must be gone, without new ones.

    One of the remedies must be that of the situation. ``meanwhile`` is called before the second run, for remedies that
    say to wait.
    """
    before = scene.things()
    plans = {key(thing): plan(thing, situation) for thing in before}
    fixed = {name for name, remedies in plans.items() if remedies}
    run = [remedy.get("situation") for remedies in plans.values() for remedy in remedies]
    assert situation in run, [one for thing in before for one in (key(thing), thing["remedies"])]
    done: list[Remedy] = []
    for remedy in (one for remedies in plans.values() for one in remedies):
        if remedy not in done:
            done.append(remedy)
            scene.apply(remedy)
    meanwhile()
    after = {key(thing) for thing in scene.things()}
    assert after & fixed == set()
    assert after <= set(plans), after - set(plans)


def run_in_vain(scene: Scene, situation: str) -> None:
    """Run on a major version on which a situation cannot occur: no problem may have its remedy."""
    told = [remedy.get("situation") for thing in scene.things() for remedy in thing["remedies"]]
    assert situation not in told
