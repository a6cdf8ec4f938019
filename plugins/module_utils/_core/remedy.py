# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""What fixes a problem or a finding, as a value: what to do, who does it, and where."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import Any, Iterable, Literal, Sequence, Tuple

from .situations import Situation
from .sql_statement import quoted
from .visible import visible, visible_lines

Kind = Literal["sql", "variable", "line", "person"]
Change = Literal["set", "add", "remove"]

SUPERUSER = "a superuser"
OWNER = "its owner or a superuser"
ROLE_ADMIN = "a role that may alter it or a superuser"
ADMINISTRATOR = "an administrator"
SHOWN_CHARACTERS = 1000


@dataclass(frozen=True)
class Remedy:
    """One remedy.

    ``text`` is what is copied: ``statements`` one below the other, each with its semicolon; ``name: value`` of a
    variable; a line of ``file``; or a sentence. ``role`` is the role that runs the statements, empty if any role that
    ``by`` describes can; ``database`` is where, empty if it does not matter. ``is_alternative`` tells that it replaces
    the remedies before it, all of which are needed, in their order. ``situation`` names the row of the tests that runs
    it. ``change`` tells what is done with the value of a variable: items are added to a list or removed from it, and
    else it is set.
    """

    kind: Kind
    text: str
    situation: str = ""
    role: str = ""
    by: str = ""
    database: str = ""
    name: str = ""
    value: Any = None
    file: str = ""
    note: str = ""
    change: Change = "set"
    statements: tuple[str, ...] = ()
    is_alternative: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return the keys for a program; those that do not apply are left out."""
        always = ("kind", "text", "role", "database", "is_alternative")
        keys = {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}
        keys["change"] = self.change if self.kind == "variable" else ""
        return {key: value for key, value in keys.items() if key in always or value not in ("", None, [])}

    @property
    def instruction(self) -> str:
        """What somebody is to do, in one sentence; for SQL what goes before the statements, with a colon."""
        words = {"sql": _lead, "variable": _assignment, "line": _addition, "person": _plain}[self.kind](self)
        return f"Or {words[:1].lower()}{words[1:]}" if self.is_alternative else words


Remedies = Tuple[Remedy, ...]


def sql(situation: Situation, *statements: str, role: str = "", by: str = "", database: str = "") -> Remedy:
    """Return statements as a remedy; by ``role``, by whom ``by`` describes, or by an administrator."""
    runs = by or (f"{quoted(role)} or a superuser" if role else ADMINISTRATOR)
    return Remedy("sql", "\n".join(statements), situation, role, runs, database, statements=statements)


def variable(
    situation: Situation, name: str, value: Any = None, *, database: str = "", note: str = "", change: Change = "set"
) -> Remedy:
    """Return the value of a variable, or what is to be added to its list or removed from it.

    The value is None where only somebody else knows it; then ``note`` may tell which it is: "to the password of ...".
    With ``database`` the variable is a key of the entry of that database in metamapper_databases.
    """
    shown = "<value>" if value is None else json.dumps(value, ensure_ascii=False)
    kept = tuple(value) if isinstance(value, list) else value
    return Remedy(
        "variable", f"{name}: {shown}", situation, database=database, name=name, value=kept, note=note, change=change
    )


def line(situation: Situation, text: str, file: str) -> Remedy:
    """Return a line of a file of the server, which then has to be reloaded."""
    return Remedy("line", text, situation, file=file)


def by_hand(sentence: str) -> Remedies:
    """Return what only a person can decide or do; nothing for an empty text."""
    return (Remedy("person", sentence),) if sentence else ()


def alternatively(*remedies: Remedy) -> Remedies:
    """Return remedies each of which replaces those before it."""
    return tuple(replace(one, is_alternative=True) for one in remedies)


def _lead(remedy: Remedy) -> str:
    where = f", in database {quoted(remedy.database)}" if remedy.database else ""
    return f"As {remedy.by}{where}, run:"


def _assignment(remedy: Remedy) -> str:
    option = remedy.name.replace("metamapper_", "", 1)
    entry = f" in the entry of {quoted(remedy.database)} in metamapper_databases" if remedy.database else ""
    also = f" (option {option})" if option != remedy.name else ""
    verb = "Set" if remedy.note.startswith("to ") else "Correct"
    words = f"{verb} {remedy.name}" if remedy.value is None else _change(remedy)
    return f"{words}{also}{entry}{f' {remedy.note}' if remedy.note else ''}."


def _change(remedy: Remedy) -> str:
    if remedy.change == "set":
        return f"Set {remedy.text}"
    items = ", ".join(map(quoted, remedy.value))
    return f"Add {items} to {remedy.name}" if remedy.change == "add" else f"Remove {items} from {remedy.name}"


def _addition(remedy: Remedy) -> str:
    return f"Add to {remedy.file}, above other lines that match, and reload the configuration: {remedy.text}"


def _plain(remedy: Remedy) -> str:
    return remedy.text


def text_of(remedies: Iterable[Remedy]) -> str:
    """Return remedies as one text of sentences and statements."""
    return " ".join(text for one in remedies for text in (one.instruction, *one.statements))


def told(items: Sequence[tuple[str, Remedies]], head: str) -> str:
    """Return one text on several things, each a message and its remedies: a numbered list, then the statements.

    A single one without ``head`` has no number.
    """
    texts = [" ".join([visible(message), *_sentences(remedies)]).strip() for message, remedies in items]
    if head or len(texts) != 1:
        texts = [head, *(f"{number}. {text}" for number, text in enumerate(texts, start=1))]
    return "\n".join([*texts, *_blocks([one for _message, remedies in items for one in _behind(remedies)])])


def _behind(remedies: Remedies) -> Remedies:
    """Return what follows all messages: statements, and their alternatives."""
    has_statements = any(one.kind == "sql" for one in remedies)
    return tuple(one for one in remedies if one.kind == "sql" or (one.is_alternative and has_statements))


def _sentences(remedies: Remedies) -> list[str]:
    """Return the other remedies, which follow their message."""
    behind = _behind(remedies)
    return ["\n".join(visible_lines(one.instruction)) for one in remedies if one not in behind]


def _blocks(remedies: Sequence[Remedy]) -> list[str]:
    """Return the lines of one block of statements for each role and database, each once; alternatives last."""
    lines: dict[str, dict[str, None]] = {}
    for one in sorted(remedies, key=lambda remedy: remedy.is_alternative):
        block = lines.setdefault(visible(one.instruction), {})
        block.update(dict.fromkeys(map(_shown, one.statements)))
    return [text for lead, block in lines.items() for text in (lead, *(f"  {each}" for each in block))]


def _shown(statement: str) -> str:
    """Return a statement for a terminal; one that is too long is cut; the keys have all of it."""
    text = visible(statement)
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]} … (all of it is in remedies)"
