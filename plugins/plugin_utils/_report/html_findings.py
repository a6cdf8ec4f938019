# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""What was found on a server, by question, each with its remedy ready to copy."""

from __future__ import annotations

from typing import Sequence

from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.groups import Group, grouped
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.html_parts import (
    Limits,
    fold,
    folded,
    sign,
    unseen,
)
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.markup import (
    Markup,
    element,
    joined,
    lined,
    together,
)
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.model import Aspect, Finding, Server
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.status import QUESTIONS, STATUS_OF
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.visible import is_exact
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.wording import STATUS_WORDS, counted

GROUPS_SHOWN = 12
GROUPS_ON_PAGE = 2000
PLACES = Limits(shown=8, most=200)


def _place(names: tuple[str, ...]) -> Markup:
    database, inner = names[0], names[1:]
    tail = together(" › ", element("code", joined(".", inner))) if inner else ""
    return element("li", element("code", database), tail)


def _list(items: Sequence[Markup]) -> Markup:
    return element("ul", *items, class_="places")


def _remedy(text: str) -> Markup:
    label = "Remedy"
    if not is_exact(text):
        label = "Remedy, with hidden characters spelled out: take the exact text from the JSON report"
    preformatted = element("pre", element("code", lined(text)), tabindex="0", aria_label="Remedy")
    return element("div", element("span", label, class_="label"), preformatted, class_="remedy")


def _group(group: Group) -> Markup:
    places = [_place(finding.place) for finding in group.findings if finding.place]
    return element(
        "li",
        folded(places, PLACES, wrap=_list, noun="place") if places else "",
        element("p", lined(group.first.reason), class_="reason"),
        _remedy(group.first.remedy) if group.first.remedy else "",
    )


def _groups(findings: Sequence[Finding], limits: Limits) -> Markup:
    items = [_group(group) for group in grouped(findings)]
    return folded(items, limits, wrap=lambda part: element("ol", *part, class_="findings"), noun="finding")


def _aspect(aspect: Aspect, findings: Sequence[Finding], limits: Limits) -> Markup:
    status = STATUS_OF[findings[0].severity]
    title = together(
        sign(status),
        " ",
        element("b", aspect.name),
        unseen(f" {STATUS_WORDS[status]}: "),
        element("span", f"{QUESTIONS[aspect.name]} {counted(len(findings), 'finding')}", class_="question"),
    )
    opened = {"open": ""} if status == "failure" else {}
    body = element("div", _groups(findings, limits))
    return element("details", element("summary", title), body, class_=f"aspect {status}", **opened)


def findings_of(server: Server, *, servers: int) -> Markup:
    """Return all findings of one of so many servers: what is to be mended first, and notes folded away."""
    limits = Limits(GROUPS_SHOWN, max(GROUPS_SHOWN + 1, GROUPS_ON_PAGE // max(servers, 1)))
    parts: list[Markup] = []
    notes: list[Finding] = []
    for aspect in server.summary:
        findings = server.of_aspect(aspect.name)
        told = [finding for finding in findings if finding.severity != "information"]
        if told:
            parts.append(_aspect(aspect, told, limits))
        notes.extend(finding for finding in findings if finding.severity == "information")
    if parts:
        parts.insert(0, element("h3", "What to mend"))
    if notes:
        parts.append(fold(f"{counted(len(notes), 'note')} for information", _groups(notes, limits)))
    return together(*parts)
