# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""The report as one page that needs nothing but itself: no script, no font, no picture, no network."""

from __future__ import annotations

from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.html_findings import findings_of
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.html_matrix import (
    anchor,
    databases_of,
    overview,
)
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.html_parts import SIGNS, badge, sign
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.markup import (
    Markup,
    element,
    lined,
    raw,
    together,
)
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.model import Report, Server
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.status import QUESTIONS, STATUSES
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.style import security_policy, style_sheet
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.wording import (
    STATUS_WORDS,
    counted,
    extent,
    facts,
    verdict,
)

OPEN_SERVERS = 5


def _head(report: Report) -> Markup:
    sheet = style_sheet()
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=security_policy(sheet)),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="referrer", content="no-referrer"),
        element("meta", name="robots", content="noindex"),
        element("title", f"{STATUS_WORDS[report.status]}: Metamapper on PostgreSQL"),
        element("style", raw(sheet)),
    )


def _figure(value: str, label: str) -> Markup:
    return element("li", element("b", value), element("span", label, class_="muted"))


def _figures(report: Report) -> Markup:
    databases = list(report.databases)
    figures = [
        (len(report.servers), "server"),
        (len(databases), "database"),
        (sum(len(database.schemas) for database in databases), "schema"),
    ]
    shown = [_figure(f"{number:,}", counted(number, noun).split(" ", 1)[1]) for number, noun in figures]
    covered = report.relations
    shown.append(_figure(f"{covered.percent} %", f"of {counted(covered.expected, 'relation')} visible"))
    return element("ul", *shown, class_="figures")


def _header(report: Report) -> Markup:
    title = element("div", sign(report.status), element("h1", verdict(report)), class_=f"verdict {report.status}")
    pending = ""
    if report.pending:
        pending = element("p", f"Still to come: {', '.join(report.pending)}", class_="muted")
    return element(
        "header",
        element("p", "Metamapper on PostgreSQL", class_="eyebrow"),
        title,
        element("p", f"Verified {report.created}, logged in as Metamapper does", class_="muted"),
        pending,
        _figures(report),
    )


def _server(report: Report, number: int) -> Markup:
    server = report.servers[number - 1]
    opened = {"open": ""} if len(report.servers) == 1 or (number <= OPEN_SERVERS and server.status != "ok") else {}
    title = element("h2", server.name)
    size = element("span", extent(server), class_="muted")
    known = (element("div", element("dt", label), element("dd", value)) for label, value in facts(server))
    body = element(
        "div",
        element("dl", *known, class_="facts"),
        _message(server),
        findings_of(server, servers=len(report.servers)),
        databases_of(server, databases=sum(1 for _database in report.databases)),
    )
    summary = element("summary", title, badge(server.status), size)
    return element("details", summary, body, class_=f"card {server.status}", id=anchor(number), **opened)


def _message(server: Server) -> Markup:
    is_told = any(finding.severity == "failure" for finding in server.findings)
    return together() if is_told or not server.message else element("p", lined(server.message), class_="message")


def _footer() -> Markup:
    questions = (together(element("dt", name), element("dd", question)) for name, question in QUESTIONS.items())
    signs = together(*(together(badge(status), " ") for status in STATUSES if status in SIGNS))
    reading = element("section", element("h2", "How to read this page"), element("p", signs), element("dl", *questions))
    return element(
        "footer",
        reading,
        element("p", "A click on a remedy selects all of it, ready to copy.", class_="muted"),
    )


def render_html(report: Report) -> str:
    """Return the page, in UTF-8 once written; every text from a server, a host or a person is escaped in it."""
    sections = [_server(report, number) for number in range(1, len(report.servers) + 1)]
    main = element(
        "main",
        element("section", element("h2", "At a glance"), overview(report), class_="card"),
        element("section", element("h2", "Servers"), *sections),
        id="main",
    )
    skip = element("a", "Skip to the answers", class_="skip", href="#main")
    body = element("body", skip, _header(report), main, _footer())
    return f"{raw('<!DOCTYPE html>')}\n{element('html', _head(report), body, lang='en')}"
