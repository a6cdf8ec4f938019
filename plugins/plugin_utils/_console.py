# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""What actions write to the console in addition to their results: lines for people, with statements that can be copied.

Ansible's default callback prints results as JSON or YAML, where each quotation mark of a statement is escaped.
"""

from __future__ import annotations

from typing import Any, Iterator, Mapping, Sequence

from ansible import constants
from ansible.utils.display import Display
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.visible import visible, visible_lines
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.model import Finding
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.remedy import remedies_of
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.wording import remedy_label

Problem = Mapping[str, Any]

# Any other callback may print JSON, or record events, which additional lines would break.
CALLBACKS = frozenset({"default", "ansible.builtin.default"})
INDENT = " " * 5


def is_for_people() -> bool:
    """Return whether lines may be written between the results on the console."""
    return constants.DEFAULT_STDOUT_CALLBACK in CALLBACKS  # type: ignore[attr-defined]


def write_lines(display: Display, lines: Sequence[str]) -> None:
    """Write lines to the console as one block, even if other hosts write at the same time; nothing for no lines."""
    if lines:
        display.display("\n".join(lines))


def problem_lines(host: str, problems: Sequence[Problem]) -> list[str]:
    """Return numbered problems, each with its remedies below it, and statements on lines of their own.

    Empty for a single problem without a statement to copy: its message says all of it.
    """
    if len(problems) == 1 and not _has_statement(problems[0]):
        return []
    number = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    lines = [f"{visible(host)}: {number}"]
    for place, problem in enumerate(problems, start=1):
        lines += [f"{f'{place}.':>4} {visible(str(problem['message']))}", *_remedy_lines(problem)]
    return lines


def _has_statement(problem: Problem) -> bool:
    return any(remedy.kind == "sql" for remedy in remedies_of(problem))


def _remedy_lines(problem: Problem) -> Iterator[str]:
    place = Finding("connection", "failure", database=str(problem.get("database") or ""))
    for remedy in remedies_of(problem):
        is_sentence = remedy.kind == "person" and not remedy.is_alternative
        yield from [] if is_sentence else [f"{INDENT}{remedy_label(remedy, [place])}:"]
        yield from (f"{INDENT}{'' if is_sentence else '  '}{line}" for line in visible_lines(remedy.text))


def short_message(result: Mapping[str, Any]) -> str:
    """Return a short message about the problems of a result; its key ``problems`` has the details."""
    problems = result["problems"]
    more = len(problems) - 1
    if not more:
        return str(result["msg"])
    others = f"And {more} more problem{'s' if more > 1 else ''}, in the key problems."
    committed = visible("; ".join(result["committed"]))
    again = f" Committed before this: {committed}. Run again to complete it." if committed else ""
    return f"{visible(str(problems[0]['message']))} {others}{again}"
