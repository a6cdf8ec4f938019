# SPDX-License-Identifier: GPL-3.0-or-later
"""The sizes of a benchmark run, taken from the environment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Mapping

from tools.postgres.server import DEFAULT_MAJOR


@dataclass(frozen=True)
class Sizes:
    """What the scenarios build; each uses the values that concern it."""

    major: str = DEFAULT_MAJOR
    runs: int = 3
    schemas: tuple[int, ...] = (1000,)
    relations: int = 20
    databases: int = 100
    servers: int = 50
    fleets: tuple[int, ...] = (100, 1000)

    def command(self, scenario: str) -> str:
        """Return the command that measures a scenario at these sizes."""
        usual = Sizes()
        words = {
            "SCHEMAS": f'"{" ".join(map(str, self.schemas))}"' if self.schemas != usual.schemas else "",
            "TABLES": self.relations if self.relations != usual.relations else "",
            "DATABASES": self.databases if self.databases != usual.databases else "",
            "SERVERS": self.servers if self.servers != usual.servers else "",
            "FLEETS": f'"{" ".join(map(str, self.fleets))}"' if self.fleets != usual.fleets else "",
            "RUNS": self.runs if self.runs != usual.runs else "",
            "PG": self.major if self.major != usual.major else "",
        }
        return " ".join(
            [f"make bench SCENARIO={scenario}", *(f"{key}={value}" for key, value in words.items() if value)]
        )


def sizes_from(environment: Mapping[str, str]) -> Sizes:
    """Return the sizes that the environment sets; an empty variable counts as unset."""
    given = {name: value for name, value in environment.items() if value}
    usual = Sizes()
    schemas, fleets = (tuple(int(count) for count in given.get(name, "").split()) for name in ("SCHEMAS", "FLEETS"))
    return Sizes(
        major=given.get("PG", usual.major),
        runs=int(given.get("RUNS", usual.runs)),
        schemas=schemas or usual.schemas,
        relations=int(given.get("TABLES", usual.relations)),
        databases=int(given.get("DATABASES", usual.databases)),
        fleets=fleets or usual.fleets,
        servers=int(given.get("SERVERS", usual.servers)),
    )
