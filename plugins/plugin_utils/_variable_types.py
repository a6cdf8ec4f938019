# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""The value of a variable in the type that its role documents, or why it cannot be that.

Stricter than Ansible's own conversion, which can silently change a text or a name, and without the value in messages,
since it may be a secret.
"""

from __future__ import annotations

import ast
import datetime
import difflib
import re
from typing import Any, Callable, Iterable, List, Mapping, Sequence

from ansible.module_utils.parsing.convert_bool import BOOLEANS_FALSE, BOOLEANS_TRUE, boolean

Option = Mapping[str, Any]
Problems = List[str]

INTEGER = re.compile(r"\s*[-+]?[0-9]+\s*\Z")
PORTS = range(1, 65536)
IN_QUOTES = 'Write it in quotes: "..." (in an INI inventory, \'"..."\').'
# What YAML reads an unquoted text as: https://yaml.org/type/
CHANGED_BY_YAML = (
    (bool, "a boolean, and not text: yes, no, on, off, true and false are booleans in YAML"),
    (int, "a number, and not text: YAML may have changed its digits (0123 becomes 83)"),
    (float, "a number, and not text: YAML may have changed its digits (1.10 becomes 1.1)"),
    (datetime.date, "a date, and not text: YAML reads 2026-01-31 as one"),
)


class WrongKind(Exception):
    """A value is not of the documented type; the text says what it is, and what to write instead."""


def is_text(value: Any) -> bool:
    """Return whether a value is a text, or a text that Ansible Vault keeps (no str before ansible-core 2.19)."""
    return isinstance(value, str) or bool(getattr(value, "__ENCRYPTED__", False))


def is_unset(value: Any) -> bool:
    """Return whether a value is empty: null, or a text, list or mapping without content."""
    return value is None or (is_text(value) and str(value) == "") or value in ([], {})


def typed(place: str, value: Any, option: Option, problems: Problems) -> Any:
    """Return a value in the type of its option; None if it cannot be that, and a sentence is added to the problems.

    ``place`` is the variable, with the index and the key in it. Null is the default where the default is empty.
    """
    try:
        if value is None:
            return _default_for_null(option)
        return CONVERSIONS[option.get("type", "str")](place, value, option, problems)
    except WrongKind as error:
        problems.append(f"{place} {error}")
        return None


def _default_for_null(option: Option) -> Any:
    default = option.get("default")
    if option.get("required") or is_unset(default):
        return default
    raise WrongKind("is empty. Give it a value, or leave it out.")


def _text(_place: str, value: Any, option: Option, _problems: Problems) -> str:
    if not is_text(value):
        return _choice_of_boolean(value, option)
    # The same object if possible: it may be marked as not a template.
    text: str = value if isinstance(value, str) else str(value)
    choices = option.get("choices")
    if choices and text not in choices:
        raise WrongKind(f"is none of {', '.join(choices)}.{did_you_mean(text, choices)}")
    return text


def _choice_of_boolean(value: Any, option: Option) -> str:
    """Return the choice that YAML has read as a boolean, where there is one: yes as V(yes)."""
    if isinstance(value, bool):
        words = BOOLEANS_TRUE if value else BOOLEANS_FALSE
        meant = [choice for choice in option.get("choices", ()) if choice in words]
        if len(meant) == 1:
            return str(meant[0])
    if option.get("choices"):
        raise WrongKind(f"is none of {', '.join(option['choices'])}.")
    for kind, description in CHANGED_BY_YAML:
        if isinstance(value, kind):
            raise WrongKind(f"is {description}. {IN_QUOTES}")
    raise WrongKind(f"is {_described(value)}, and not text.")


def _integer(place: str, value: Any, _option: Option, _problems: Problems) -> int:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    if not (is_number or (is_text(value) and INTEGER.match(str(value)))):
        raise WrongKind(f"is {_described(value)}, and not a whole number.")
    number = int(value if is_number else str(value))
    if place.endswith("port") and number not in PORTS:
        raise WrongKind("is no port: these are from 1 to 65535.")
    lowest = -1 if place.endswith("_limit") else 0
    if number < lowest:
        raise WrongKind(f"is less than {lowest}.")
    return number


def _boolean(_place: str, value: Any, _option: Option, _problems: Problems) -> bool:
    try:
        return bool(boolean(str(value) if is_text(value) else value))
    except TypeError:
        raise WrongKind(f"is {_described(value)}, and neither true nor false.") from None


def _list(place: str, value: Any, option: Option, problems: Problems) -> list[Any]:
    element = {**option, "type": option.get("elements", "str")}
    element.pop("default", None)
    if is_text(value):
        value = _list_of_one(str(value), element)
    if not isinstance(value, Sequence) or isinstance(value, bytes):
        raise WrongKind(f"is {_described(value)}, and not a list. {_form_of(element)}")
    return [_element(f"{place}[{index}]", item, element, problems) for index, item in enumerate(value)]


def _list_of_one(text: str, element: Option) -> list[str]:
    """Return the list for a text: with the text, or empty. It is never split at commas."""
    if not text:
        return []
    if element["type"] != "str" or _is_list_as_text(text):
        raise WrongKind(
            f"is text, and not a list. {_form_of(element)} On the command line, give it as JSON: "
            "--extra-vars '{\"name\": [...]}'."
        )
    return [text]


def _is_list_as_text(text: str) -> bool:
    try:
        return isinstance(ast.literal_eval(text.strip()), (list, tuple))
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return False


def _form_of(element: Option) -> str:
    if element["type"] != "dict":
        return "List the names: [first, second]."
    required = (key for key, option in element.get("options", {}).items() if option.get("required"))
    return f"List mappings: [{{{', '.join(f'{key}: ...' for key in required)}}}]."


def _element(place: str, value: Any, element: Option, problems: Problems) -> Any:
    if is_unset(value):
        problems.append(f"{place} is empty. Give it a value, or take it out of the list.")
        return None
    return typed(place, value, element, problems)


def _mapping(place: str, value: Any, option: Option, problems: Problems) -> dict[str, Any]:
    """Return a mapping with what was given in it, unset keys left out: the module has the defaults of these."""
    if is_unset(value):
        return {}
    if not isinstance(value, Mapping):
        raise WrongKind(f"is {_described(value)}, and not a mapping of keys to values.")
    options: Mapping[str, Option] = option.get("options", {})
    given = {str(key): item for key, item in value.items()}
    for key in given:
        if key not in options:
            problems.append(f"{place} has no key {key}.{did_you_mean(key, options)}")
    for key, inner in options.items():
        if inner.get("required") and is_unset(given.get(key)):
            problems.append(f"{place}.{key} is required.")
    wanted = {key: item for key, item in given.items() if key in options and item is not None}
    return {key: typed(f"{place}.{key}", item, options[key], problems) for key, item in wanted.items()}


CONVERSIONS: Mapping[str, Callable[[str, Any, Option, Problems], Any]] = {
    "str": _text,
    "path": _text,
    "int": _integer,
    "bool": _boolean,
    "list": _list,
    "dict": _mapping,
}


def _described(value: Any) -> str:
    if is_text(value):
        return "text"
    kinds = (
        (bool, "a boolean"),
        ((int, float), "a number"),
        (datetime.date, "a date"),
        (bytes, "binary data"),
        (Mapping, "a mapping"),
        (Sequence, "a list"),
    )
    return next((words for kind, words in kinds if isinstance(value, kind)), f"of type {type(value).__name__}")


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a question with the most similar known name, to append to a message; empty if none is similar."""
    nearest = difflib.get_close_matches(name, sorted(known), n=1)
    return f" Did you mean {nearest[0]}?" if nearest else ""
