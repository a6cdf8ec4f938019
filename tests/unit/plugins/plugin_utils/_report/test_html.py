# SPDX-License-Identifier: GPL-3.0-or-later
"""The page loads nothing, escapes markup in names, and is accessible."""

from __future__ import annotations

import base64
import hashlib
import re
import unicodedata
from html.parser import HTMLParser
from typing import Any, Mapping

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.visible import visible
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.html import HERE, _page, render_html
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.json import as_document
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.model import Report
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.results import report_of
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import UndefinedError

from tests.support.values.findings import (
    ATTACK,
    CREATED,
    FAILED,
    HOSTILE,
    OVERRIDE,
    PASSED,
    Result,
    database,
    finding,
    report,
    result,
    schema,
    scope,
)

VOID = {"input", "meta"}
# The palettes of the style sheet, the light one first: two rules that set nothing but colours.
LIGHT, DARK = (
    dict(re.findall(r"--([\w-]+): (#\w{6});", rule))
    for rule in re.findall(r":root \{([^}]*)\}", (HERE / "page.css").read_text())
)


class Page(HTMLParser):
    """The elements of a page in order, and its text; raises AssertionError if an element is not closed."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.style = ""
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open[-1:] == ["style"]:
            self.style += data
        else:
            self.text += data

    def attributes(self, tag: str) -> list[dict[str, str | None]]:
        """Return the attributes of every element with this tag."""
        return [attributes for name, attributes in self.elements if name == tag]


def a_sentence(text: str) -> Any:
    """Return a remedy that is a sentence even if its text, such as a hostile name, would be recognized as SQL."""
    return {"kind": "person", "text": text}


def named(name: str) -> Report:
    """Return a report in which everything has this name."""
    found = [
        finding(aspect, severity, name, a_sentence(name), database=name, schema=name, relation=name)
        for aspect, severity in (("missing", "failure"), ("future", "warning"), ("limits", "information"))
    ]
    whole = {
        **result([database(name, [schema(name, visible=1), schema(name, privilege="metadata")])], found, message=name),
        "server_version": name,
        "connection": {"host": name, f"A{name}": name},
    }
    # "A" before the name keeps the order of the two, whatever the name is
    return report_of({f"A{name}": whole, "crashed": {"msg": name}}, created=CREATED, pending=[name])


PLAIN = Page(render_html(named("plain")))


def many(databases: int, schemas: int) -> Report:
    """Return a report on one server with many databases, one of which has a finding."""
    parts = [
        database(f"shop_{number:03d}", [schema(f"tenant_{number:03d}_{part}") for part in range(schemas)])
        for number in range(databases)
    ]
    parts[-1]["schemas"][0] = schema("short", visible=3)
    lost = finding("missing", "failure", "No SELECT.", "GRANT;", database=parts[-1]["name"], schema="short")
    return report_of({"db": result(parts, [lost], message="failed")}, created=CREATED)


@pytest.mark.parametrize("name", [HOSTILE, ATTACK, OVERRIDE])
def test_hostile_names_are_shown_and_add_no_element(name: str) -> None:
    page = Page(render_html(named(name)))
    assert page.elements == PLAIN.elements
    assert visible(name) in page.text


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=()), min_size=1))
def test_no_name_adds_an_element_or_hides_a_character(name: str) -> None:
    text = render_html(named(name))
    assert Page(text).elements == PLAIN.elements
    assert {character for character in text if unicodedata.category(character) in ("Cc", "Cf", "Cs")} == {"\n"}


def test_a_value_that_is_not_there_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        _page().render()


def test_nothing_is_loaded_and_no_script_runs() -> None:
    page = Page(render_html(named(ATTACK)))
    tags = {tag for tag, _attributes in page.elements}
    keys = {key for _tag, attributes in page.elements for key in attributes}
    assert not tags & {"script", "img", "link", "iframe", "object", "embed", "svg", "base", "form"}
    assert not [key for key in keys if key.startswith("on") or key in ("style", "src", "srcset", "action")]
    assert all(str(link["href"]).startswith("#") for link in page.attributes("a"))
    assert "url(" not in page.style
    assert "@import" not in page.style


def test_the_policy_allows_this_style_sheet_and_nothing_else() -> None:
    digest = base64.b64encode(hashlib.sha256(PLAIN.style.encode()).digest()).decode()
    policies = [each["content"] for each in PLAIN.attributes("meta") if each.get("http-equiv")]
    assert policies == [f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"]


def test_the_page_fits_a_phone_and_names_its_language() -> None:
    viewports = [each["content"] for each in PLAIN.attributes("meta") if each.get("name") == "viewport"]
    assert viewports == ["width=device-width, initial-scale=1"]
    assert PLAIN.attributes("html") == [{"lang": "en"}]


def test_landmarks_and_headings() -> None:
    tags = [tag for tag, _attributes in PLAIN.elements]
    assert [tags.count(tag) for tag in ("header", "main", "footer", "h1")] == [1, 1, 1, 1]
    assert len(PLAIN.attributes("caption")) == len(PLAIN.attributes("table"))


def test_header_cells_have_a_scope() -> None:
    assert {each.get("scope") for each in PLAIN.attributes("th")} == {"row", "col"}


def test_links_lead_to_sections_of_the_page() -> None:
    targets = {f"#{attributes['id']}" for _tag, attributes in PLAIN.elements if "id" in attributes}
    assert {str(link["href"]) for link in PLAIN.attributes("a")} <= targets


@pytest.mark.parametrize(("status", "word"), [("failure", "failure"), ("warning", "warning"), ("ok", "ok")])
def test_a_colour_never_stands_alone(status: str, word: str) -> None:
    cells = re.findall(rf'<(td|li) class="(?:tile )?{status}"[^>]*>(.*?)</\1>', render_html(named("plain")))
    assert cells
    assert all(re.search(rf'<(span class="hidden"|i)> ?({word}|notes)', content) for _tag, content in cells)


def test_a_remedy_can_be_copied_as_it_is() -> None:
    remedy = 'GRANT SELECT ON TABLE "a"."<b>" TO "g";\nGRANT USAGE ON SCHEMA "a&b" TO "g";'
    given: Result = result([], [finding("missing", "failure", "r", remedy)], message="failed")
    page = render_html(report_of({"db": given}, created=CREATED))
    assert remedy in Page(page).text
    assert "user-select: all" in page


def test_a_remedy_that_is_not_shown_as_it_is_says_so() -> None:
    assert "hidden characters spelled out" in Page(render_html(named(OVERRIDE))).text
    assert "hidden characters spelled out" not in Page(render_html(named(HOSTILE))).text


def test_one_reason_and_remedy_for_many_objects_stand_once() -> None:
    found = [finding("exposed", "warning", "PUBLIC reads it.", "REVOKE;", database=f"db{each}") for each in range(300)]
    text = render_html(report_of({"db": result([], found)}, created=CREATED))
    assert Page(text).text.count("PUBLIC reads it.") == 1
    left = re.search(r"and (\d+) more places: see the JSON report", text)
    assert left is not None
    assert len(re.findall(r"<li><code>db\d+</code></li>", text)) + int(left[1]) == 300


def test_what_needs_work_stands_before_what_is_fine() -> None:
    text = render_html(many(500, 3))
    text = text[text.index('id="details"') :]
    assert text.index("shop_499") < text.index("499 databases without failures or warnings") < text.index("shop_000")


def test_databases_that_are_fine_are_folded() -> None:
    text = render_html(many(500, 3))
    assert re.search(r'<details class="fold item"><summary>499 databases without failures or warnings</summary>', text)


def test_a_long_report_stays_small() -> None:
    assert len(render_html(many(500, 100)).encode()) < 6_000_000


def test_what_is_left_out_is_counted() -> None:
    assert "and 932 more schemas: see the JSON report" not in render_html(many(1, 1000))
    assert Page(render_html(many(500, 100))).text.count("more schemas: see the JSON report") == 500


def sized(servers: int, *, is_bad: bool) -> Report:
    """Return a report on many servers with three databases each."""
    names = [f"shop_{number}" for number in range(3)]
    found = [
        finding("missing", "failure", f"No SELECT on {number}.", f'GRANT SELECT ON "t{number}" TO g;', database=name)
        for name in names
        for number in range(6)
    ]
    parts = [database(name, [schema(f"s{each}", visible=11 if is_bad else 12) for each in range(4)]) for name in names]
    given = result(parts, found, message="failed") if is_bad else result(parts)
    return report_of({f"db{number:04d}.example.org": given for number in range(servers)}, created=CREATED)


@pytest.mark.parametrize("is_bad", [pytest.param(False, id="ok"), pytest.param(True, id="failing")])
def test_a_thousand_servers_stay_below_three_megabytes(is_bad: bool) -> None:
    text = render_html(sized(1000, is_bad=is_bad))
    assert len(text.encode()) < 3_000_000
    page = Page(text)
    targets = {f"#{attributes['id']}" for _tag, attributes in page.elements if "id" in attributes}
    assert {str(link["href"]) for link in page.attributes("a")} <= targets


def rows(page: str) -> list[str]:
    """Return the names of the rows of the overview."""
    return re.findall(r'role="rowheader">(?:<a[^>]*>|<span>)([^<]*)<', page)


def test_one_server_has_a_row_for_each_database() -> None:
    assert rows(render_html(many(3, 1))) == ["db", "shop_002", "shop_000", "shop_001"]


def test_several_servers_have_a_row_each() -> None:
    assert rows(render_html(report(a=PASSED, b=FAILED))) == ["b", "a"]


def test_what_to_do_stands_before_everything_else() -> None:
    text = Page(render_html(report(a=PASSED, b=FAILED))).text
    order = ["Verification failed: 1 failure", "If Metamapper scans now", "Run grant_metamapper: it fixes the failure."]
    places = [text.index(part) for part in (*order, "Overview", "Details")]
    assert places == sorted(places)


def test_the_filter_needs_no_script() -> None:
    page = Page(render_html(report(a=PASSED, b=FAILED)))
    inputs = [(each["type"], each["id"], "checked" in each) for each in page.attributes("input")]
    assert inputs == [("radio", f"show-{what}", what == "all") for what in ("all", "failures", "warnings")]
    assert {each["for"] for each in page.attributes("label")} == {each["id"] for each in page.attributes("input")}
    for what in ("failures", "warnings"):
        assert f"#show-{what}:checked" in page.style


@pytest.mark.parametrize(
    ("severity", "classes"),
    [
        pytest.param("failure", {"f"}, id="failure"),
        pytest.param("warning", {"w"}, id="warning"),
        pytest.param("information", set(), id="note"),
    ],
)
def test_what_the_filter_shows(severity: str, classes: set[str]) -> None:
    found = finding("missing", severity, "reason", database="d")
    message = "failed" if severity == "failure" else ""
    page = Page(render_html(report(a=result([database("d", [schema("s")])], [found], message=message))))
    marked = [set(str(each.get("class")).split()) for _tag, each in page.elements]
    parts = [each & {"f", "w"} for each in marked if each & {"card", "database"} and "item" in each]
    assert parts == [classes] * 2


def test_counts_agree_wherever_they_stand() -> None:
    found = [
        *(finding("missing", "failure", f"r{number}", database="d") for number in range(3)),
        *(finding("missing", "warning", f"w{number}", database="d") for number in range(2)),
        finding("missing", "information", "n", database="d"),
    ]
    whole = report(a=result([database("d", [schema("s")])], found, message="failed"))
    text = render_html(whole)
    numbers = r'<b class="f">(\d)<i> failures</i></b> <b class="w">(\d)<i> warnings</i></b> <b class="n">(\d)<'
    cell = re.search(f'data-label="Missing">{numbers}', text[text.index(">d</a>") :])
    (summary,) = (each["summary"]["missing"] for each in as_document(whole)["servers"])
    assert cell is not None
    assert [int(each) for each in cell.groups()] == [summary["failures"], summary["warnings"], summary["notes"]]
    assert "3 failures, 2 warnings, 1 note" in Page(text).text


def test_nothing_to_see_has_no_percentage() -> None:
    text = Page(render_html(report(a=result([database("d", [schema("s", expected=0, visible=0)])])))).text
    assert "– relations" in text
    assert "%" not in text


def test_a_page_on_nothing_that_was_verified_says_so() -> None:
    text = Page(render_html(report(a=None))).text
    assert f"{CREATED}: no database was verified." in text
    assert "logged in as Metamapper does" not in text
    assert f"Verified {CREATED}, logged in as Metamapper does. 1 server" in Page(render_html(report(a=PASSED))).text


def test_why_a_server_was_lost_stands_on_the_page() -> None:
    whole = report_of(
        {"a": None}, created=CREATED, causes={"a": {"msg": 'Cannot grant on "sales".\nGRANT "o" TO "d";'}}
    )
    text = Page(render_html(whole)).text
    assert 'Not verified: Cannot grant on "sales".\nGRANT "o" TO "d";' in text


def test_what_was_left_out_stands_on_the_page() -> None:
    told = scope(
        [("d", "Odd2", "Its name needs quotes."), ("rdsadmin", "", "")], [("d", "new"), ("d", "s")], existing=3
    )
    given = {**result([database("d", [schema("s")])]), "scope": told}
    text = Page(render_html(report_of({"a": given}, created=CREATED, absent=["b"]))).text
    for line in (
        "In scope: 1 of 3 schemas",
        "Left out by a pattern: schema d / Odd2. Its name needs quotes.",
        "Left out by a pattern: database rdsadmin",
        "New in this run in database d: new and s",
        "Not in this run: b.",
    ):
        assert line in text


def test_paper_shows_folded_parts() -> None:
    printed = PLAIN.style[PLAIN.style.index("@media print") :]
    assert "details::details-content { content-visibility: visible; block-size: auto; }" in printed


def test_a_narrow_window_and_paper_keep_the_questions() -> None:
    narrow, printed = (PLAIN.style[PLAIN.style.index(query) :] for query in ("@media screen and (max-", "@media print"))
    hidden = re.compile(r"thead(?! th:first-child)[^{]*\{[^}]*(absolute|display: none)")
    assert [hidden.search(rules) for rules in (narrow, printed)] == [None, None]
    asked = [re.sub(r"<[^>]*>", "", cell) for cell in re.findall(r"<small>[^<]*\?", render_html(named("plain")))]
    assert "Can Metamapper connect and log in?" in asked


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour, as WCAG 2 defines it."""
    channels = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, as WCAG 2 defines it."""
    brighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


TEXT_ON_GROUND = [
    *((text, ground) for text in ("text", "muted", "link") for ground in ("page", "surface", "raised", "code")),
    *((f"{status}-text", f"{status}-ground") for status in ("failure", "warning", "unknown", "ok")),
]
STATUSES = ("failure", "warning", "unknown", "ok")
LINE_ON_GROUND = [
    *(("line", ground) for ground in ("page", "surface", "raised", "code")),
    *((f"{status}-line", ground) for status in STATUSES for ground in ("page", "surface", f"{status}-ground")),
]


@pytest.mark.parametrize("palette", [pytest.param(LIGHT, id="light"), pytest.param(DARK, id="dark")])
@pytest.mark.parametrize(("text", "ground"), TEXT_ON_GROUND)
def test_text_has_the_contrast_of_level_aa(palette: Mapping[str, str], text: str, ground: str) -> None:
    assert contrast(palette[text], palette[ground]) >= 4.5


@pytest.mark.parametrize("palette", [pytest.param(LIGHT, id="light"), pytest.param(DARK, id="dark")])
@pytest.mark.parametrize(("line", "ground"), LINE_ON_GROUND)
def test_bars_and_edges_have_the_contrast_of_level_aa(palette: Mapping[str, str], line: str, ground: str) -> None:
    assert contrast(palette[line], palette[ground]) >= 3


def test_both_palettes_have_the_same_colours() -> None:
    assert set(LIGHT) == set(DARK)
