# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""The report as text for the log of a pipeline: one line an aspect, the remedies under it, worst first."""

from __future__ import annotations

from typing import Iterator

from ansible_collections.metamapper.postgresql.plugins.module_utils._core.visible import visible, visible_lines
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.action import action_of
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.model import (
    Aspect,
    Group,
    Report,
    Server,
    grouped,
)
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.status import LABELS, label
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.wording import (
    STATUS_WORDS,
    absence,
    consequence,
    counts_text,
    extent,
    facts,
    left_out,
    place,
    remedy_label,
    unchecked,
    verdict,
)

# A log is read from its end, line by line: beyond this limit, the other formats have the details.
GROUPS_AN_ASPECT = 5
NAMED_SERVERS = 10
DECISIONS = 10
WIDTH = max(len(word) for word in STATUS_WORDS.values())
LABEL_WIDTH = max(len(word) for word in LABELS.values())


def _group_lines(group: Group) -> Iterator[str]:
    finding, more = group.first, len(group.findings) - 1
    object_name = f"{place(finding)} and {more:,} more" if more else place(finding)
    first, *others = visible_lines(finding.reason) or [""]
    yield f"    - {object_name}: {first}" if object_name else f"    - {first}"
    yield from (f"      {line}" for line in others)
    for remedy in finding.remedies:
        if remedy.is_alternative or remedy.by or remedy.kind in ("variable", "line"):
            yield f"        {remedy_label(remedy, group.findings)}:"
        yield from (f"        {line}" for line in visible_lines(remedy.text))


def _aspect_line(aspect: Aspect, reason: str) -> str:
    name = f"{visible(label(aspect.name)):<{LABEL_WIDTH}}"
    return f"  {STATUS_WORDS[aspect.status]:<{WIDTH}}  {name}  {counts_text(aspect.counts) or reason}".rstrip()


def _aspect_lines(server: Server, aspect: Aspect) -> Iterator[str]:
    reasons = unchecked(server, aspect.name)
    is_one = len(reasons) == 1 and aspect.status == "unknown"
    yield _aspect_line(aspect, reasons[0] if is_one else "")
    yield from (f"    - Not checked: {line}" for line in reasons if not is_one)
    told = grouped(finding for finding in server.of_aspect(aspect.name) if finding.severity != "information")
    for group in told[:GROUPS_AN_ASPECT]:
        yield from _group_lines(group)
    left = sum(len(group.findings) for group in told[GROUPS_AN_ASPECT:])
    if left:
        yield f"    - and {left:,} more: see the HTML or the JSON report"


def _title(server: Server) -> str:
    return f"{visible(server.name)}: {STATUS_WORDS[server.status]}"


def _time(server: Server, report: Report) -> str:
    return f"; verified {visible(server.created)}" if server.created < report.created else ""


def _decision_lines(report: Report) -> Iterator[str]:
    """Yield what has to be decided, in short: the remedies stand with each server."""
    decisions = action_of(report).decisions
    for group in decisions[:DECISIONS]:
        finding, more = group.first, len(group.findings) - 1
        names = " / ".join(filter(None, (visible(finding.server) if len(report.servers) > 1 else "", place(finding))))
        where = f" {names}{f' and {more:,} more' if more else ''}" if names else ""
        yield f"  - {label(finding.aspect)}{where}: {next(iter(visible_lines(finding.reason)), '')}"
    if len(decisions) > DECISIONS:
        yield f"  - and {len(decisions) - DECISIONS:,} more: see the HTML or the JSON report"


def _server_lines(server: Server, report: Report) -> Iterator[str]:
    yield ""
    yield _title(server)
    known = "; ".join(f"{label}: {value}" for label, value in facts(server, report))
    yield from (f"  {line}" for line in (known, extent(server), *left_out(server)) if line)
    for aspect in server.summary:
        yield from _aspect_lines(server, aspect)


def text_lines(report: Report) -> list[str]:
    """Return the lines of the report.

    Among more than ten servers, one that is ok has a single line: what needs work must not drown.
    """
    lines = [f"{verdict(report)} ({visible(report.created)})"]
    lines += [line for line in (consequence(report), absence(report), action_of(report).text) if line]
    lines.extend(_decision_lines(report))
    is_short = len(report.servers) > NAMED_SERVERS
    quiet = [server for server in report.servers if is_short and server.status == "ok"]
    for server in report.servers:
        if server not in quiet:
            lines.extend(_server_lines(server, report))
    if quiet:
        lines.append("")
        lines.extend(f"{_title(server)}; {extent(server)}{_time(server, report)}" for server in quiet)
    return lines


def render_text(report: Report) -> str:
    """Return the report as a text, without a line feed at its end."""
    return "\n".join(text_lines(report))
