# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""The one thing to do, and what somebody has to decide."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.model import (
    Group,
    Report,
    counts_of,
    grouped,
)
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.wording import counted

COMMAND = "ansible-playbook metamapper.postgresql.grant_metamapper"
# Names without characters that are special in a shell or an Ansible pattern.
PLAIN = re.compile(r"[A-Za-z0-9][\w.-]*", re.ASCII)
NAMED_SERVERS = 20


@dataclass(frozen=True)
class Action:
    """What to do next.

    ``command`` is empty if no playbook fixes anything. ``decisions`` are the failures that only a person can fix,
    grouped by reason and remedy.
    """

    sentence: str
    command: str = ""
    decisions: tuple[Group, ...] = ()

    @property
    def text(self) -> str:
        """The sentence with its command, if there is one, and its period."""
        ended = self.sentence.rstrip(".")
        return f"{ended}{f' ({self.command})' if self.command else ''}." if ended else ""


def action_of(report: Report) -> Action:
    """Return the one thing to do."""
    failures = report.failures
    if not failures:
        warnings = counts_of(report.findings).warnings
        return Action(
            f"No action required. {counted(warnings, 'warning')} to review." if warnings else _nothing(report)
        )
    fixed = [finding for finding in failures if finding.is_fixed_by_grant]
    decisions = tuple(grouped(finding for finding in failures if not finding.is_fixed_by_grant))
    left = len(failures) - len(fixed)
    needed = f"need{'s' if left == 1 else ''} a decision"
    if not fixed:
        return Action(f"{counted(left, 'failure')} {needed}", decisions=decisions)
    what = f"{len(fixed):,} of {counted(len(failures), 'failure')}" if left else _all(len(fixed))
    sentence = f"Run grant_metamapper: it fixes {what}."
    return Action(
        f"{sentence} {left:,} {needed}" if left else sentence,
        _command(report, {each.server for each in fixed}),
        decisions,
    )


def _nothing(report: Report) -> str:
    return "No action required." if report.status == "ok" else ""


def _all(number: int) -> str:
    return "the failure" if number == 1 else f"all {counted(number, 'failure')}"


def _command(report: Report, servers: set[str]) -> str:
    """Return the command, limited to these servers if they are few and their names are plain."""
    is_all = len(servers) == len(report.servers) and not report.absent
    if is_all or len(servers) > NAMED_SERVERS or not all(PLAIN.fullmatch(name) for name in servers):
        return COMMAND
    return f"{COMMAND} --limit {','.join(sorted(servers))}"
