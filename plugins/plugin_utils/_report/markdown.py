# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""The report in Markdown, for the summary of a pipeline or a comment on a merge request."""

from __future__ import annotations

import re
from typing import Iterator

from ansible_collections.metamapper.postgresql.plugins.module_utils._core.visible import (
    is_exact,
    visible,
    visible_lines,
)
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.action import Action, action_of
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.model import Counts, Group, Report
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.overview import Row, rows_of
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.remedy import Remedy
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.status import Status, label
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.wording import (
    absence,
    consequence,
    counted,
    moment,
    notes,
    remedy_label,
    verdict,
)

# A comment on GitHub holds 65,536 characters, the lowest limit of the places that this is pasted into.
CHARACTERS = 60_000
PLACES = 8
ROWS = 100
SIGNS = {"failure": "❌", "warning": "⚠️", "unknown": "❔", "ok": "✅"}
# Characters that could start markup, a link, HTML or a cell. https://spec.commonmark.org/0.31.2/#backslash-escapes
SPECIAL = re.compile(r"([\\`*_\[\]<>#|~&!$(){}+:.=-])")


def escaped(text: str) -> str:
    """Return a text that Markdown shows unchanged, on one line, without mentions, with hidden characters visible."""
    return SPECIAL.sub(r"\\\1", visible(text)).replace("@", "&#64;")


def one_line(text: str) -> str:
    """Return a text of several lines as one: two blanks at its end would be a line break."""
    return " ".join(escaped(line.strip()) for line in visible_lines(text) if line.strip())


def code(text: str) -> str:
    """Return a name as code; if it has a pipe, which would end a cell even in code, as escaped text."""
    shown = visible(text)
    if "|" in shown:
        return escaped(text)
    ticks = "`" * (max(map(len, re.findall("`+", shown)), default=0) + 1)
    edge = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{ticks}{edge}{shown}{edge}{ticks}"


def fenced(text: str, *, language: str, indent: str = "") -> list[str]:
    """Return the lines of a block of code that nothing in it can end."""
    fence = "`" * max(3, max(map(len, re.findall("`+", text)), default=0) + 1)
    return [indent + line for line in (f"{fence}{language}", *visible_lines(text), fence)]


def _answer(status: Status, counts: Counts) -> str:
    numbers = (("❌", counts.failures), ("⚠️", counts.warnings), ("ℹ️", counts.notes))
    return " ".join(f"{sign} {number:,}" for sign, number in numbers if number) or SIGNS[status]


def _row(row: Row) -> str:
    answers = (_answer(aspect.status, aspect.counts) for aspect in row.aspects)
    return f"| {' | '.join((f'{SIGNS[row.status]} {code(row.name)}', escaped(row.size), *answers))} |"


def _table(report: Report) -> list[str]:
    rows = rows_of(report)
    if not rows:
        return []
    titles = ["Database" if len(rows[-1].place) > 1 else "Server", "Visible", *map(label, report.aspects)]
    lines = [f"| {' | '.join(map(escaped, titles))} |", "|---" * len(titles) + "|", *map(_row, rows[:ROWS])]
    more = [f"and {len(rows) - ROWS:,} more, in the other formats of the report"] if len(rows) > ROWS else []
    return ["", *lines, "", *more, "❌ failures, ⚠️ warnings, ℹ️ notes, ❔ not checked"]


def _places(group: Group, report: Report) -> str:
    places = [
        " / ".join(code(name) for name in ((finding.server,) if len(report.servers) > 1 else ()) + finding.place)
        for finding in group.findings
    ]
    told = [place for place in dict.fromkeys(places) if place]
    more = [f"{len(told) - PLACES:,} more"] if len(told) > PLACES else []
    return ", ".join([*told[:PLACES], *more])


def _decision(group: Group, report: Report) -> list[str]:
    finding = group.first
    where = _places(group, report)
    lines = [f"* **{escaped(label(finding.aspect))}**{f' {where}' if where else ''}: {one_line(finding.reason)}"]
    for remedy in finding.remedies:
        lines += _remedy(remedy, group)
    return lines


def _remedy(remedy: Remedy, group: Group) -> list[str]:
    if remedy.kind == "person":
        return [f"  {one_line(remedy.text)}"]
    hidden = "" if is_exact(remedy.text) else ", with hidden characters spelled out: see the JSON report"
    language = {"sql": "sql", "variable": "yaml"}.get(remedy.kind, "text")
    title = f"  {escaped(remedy_label(remedy, group.findings) + hidden)}:"
    return ["", title, "", *fenced(remedy.text, language=language, indent="  ")]


def _decisions(action: Action, report: Report, room: int) -> Iterator[str]:
    """Yield the lines of the decisions, up to a number of characters."""
    for number, group in enumerate(action.decisions):
        lines = ["", *_decision(group, report)]
        room -= sum(len(line) + 1 for line in lines)
        if room < 0:
            yield from ("", f"and {counted(len(action.decisions) - number, 'more decision')}, in the HTML report")
            return
        yield from lines


def render_markdown(report: Report) -> str:
    """Return the report in Markdown with the tables of GitHub, in at most 65,000 characters."""
    action = action_of(report)
    lines = [f"## {SIGNS[report.status]} {escaped(verdict(report))}"]
    lines += ["", *(escaped(line) for line in (consequence(report), absence(report)) if line)]
    if action.sentence:
        lines += ["", f"**{escaped(action.sentence)}{':' if action.decisions else ''}**"]
    if action.command:
        lines += ["", *fenced(action.command, language="shell")]
    remarks = [f"* {escaped(line)}" for server in report.servers for line in notes(server)]
    end = [
        *_table(report),
        "",
        *remarks[:ROWS],
        "",
        escaped(moment(report)),
    ]
    lines += _decisions(action, report, CHARACTERS - sum(len(line) + 1 for line in (*lines, *end)))
    return "\n".join([*lines, *end])
