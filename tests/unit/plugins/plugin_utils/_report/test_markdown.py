# SPDX-License-Identifier: GPL-3.0-or-later
"""The report in Markdown, as a Markdown parser reads it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.visible import visible
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.markdown import render_markdown
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.results import report_of
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.support.values.findings import (
    ATTACK,
    CREATED,
    FAILED,
    HOSTILE,
    OVERRIDE,
    PASSED,
    database,
    finding,
    report,
    result,
    schema,
    scope,
)

MARKUP = "# *a* _b_ `c` ``d`` [e](http://f) <b>g</b> | h ~~i~~ ![j](k) &amp; @everyone http://l.m 1. - + ---"
parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def tokens(text: str) -> list[Token]:
    """Return all tokens, including the inline ones."""
    return [inner for token in parser.parse(text) for inner in (token, *(token.children or ()))]


def shape(text: str) -> list[str]:
    """Return the types of a document's tokens, without text and inline code."""
    plain = ("text", "text_special", "inline", "code_inline", "softbreak")
    return [token.type for token in tokens(text) if token.type not in plain]


def shown(text: str) -> str:
    """Return the text that a reader sees, each run of whitespace replaced by a blank."""
    whole = " ".join(
        "".join(inner.content for inner in token.children) if token.children else token.content
        for token in parser.parse(text)
    )
    return re.sub(r"\s+", " ", whole)


def named(name: str) -> str:
    """Return a report in which everything has this name."""
    found = [
        finding("missing", "failure", name, f"{name}.", database=name, schema=name, relation=name),
        finding("breaks_scan", "failure", name, "ALTER ROLE a RESET b;", database=name),
    ]
    line = {"kind": "line", "text": name, "file": name}
    found.append({**finding("connection", "failure", "r"), "remedy": line})
    given = {**result([database(name, [schema(name)])], found, message=name), "scope": scope([(name, name, name)])}
    results = {f"A{name}": given, "z": None}
    return render_markdown(report_of(results, created=CREATED, absent=[name]))


PLAIN = shape(named("plain"))


@pytest.mark.parametrize(
    "name", [HOSTILE, ATTACK, OVERRIDE, MARKUP, "a\nb", "\n", "`", "``` x", "\\", "- a", "1. a", "=="]
)
def test_no_name_becomes_markup(name: str) -> None:
    text = named(name)
    assert shape(text) == PLAIN
    assert re.sub(r"\s+", " ", visible(name)) in shown(text)


def test_no_text_mentions_anybody() -> None:
    assert "@" not in re.sub(r"`[^`]*`", "", named("@everyone"))


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1))
def test_no_text_becomes_markup(name: str) -> None:
    assert shape(named(name)) == PLAIN


def test_it_begins_with_what_is_so_and_what_to_do() -> None:
    found = [
        finding("missing", "failure", "No SELECT.", 'GRANT SELECT ON "s"."t" TO g;', database="d"),
        finding("breaks_scan", "failure", "Odd name.", 'ALTER SCHEMA "S2" RENAME TO s2;', database="d", schema="S2"),
    ]
    text = render_markdown(report(db=result([database("d", [schema("s", visible=3)])], found, message="f")))
    inline = [token.content for token in parser.parse(text) if token.type == "inline"]
    assert [re.sub(r"\\(.)", r"\1", line) for line in inline[:4]] == [
        "❌ Verification failed: 2 failures",
        "If Metamapper scans now, it fails in 1 database.",
        "**Run grant_metamapper: it fixes 1 of 2 failures. 1 needs a decision:**",
        "**Breaks scan** `d` / `S2`: Odd name.",
    ]
    assert [(token.info, token.content) for token in tokens(text) if token.type == "fence"] == [
        ("shell", "ansible-playbook metamapper.postgresql.grant_metamapper\n"),
        ("sql", 'ALTER SCHEMA "S2" RENAME TO s2;\n'),
    ]


def cells(text: str) -> list[list[str]]:
    """Return the cells of the table, by row."""
    rows: list[list[str]] = []
    for before, token in zip(parser.parse(text), parser.parse(text)[1:]):
        if before.type == "tr_open":
            rows.append([])
        if before.type in ("td_open", "th_open"):
            rows[-1].append("".join(inner.content for inner in token.children or ()))
    return rows


def test_the_table_has_a_row_for_each_server() -> None:
    head, *rows = cells(render_markdown(report(b=PASSED, a=FAILED)))
    assert head[:5] == ["Server", "Visible", "Connection", "Missing", "Breaks scan"]
    assert [row[0] for row in rows] == ["❌ a", "✅ b"]
    assert (rows[0][3], rows[1][3]) == ("❌ 1", "✅")


def test_it_fits_into_a_comment() -> None:
    found: list[Any] = [
        finding("breaks_scan", "failure", f"{number} {'reason ' * 60}", "Do it.", database=f"d{number}")
        for number in range(900)
    ]
    parts = [database(f"d{number}", [schema("s")]) for number in range(900)]
    text = render_markdown(report(a=result(parts, found, message="f")))
    assert len(text) < 65_000
    told = text.count("**Breaks scan**")
    assert told > 20
    assert f"and {900 - told} more decisions, in the HTML report" in text
