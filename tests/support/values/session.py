# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for a session: it answers each query with given rows."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, Mapping, Sequence

from tests.support.values.names import SERVER_17


class Catalog:
    """A session that answers each query with the rows given for it, and records the parameters."""

    def __init__(self, answers: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        self._answers = answers
        self.connection = SimpleNamespace(server_version=SERVER_17)
        self.asked: dict[str, Mapping[str, Any]] = {}

    def records(self, query: str, parameters: Mapping[str, Any], record: type[Any]) -> Sequence[Any]:
        self.asked[query] = dict(parameters)
        return [record(**row) for row in self._answers.get(query, [])]
