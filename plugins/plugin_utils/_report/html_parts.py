# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""The small parts of the page: a badge, a bar, a list that folds."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Callable, Mapping, Sequence

from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.markup import (
    Child,
    Markup,
    element,
    raw,
    together,
)
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.model import Coverage
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.status import Status
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.style import bar_class
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.wording import STATUS_WORDS, counted

# Beside its colour, each status has a shape and a word: colour alone tells nothing to many people.
SIGNS: Mapping[Status, str] = MappingProxyType({"failure": "✕", "warning": "!", "unknown": "?", "ok": "✓"})


def sign(status: Status) -> Markup:
    """Return the shape of a status, which a screen reader skips: the word stands beside it."""
    return element("span", SIGNS[status], class_="sign", aria_hidden="true")


def unseen(text: str) -> Markup:
    """Return a text for screen readers only."""
    return element("span", text, class_="hidden")


def badge(status: Status) -> Markup:
    """Return shape and word of a status."""
    return element("span", sign(status), element("span", STATUS_WORDS[status]), class_=f"badge {status}")


def coverage_bar(coverage: Coverage) -> Markup:
    """Return the bar of a coverage; the numbers beside it say the same."""
    return element("span", class_=f"bar {bar_class(coverage.percent)}", aria_hidden="true")


def share(coverage: Coverage) -> str:
    """Return visible and expected as numbers; a dash where there is nothing to see."""
    return f"{coverage.visible:,}/{coverage.expected:,}" if coverage.expected else "–"


def fold(summary: Child, *children: Child) -> Markup:
    """Return children that are shown on demand."""
    return element("details", element("summary", summary), *children, class_="fold")


@dataclass(frozen=True)
class Limits:
    """How many things of a list are shown at once, and how many at most after unfolding."""

    shown: int
    most: int


def uncounted(left: int, noun: str) -> Markup:
    """Return how many are left out of the page; empty for none."""
    return (
        element("p", f"and {counted(left, f'more {noun}')}: see the JSON report", class_="muted")
        if left > 0
        else raw("")
    )


def folded(items: Sequence[Markup], limits: Limits, *, wrap: Callable[[Sequence[Markup]], Markup], noun: str) -> Markup:
    """Return a long list of which the first items are shown, the next ones on demand, and the rest is only counted."""
    first, rest, left = items[: limits.shown], items[limits.shown : limits.most], len(items) - limits.most
    parts = [wrap(first)] if first else []
    if rest:
        parts.append(fold(f"and {counted(len(rest), f'more {noun}')}", wrap(rest), uncounted(left, noun)))
    return together(*parts)
