# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Export, restore, pause and resume; check mode runs the same code path without writing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Mapping

from .._core.problem import Failure, Problem
from .._core.remedy import by_hand
from . import catalog, file
from .answer import error_text
from .catalog import Datastore
from .client import Client
from .content import Documentation, as_place, count_by_kind, differing, documented_tables, losses, text_of, written
from .deadline import for_each
from .restore import Plan, Remark, Write, altered, hidden, plan_restore, still_missing, texts_before_and_after


@dataclass
class Result:
    """What the module returns; in check mode ``changed`` tells whether it would change anything."""

    changed: bool
    datastore: Datastore
    before: str
    after: str
    path: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Return the keys for a program, ``diff`` among them."""
        header = dict.fromkeys(("before_header", "after_header"), self.path or self.datastore.name)
        return {
            "changed": self.changed,
            "datastore": {"id": self.datastore.id, "name": self.datastore.name},
            **({"path": self.path} if self.path else {}),
            "diff": {"before": self.before, "after": self.after, **header},
            **self.values,
        }


def perform(client: Client, options: Mapping[str, Any], *, check: bool) -> tuple[dict[str, Any], list[str]]:
    """Do what the options of the module ask for; return its result and warnings; raises Failure."""
    if options["state"] == "listed":
        return {"changed": False, "datastores": catalog.datastore_names(client, options["datastore"])}, []
    result = _changed(client, options, check=check)
    return result.as_dict(), result.warnings


def _changed(client: Client, options: Mapping[str, Any], *, check: bool) -> Result:
    state, name, path = options["state"], options["datastore"], options["path"]
    if state in ("paused", "resumed"):
        return pause_or_resume(client, name, is_enabled=state == "resumed", check=check)
    if not path:
        advice = by_hand("Set path to the file of the datastore.")
        raise Failure([Problem(f"path is required where state is {state}.", advice)])
    if state == "exported":
        return export(client, name, path, check=check)
    return restore(client, name, path, only_missing=options["restore"] == "missing", check=check)


def export(client: Client, name: str, path: str, *, check: bool) -> Result:
    """Export what people wrote about a datastore to the file at a path; raises Failure, and then nothing has changed.

    If a text of the file is gone from Metamapper, or is a different one, a copy of the old file is kept.
    """
    old = file.load_if_there(path)
    datastore = catalog.find_datastore(client, name)
    entries = catalog.entries_of(client, datastore)
    new = file.Kept(name, written({at: entry.text for at, entry in entries.items()}))
    gone = losses(old.documentation, new.documentation) if old else []
    changed = old != new
    values: dict[str, Any] = {
        "documented": count_by_kind(new.documentation),
        "documented_tables": documented_tables(new.documentation),
        "shown": count_by_kind(entries),
        "no_longer_there": [as_place(at) for at in gone],
        "backup_file": "",
    }
    if changed and not check:
        if gone:
            values["backup_file"] = file.keep_copy(path)
        file.save(path, new)
    before, after = differing(old.documentation if old else {}, new.documentation)
    result = Result(changed, datastore, _shown(name, before), _shown(name, after), path, values)
    if gone:
        kept = f" It is kept as {values['backup_file']}." if values["backup_file"] else ""
        result.warnings.append(
            f"Of {len(gone)} objects a text of the file is no longer in Metamapper, or was replaced, for example of "
            f"{'.'.join(gone[0])}.{kept}"
        )
    return result


def restore(client: Client, name: str, path: str, *, only_missing: bool, check: bool) -> Result:
    """Restore the file at a path to Metamapper; raises Failure, whose message says how much was written."""
    kept = file.load(path)
    datastore = catalog.find_datastore(client, name)
    entries = catalog.entries_of(client, datastore, only=kept.documentation)
    plan = plan_restore(kept.documentation, entries, only_missing=only_missing)
    if not check:
        _apply(client, plan, only_missing=only_missing)
    before, after = (written(texts) for texts in texts_before_and_after(plan))
    values = {
        "documented": count_by_kind(kept.documentation),
        "written": [{**as_place(write.path), "fields": sorted(write.fields)} for write in plan.writes],
        "not_written": [remark.as_dict() for remark in plan.not_written],
        "kept": [remark.as_dict() for remark in plan.kept],
    }
    result = Result(bool(plan.writes), datastore, _shown(name, before), _shown(name, after), path, values)
    result.warnings += _warnings(plan, kept.datastore, name)
    return result


def pause_or_resume(client: Client, name: str, *, is_enabled: bool, check: bool) -> Result:
    """Pause or resume new scans of a datastore; raises Failure."""
    datastore = catalog.find_datastore(client, name)
    changed = datastore.is_enabled is not is_enabled
    if changed and not check:
        catalog.set_scanning(client, datastore, is_enabled=is_enabled)
    before, after = (f"is_enabled: {str(each).lower()}\n" for each in (datastore.is_enabled, is_enabled))
    return Result(changed, datastore, before, after)


def _apply(client: Client, plan: Plan, *, only_missing: bool) -> None:
    """Write, and update the plan with what was written and what was not; raises Failure."""
    done: list[Write] = []

    def write(each: Write) -> list[Remark]:
        fields: Mapping[str, Any] = each.fields
        if only_missing:  # somebody may have written after the list was read
            now = catalog.read(client, each.path, each.entry)
            if now is None:
                return [hidden(each.path)]
            fields = still_missing(each, now.text)
        if not fields:
            return []
        answer = catalog.write(client, each.path, each.entry, fields)
        if answer.status != 200:
            return [hidden(each.path) if answer.status == 404 else Remark(each.path, "", error_text(answer))]
        made = Write(each.path, each.entry, fields)
        done.append(made)
        return altered(made, text_of(answer.body))

    try:
        remarks = for_each(plan.writes, write)
    except Failure as failure:
        said = f"{len(done)} of {len(plan.writes)} objects have been written; the next run writes the others."
        raise Failure([*failure.problems, Problem(f"The restore stopped: {said}")]) from None
    plan.not_written += [remark for each in remarks for remark in each]
    plan.writes[:] = sorted(done, key=lambda each: each.path)


def _shown(name: str, documentation: Documentation) -> str:
    return file.as_json(file.Kept(name, documentation)) if documentation else ""


def _warnings(plan: Plan, exported_from: str, name: str) -> list[str]:
    texts = []
    if exported_from != name:
        texts.append(f'The file was exported from the datastore "{exported_from}", and is restored to "{name}".')
    if plan.not_written:
        first = plan.not_written[0]
        texts.append(
            f"{len(plan.not_written)} texts or objects of the file were not written, for example "
            f"{'.'.join(first.path)}: {first.reason} All are in the key not_written."
        )
    return texts
