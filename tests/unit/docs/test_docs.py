# SPDX-License-Identifier: GPL-3.0-or-later
"""What the documentation names exists: variables, playbooks, modules' options, files and headings. Its YAML parses.

tests/integration/docs/test_docs_commands.py runs the commands in it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Iterator

import pytest
import yaml
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._variables import (
    PLAYBOOK_VARIABLES,
    known_names,
)

from tests.support.documents.blocks import DOCUMENTS, LANGUAGES, ROOT, blocks, commands, name_of
from tools.docs.pages import in_repository
from tools.docs.variables import MARKUP, OF_PLAYBOOKS, PAGE, ROLES, page

# Names that look like variables: metrics, and roles in PostgreSQL.
METRICS = "metamapper_postgresql_"
OTHER_WORDS = frozenset({"metamapper_readers", "metamapper_2027"})
PLAYBOOKS = {path.stem.split("_")[0] for path in (ROOT / "playbooks").glob("*_metamapper.yml")}

VARIABLE = re.compile(r"(?<![\w.-])metamapper_[a-z0-9_]*[a-z0-9]")
LINK = re.compile(r"\]\(([^)\s]+)\)")
PLAYBOOK = re.compile(r"metamapper\.postgresql\.(\w+_metamapper)\b")
FULL_NAME = re.compile(r"metamapper\.postgresql\.(?!git\b)([a-z]\w*)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def anchors(path: Path) -> set[str]:
    """Return the anchors that GitHub makes of a document's headings."""
    headings = HEADING.findall(path.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def keys(value: Any) -> Iterator[str]:
    """Yield every key of nested mappings."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield str(key)
            yield from keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from keys(inner)


def module_options(module: str) -> set[str]:
    """Return the options of a module, including those of its documentation fragments."""
    from ansible_collections.metamapper.postgresql.plugins.doc_fragments.connection import ModuleDocFragment

    text = (ROOT / "plugins" / "modules" / f"{module}.py").read_text(encoding="utf-8")
    documentation = re.findall(r'^DOCUMENTATION = r"""\n(.*?)^"""', text, re.MULTILINE | re.DOTALL)
    fragments = [ModuleDocFragment.DOCUMENTATION, ModuleDocFragment.ADMIN, ModuleDocFragment.BASTION]
    return {option for part in [*documentation, *fragments] for option in yaml.safe_load(part)["options"]}


def tasks(value: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each use of a module of this collection: its short name and its options."""
    for name in ("access", "visibility", "documentation"):
        if isinstance(value, dict) and f"metamapper.postgresql.{name}" in value:
            yield name, value[f"metamapper.postgresql.{name}"]
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from tasks(inner)


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_yaml_parses_and_its_options_exist(path: Path) -> None:
    parsed = [yaml.safe_load(block.text) for block in blocks(path, "yaml")]
    assert None not in parsed
    used = {(name, option) for block in parsed for name, options in tasks(block) for option in options}
    assert {(name, option) for name, option in used if option not in module_options(name)} == set()


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_every_variable_is_one_of_ours(path: Path) -> None:
    found = {name for name in VARIABLE.findall(path.read_text(encoding="utf-8")) if not name.startswith(METRICS)}
    playbooks = {f"{name}_metamapper" for name in PLAYBOOKS}
    assert found - known_names(ROOT / "roles") - OTHER_WORDS - playbooks == set()


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_databases_have_keys_that_exist(path: Path) -> None:
    known = {"name", "schemas", "exclude_schemas", "metadata_schemas", "creators", "allow_empty"}
    parsed = [yaml.safe_load(block.text) for block in blocks(path, "yaml")]
    found = {key for block in parsed for databases in _databases(block) for key in keys(databases)}
    assert found - known == set()


def _databases(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from (inner for key, inner in value.items() if key in ("metamapper_databases", "databases"))
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _databases(inner)


# Texts that speak of a deletion by a scan. A scan hides the objects that it does not find; the only case in which it
# deletes documentation, where two databases share an OID, is explained in the page that EXPLAINED names.
DELETING = re.compile(
    r"\bscans?\b[^.|\"]*\b(delet|eras|remov)|documentation[^.|]*\b(goes with|is deleted)", re.IGNORECASE
)
EXPLAINED = {"docs/what-happens-to-documentation.md"}


def told() -> dict[str, str]:
    """Return the documents, roles, playbooks and plugins by name, each run of whitespace replaced by a blank."""
    files = [path for part in ("roles", "playbooks", "plugins") for path in (ROOT / part).rglob("*.*")]
    texts = {name_of(path): path for path in [*DOCUMENTS, *files] if path.suffix in (".md", ".yml", ".py", ".j2")}
    return {name: " ".join(path.read_text(encoding="utf-8").split()) for name, path in texts.items()}


def test_no_text_says_that_a_scan_deletes() -> None:
    assert {name: found[0] for name, text in told().items() if (found := DELETING.search(text))}.keys() == EXPLAINED


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_links_lead_somewhere(path: Path) -> None:
    links = LINK.findall(path.read_text(encoding="utf-8"))
    assert [link for link in links if not _leads_somewhere(path, link)] == []


def _leads_somewhere(path: Path, link: str) -> bool:
    file, _hash, anchor = link.partition("#")
    name = in_repository(file, name_of(path)) if file else name_of(path)
    target = ROOT / name
    if not name:
        return file.startswith("https://")
    return target.exists() and (not anchor or anchor in anchors(target))


def test_galaxy_can_follow_the_links_of_the_readme() -> None:
    links = LINK.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    assert [link for link in links if not link.startswith("https://")] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_playbooks_roles_and_modules_exist(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    known = {item.stem for item in (ROOT / "playbooks").glob("*.yml")}
    known |= {item.stem for item in (ROOT / "plugins" / "modules").glob("*.py")}
    known |= {item.name for item in (ROOT / "roles").iterdir()}
    assert set(PLAYBOOK.findall(text)) <= {item.stem for item in (ROOT / "playbooks").glob("*.yml")}
    assert set(FULL_NAME.findall(text)) - known == set()


def test_every_guide_is_in_the_index() -> None:
    index = ROOT / "docs" / "README.md"
    linked = {(index.parent / link).resolve() for link in LINK.findall(index.read_text(encoding="utf-8"))}
    written = {path for path in DOCUMENTS if path.is_relative_to(ROOT / "docs")} - {index}
    assert written - linked == set()


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_every_block_says_its_language(path: Path) -> None:
    """No test would run a command in a block that is only indented or names no language."""
    assert [block.line for block in blocks(path) if block.language not in LANGUAGES] == []


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        pytest.param("", [], id="nothing"),
        pytest.param("a\n\nb c\n", ["a", "b c"], id="lines"),
        pytest.param("a 'b\nc'\nd\n", ["a 'b\nc'", "d"], id="a quote over lines"),
        pytest.param("a \\\nb\nc\n", ["a \\\nb", "c"], id="a backslash"),
        pytest.param("cat > f <<'END'\nit's\nEND\na\n", ["cat > f <<'END'\nit's\nEND", "a"], id="a here-document"),
    ],
)
def test_commands_of_a_script(script: str, expected: list[str]) -> None:
    assert commands(script) == expected


def test_a_command_without_an_end_is_an_error() -> None:
    with pytest.raises(ValueError, match="has no end"):
        commands("echo 'we\"ird.näme'; --'")


def test_the_page_of_variables_is_what_the_argument_specs_say() -> None:
    """If this fails, run "make docs", which regenerates the page."""
    assert PAGE.read_text(encoding="utf-8") == page()


def test_the_page_of_variables_has_every_variable_and_no_markup_of_ansible() -> None:
    rows = re.findall(r"^\| `(metamapper_\w+)` \|", page(), re.MULTILINE)
    assert sorted(rows) == sorted(known_names(ROOT / "roles"))
    assert not MARKUP.search(page())


def test_the_defaults_of_the_playbooks_are_the_real_ones() -> None:
    paths = sorted((ROOT / "playbooks").glob("*.yml"))
    playbooks = {next((role for role in ROLES if role in path.stem), path.stem): path.read_text() for path in paths}
    real = {
        (name, default, ", ".join(role for role in ROLES if f"{name} |" in playbooks[role]))
        for text in playbooks.values()
        for name, default in re.findall(r"\{\{ (metamapper_\w+) \| default\('(\w+)'\)", text)
    }
    required = {
        (name, "required", "merge_reports")
        for name in re.findall(r"(metamapper_\w+)\s*\| mandatory", playbooks["merge_reports"])
    }
    assert real | required == {(name, default, users) for name, (default, users, *_rest) in OF_PLAYBOOKS.items()}
    assert set(OF_PLAYBOOKS) == set(PLAYBOOK_VARIABLES)


@pytest.mark.parametrize("role", ROLES)
def test_the_readme_of_a_role_has_the_headings_that_people_look_for(role: str) -> None:
    found = HEADING.findall((ROOT / "roles" / role / "README.md").read_text(encoding="utf-8"))
    expected = [role, "Requirements", "Dependencies", "Example playbook", "Role variables", "License"]
    assert [heading for heading in found if heading in expected] == expected
