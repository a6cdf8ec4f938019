# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""HTML that cannot be broken out of: only what this file makes is markup, every other text is escaped."""

from __future__ import annotations

import html
from typing import Iterable, Mapping, Union

from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.visible import visible, visible_lines

VOID_ELEMENTS = frozenset({"meta", "br"})


class Markup(str):
    """Text that is markup already; only the functions of this file make it."""

    __slots__ = ()


Child = Union[str, Markup]


def raw(text: str) -> Markup:
    """Return constant text of this collection as markup: the doctype, the style sheet. Never for what was read."""
    return Markup(text)


def escaped(text: str) -> Markup:
    """Return a text as markup that shows it, hidden characters made visible."""
    return Markup(html.escape(visible(text), quote=True))


def _rendered(child: Child) -> str:
    return child if isinstance(child, Markup) else escaped(child)


def together(*children: Child) -> Markup:
    """Return children one after the other; those that are no markup are escaped."""
    return joined(raw(""), children)


def joined(separator: Child, children: Iterable[Child]) -> Markup:
    """Return children with a separator between them; what is no markup is escaped."""
    return Markup(_rendered(separator).join(_rendered(child) for child in children))


def lined(text: str) -> Markup:
    """Return a statement or a message as markup that keeps its lines; what else is hidden in it becomes visible."""
    return joined(raw("\n"), visible_lines(text))


def element(tag: str, /, *children: Child, **attributes: str) -> Markup:
    """Return an element.

    Attribute names are written as Python can: ``class_`` is class, ``aria_label`` is aria-label. An attribute with an
    empty value stands as its bare name.
    """
    opening = f"<{tag}{_attributes(attributes)}>"
    return Markup(opening if tag in VOID_ELEMENTS else f"{opening}{together(*children)}</{tag}>")


def _attributes(attributes: Mapping[str, str]) -> str:
    written = ((key.rstrip("_").replace("_", "-"), value) for key, value in attributes.items())
    return "".join(f' {key}="{escaped(value)}"' if value else f" {key}" for key, value in written)
