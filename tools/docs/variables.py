# SPDX-License-Identifier: GPL-3.0-or-later
"""Generates the page of all variables from the argument specs of the roles.

Run it with "make docs"; a unit test fails if the page is out of date.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Iterator, Mapping

import yaml

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "variables.md"
ROLES = ("grant", "verify", "revoke", "bastion", "tunnel", "documentation")
# Variables that only the plays use are in no argument spec: default, playbooks and description.
OF_PLAYBOOKS: Mapping[str, tuple[str, str, str]] = {
    "metamapper_hosts": (
        "postgresql",
        "grant, verify, revoke, documentation",
        "Hosts or groups of the inventory that are servers.",
    ),
    "metamapper_connection": (
        "local",
        "grant, verify, revoke",
        "Where the modules run: `local` is the controller; `ssh` is the host itself, for peer authentication.",
    ),
    "metamapper_bastion_hosts": (
        "bastions",
        "bastion, tunnel",
        "Hosts or groups of the inventory that are jump hosts.",
    ),
    "metamapper_tunnel_hosts": ("metamapper", "tunnel", "Hosts or groups of the inventory where Metamapper runs."),
    "metamapper_reports": (
        "required",
        "merge_reports",
        "Directories with reports, or JSON reports, to make one of.",
    ),
}
MARKUP = re.compile(r"\b[BCMOV]\(([^()]*)\)")
HEAD = """\
# Variables

Every variable of the roles and playbooks, with its default, and in the end the roles that use it. They mean the same
everywhere, so that one inventory describes a server for all of them. A name that begins with `metamapper_` and is not
in this list is refused, and the one that was probably meant is named.

This page is made from the roles' argument specs by `make docs`.

| variable | default | meaning, and roles |
|---|---|---|
"""


def options_of(role: str) -> dict[str, dict[str, Any]]:
    """Return the options in the argument spec of a role."""
    text = (ROOT / "roles" / role / "meta" / "argument_specs.yml").read_text(encoding="utf-8")
    return dict(yaml.safe_load(text)["argument_specs"]["main"]["options"])


def as_code(value: str) -> str:
    """Return a value as Markdown code, escaped for a table."""
    return f"`{value}`".replace("|", "\\|")


def default_of(option: Mapping[str, Any]) -> str:
    """Return the default as text: a value, "required", or "none" for an optional value without default."""
    if option.get("required"):
        return "required"
    if option.get("default", "") == "":
        return "none"
    value = option["default"]
    if isinstance(value, list):
        return as_code(f"[{', '.join(value)}]")
    return as_code(value if isinstance(value, str) else json.dumps(value))


def meaning_of(option: Mapping[str, Any]) -> str:
    """Return the description of an option as one line of Markdown, including its choices."""
    paragraphs = option["description"]
    text = " ".join([paragraphs] if isinstance(paragraphs, str) else paragraphs)
    choices = [as_code(str(choice)) for choice in option.get("choices", ())]
    if choices:
        text += f" One of {', '.join(choices)}."
    return MARKUP.sub(lambda found: as_code(found[1]), text)


def rows_of(name: str, option: Mapping[str, Any], roles: str) -> Iterator[str]:
    """Yield the row of an option, and one for each of its suboptions."""
    yield f"| {as_code(name)} | {default_of(option)} | {meaning_of(option)} *{roles}* |"
    for key, inner in option.get("options", {}).items():
        yield f"| … {as_code(key)} | {default_of(inner)} | {meaning_of(inner)} |"


def page() -> str:
    """Return the whole page."""
    of_roles = {role: options_of(role) for role in ROLES}
    rows = [
        f"| {as_code(name)} | {as_code(default)} | {meaning} *{roles}* |"
        for name, (default, roles, meaning) in OF_PLAYBOOKS.items()
    ]
    for name in dict.fromkeys(name for options in of_roles.values() for name in options):
        users = [role for role in ROLES if name in of_roles[role]]
        rows += rows_of(name, of_roles[users[0]][name], ", ".join(users))
    return HEAD + "\n".join(rows) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
