# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""What of a file is written to Metamapper, what cannot be, and what is kept because somebody has changed it."""

from __future__ import annotations

import html
from dataclasses import dataclass, field, replace
from typing import Any, Mapping

from .catalog import Entries, Entry
from .content import FIELDS, KINDS, Documentation, Path, Text, as_place

# What Metamapper's API takes; its own pages take longer descriptions.
LONGEST_SHORT_DESC = 140
MOST_TAGS = 10
LONGEST_TAG = 30


@dataclass(frozen=True)
class Write:
    """The texts of one entry that differ from the file and are to be written."""

    path: Path
    entry: Entry
    fields: Mapping[str, Any]


@dataclass(frozen=True)
class Remark:
    """A text of the file that is not in Metamapper afterwards, and why; ``field`` is empty for all of the object."""

    path: Path
    field: str
    reason: str

    def as_dict(self) -> dict[str, str]:
        """Return it for a program."""
        return {**as_place(self.path), "field": self.field, "reason": self.reason}


@dataclass
class Plan:
    """What a restore does: the writes, what cannot be written, and what is kept since somebody has changed it."""

    writes: list[Write] = field(default_factory=list)
    not_written: list[Remark] = field(default_factory=list)
    kept: list[Remark] = field(default_factory=list)


def plan_restore(wanted: Documentation, entries: Entries, *, only_missing: bool) -> Plan:
    """Return what restores a file to Metamapper. Nothing is ever removed from Metamapper.

    With ``only_missing`` a text is written only if there is none.
    """
    plan = Plan()
    for path in sorted(wanted):
        entry = entries.get(path)
        if entry is None:
            plan.not_written.append(hidden(path))
            continue
        fields = differing_fields(wanted[path], entry.text)
        if only_missing:
            plan.kept += [Remark(path, name, "Metamapper has another text.") for name in fields if _has(entry, name)]
            fields = {name: value for name, value in fields.items() if not _has(entry, name)}
        refusals = {
            name: reason for name, reason in ((name, _refusal(name, fields[name])) for name in fields) if reason
        }
        plan.not_written += [Remark(path, name, reason) for name, reason in refusals.items()]
        fields = {name: value for name, value in fields.items() if name not in refusals}
        if fields:
            plan.writes.append(Write(path, entry, fields))
    return plan


def hidden(path: Path) -> Remark:
    """Return the remark on an object that Metamapper does not show."""
    return Remark(path, "", f"Metamapper shows no such {KINDS[len(path)]}: its last scan did not see it.")


def differing_fields(wanted: Text, current: Text) -> dict[str, Any]:
    """Return the texts that are to be written, by their names; what is not in the file stays as it is."""
    return {
        name: value
        for name, value in wanted.as_dict().items()
        if _comparable(value) != _comparable(getattr(current, name))
    }


def still_missing(write: Write, current: Text) -> dict[str, Any]:
    """Return those of the texts to be written that are still missing."""
    return {name: value for name, value in write.fields.items() if not getattr(current, name)}


def altered(write: Write, stored: Text) -> list[Remark]:
    """Return a remark on each text that Metamapper has stored differently."""
    reason = "Metamapper has stored it in another form: it takes only some of HTML."
    wanted = _with(Text(), write.fields)
    return [Remark(write.path, name, reason) for name in differing_fields(wanted, stored)]


def _has(entry: Entry, name: str) -> bool:
    return bool(getattr(entry.text, name))


def _comparable(value: Any) -> Any:
    """Return a text as it is after Metamapper has stored it: trimmed, with "&" and "&amp;" for the same character."""
    return html.unescape(value).strip() if isinstance(value, str) else sorted({tag.strip() for tag in value})


def _refusal(name: str, value: Any) -> str:
    """Return why Metamapper's API does not accept a text; empty if it does."""
    if name == "short_desc" and len(value.strip()) > LONGEST_SHORT_DESC:
        return (
            f"It has {len(value.strip())} characters, and the API takes at most {LONGEST_SHORT_DESC}: paste it there."
        )
    if name == "tags" and len(value) > MOST_TAGS:
        return f"There are {len(value)} tags, and the API takes at most {MOST_TAGS}."
    if name == "tags" and any(not 0 < len(tag.strip()) <= LONGEST_TAG for tag in value):
        return f"A tag is empty or longer than {LONGEST_TAG} characters, which the API does not take."
    return ""


def texts_before_and_after(plan: Plan) -> tuple[Documentation, Documentation]:
    """Return the texts that the writes replace, and those that they write."""
    before: Documentation = {}
    after: Documentation = {}
    for write in plan.writes:
        old = {name: getattr(write.entry.text, name) for name in FIELDS if name in write.fields}
        before[write.path] = _with(Text(), old)
        after[write.path] = _with(Text(), write.fields)
    return before, after


def _with(text: Text, fields: Mapping[str, Any]) -> Text:
    values: dict[str, Any] = {name: tuple(value) if name == "tags" else value for name, value in fields.items()}
    return replace(text, **values)
