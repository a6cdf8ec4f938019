# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""The file that documentation is kept in: JSON by schema, table and column, written whole or not at all."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from typing import Any, Mapping

from .._core.problem import Failure, Problem
from .._core.remedy import by_hand
from .._core.whole_file import replace_file
from .content import FIELDS, Documentation, Path, Text

FORMAT = "metamapper.postgresql documentation 1"
MODE = 0o640
# The key of what is in an object, by the length of its path.
INNER = {0: "schemas", 1: "tables", 2: "columns"}


class WrongContent(Exception):
    """A file is not one of ours; the text says where and why."""


@dataclass(frozen=True)
class Kept:
    """What a file has: the name of the datastore that it was exported from, and its documentation."""

    datastore: str
    documentation: Documentation


def as_json(kept: Kept) -> str:
    """Return the text of a file. It is the same for the same documentation."""
    root: dict[str, Any] = {}
    for path in sorted(kept.documentation):
        place = root
        for length, name in enumerate(path):
            place = place.setdefault(INNER[length], {}).setdefault(name, {})
        place.update(kept.documentation[path].as_dict())
    content = {"format": FORMAT, "datastore": kept.datastore, "schemas": root.get("schemas", {})}
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def from_json(text: str) -> Kept:
    """Return what a file has; raises WrongContent. An unknown key is an error."""
    try:
        content = json.loads(text)
    except ValueError as error:
        raise WrongContent(f"it is no JSON ({error})") from None
    if not isinstance(content, Mapping) or content.get("format") != FORMAT:
        raise WrongContent(f'its key "format" is not "{FORMAT}"')
    if not isinstance(content.get("datastore"), str) or set(content) != {"format", "datastore", "schemas"}:
        raise WrongContent("it has not the keys datastore, format and schemas")
    documentation: Documentation = {}
    _collect((), {"schemas": content["schemas"]}, documentation)
    return Kept(content["datastore"], documentation)


def _collect(path: Path, entry: Any, documentation: Documentation) -> None:
    place = ".".join(path) or "the file"
    if not isinstance(entry, Mapping):
        raise WrongContent(f"{place} is no mapping")
    inner = INNER.get(len(path), "")
    unknown = sorted(set(entry) - {inner or FIELDS[0]} - set(FIELDS if path else ()))
    if unknown:
        raise WrongContent(f"{place} has the unknown key {unknown[0]}")
    text = _text(place, entry)
    if text:
        documentation[path] = text
    inside = entry.get(inner, {})
    if not isinstance(inside, Mapping):
        raise WrongContent(f"{inner} of {place} is no mapping")
    for name, value in inside.items():
        _collect((*path, name), value, documentation)


def _text(place: str, entry: Mapping[str, Any]) -> Text:
    tags = entry.get("tags", [])
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise WrongContent(f"tags of {place} is no list of texts")
    for field in ("short_desc", "readme"):
        if not isinstance(entry.get(field, ""), str):
            raise WrongContent(f"{field} of {place} is no text")
    return Text(entry.get("short_desc", ""), entry.get("readme", ""), tuple(sorted(tags)))


def load(path: str) -> Kept:
    """Return what the file at a path has; raises Failure if there is none, or it is not one of ours."""
    try:
        with open(path, encoding="utf-8", errors="surrogatepass") as file:
            return from_json(file.read())
    except (OSError, UnicodeDecodeError) as error:
        message = f"Cannot read the documentation in {path}: {getattr(error, 'strerror', None) or error}."
        raise Failure([Problem(message, by_hand("Name in path a file that state=exported has written."))]) from None
    except WrongContent as error:
        message = f"{path} is no file with exported documentation: {error}."
        raise Failure([Problem(message, by_hand("Name in path a file that state=exported has written."))]) from None


def load_if_there(path: str) -> Kept | None:
    """Return what the file at a path has; None if there is none. Raises Failure for any other file."""
    return load(path) if os.path.lexists(path) else None


def save(path: str, kept: Kept) -> None:
    """Replace a file, with mode 0640, or leave it as it was; raises Failure."""
    try:
        replace_file(path, as_json(kept), MODE, errors="surrogatepass")
    except OSError as error:
        message = f"Cannot write the documentation to {path}: {error.strerror}. What was there is as it was."
        raise Failure(
            [Problem(message, by_hand(f"Create the directory {os.path.dirname(path) or '.'}, or name another path."))]
        ) from None


def keep_copy(path: str) -> str:
    """Keep what the file at a path has under another name beside it, and return that name; raises Failure."""
    copy = f"{path}.{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}"
    number = 1
    while os.path.lexists(copy):
        number += 1
        copy = f"{path}.{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}.{number}"
    try:
        os.link(path, copy)
    except OSError:  # a file system without hard links
        save(copy, load(path))
    return copy
