# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Findings that differ only in their object, told once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Iterable

from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.model import Finding


@dataclass
class Group:
    """One reason and one remedy, for all of the findings."""

    findings: list[Finding] = field(default_factory=list)

    @property
    def first(self) -> Finding:
        """The finding that speaks for all of them."""
        return self.findings[0]


def grouped(findings: Iterable[Finding]) -> list[Group]:
    """Return findings with those of the same reason and remedy together, in the order of their first."""
    groups: dict[tuple[str, ...], Group] = {}
    for finding in findings:
        key = (finding.aspect, finding.severity, finding.reason, finding.remedy)
        groups.setdefault(key, Group()).findings.append(finding)
    return list(groups.values())
