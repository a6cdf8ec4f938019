# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""The report as JUnit XML, which the services that run pipelines show as tests."""

from __future__ import annotations

from typing import Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from ansible_collections.metamapper.postgresql.plugins.module_utils._core.visible import visible, visible_lines
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.model import (
    Finding,
    Report,
    Server,
    grouped,
)
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.overview import Row, parts_of
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.status import label
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.wording import STATUS_WORDS, counted, place

PLACES = 20


def render_junit(report: Report) -> str:
    """Return the report as XML: a suite for each server, a case for each question and database.

    A failure is a failed case, a warning is output of its case, what could not be checked is a skipped case.
    """
    root = Element("testsuites", name="Metamapper on PostgreSQL")
    for number, server in enumerate(report.servers, start=1):
        _suite(root, server, parts_of(server, number, report.aspects))
    for name in ("tests", "failures"):  # Jenkins' schema has no "skipped" here
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
    root.set("errors", "0")
    indent(root, " ")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="unicode")}'


def _suite(root: Element, server: Server, rows: Sequence[Row]) -> None:
    suite = SubElement(root, "testsuite", name=visible(server.name))
    for row in rows:
        for aspect in row.aspects:
            _case(suite, server, row, aspect.name)
    suite.set("tests", str(len(suite)))
    suite.set("failures", str(len(suite.findall("testcase/failure"))))
    suite.set("skipped", str(len(suite.findall("testcase/skipped"))))
    suite.set("errors", "0")


def _case(suite: Element, server: Server, row: Row, name: str) -> None:
    names = (server.name, row.name) if len(row.place) > 1 else (server.name,)
    case = SubElement(suite, "testcase", classname=" / ".join(map(visible, names)), name=visible(label(name)))
    found = [finding for finding in row.findings if finding.aspect == name]
    failures = [finding for finding in found if finding.severity == "failure"]
    warnings = [finding for finding in found if finding.severity == "warning"]
    is_unknown = any(aspect.name == name and aspect.status == "unknown" for aspect in row.aspects)
    if failures:
        message = counted(len(failures), "failure")
        SubElement(case, "failure", message=message, type=visible(name)).text = _told(failures)
    elif is_unknown:
        SubElement(case, "skipped", message=STATUS_WORDS["unknown"])
    if warnings:
        SubElement(case, "system-out").text = _told(warnings)


def _told(findings: Sequence[Finding]) -> str:
    lines = []
    for group in grouped(findings):
        lines += [place(finding) for finding in group.findings[:PLACES] if place(finding)]
        lines += [f"and {len(group.findings) - PLACES:,} more"] if len(group.findings) > PLACES else []
        lines += visible_lines(group.first.reason)
        lines += [f"    {line}" for remedy in group.first.remedies for line in visible_lines(remedy.text)]
    return "\n".join(lines)
