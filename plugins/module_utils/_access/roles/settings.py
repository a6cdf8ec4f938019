# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""The settings of a user: what is desired, and the statements that set it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Collection, Iterator, Mapping

from ..._core.search_path import schemas_of
from ..._core.sql_statement import Statement, placeholders, quoted, simple
from ..request import AccessRequest

# What pg_db_role_setting has for a role, by database; empty for all databases.
Settings = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class WantedSetting:
    """A setting of the user; a ``value`` of None means not set.

    With ``is_default``, a value that somebody else chose stays.
    """

    name: str
    value: str | None
    is_default: bool = False

    def is_met_by(self, found: str | None) -> bool:
        """Return whether what is set for all databases, None for nothing, is as it should be."""
        if found is None or self.value is None:
            return found == self.value
        return self.is_default or _plain(self.name, found) == _plain(self.name, self.value)

    def set_for(self, user: str) -> Statement:
        """Return the statement that sets it."""
        if self.value is None:
            return simple(f"ALTER ROLE {{}} RESET {self.name}", user)
        if self.name == "search_path":
            schemas = schemas_of(self.value)
            return simple(f"ALTER ROLE {{}} SET search_path = {placeholders(len(schemas))}", user, *schemas)
        value = self.value if self.value.islower() else f"'{self.value}'"  # unquoted names are folded
        return simple(f"ALTER ROLE {{}} SET {self.name} = {value}", user)


# ``role`` would turn the login into another role. Metamapper reads whatever encoding the server sends, and can decode
# what it stores only as UTF-8.
# https://www.postgresql.org/docs/current/sql-alterrole.html
ALWAYS = (
    WantedSetting("role", None),
    WantedSetting("default_transaction_read_only", "on"),
    WantedSetting("client_encoding", "UTF8", is_default=True),
)


def wanted_settings(request: AccessRequest) -> tuple[WantedSetting, ...]:
    """Return what is compared; search_path is left to the administrators unless one is requested."""
    if not request.search_path:
        return ALWAYS
    text = ", ".join(map(quoted, schemas_of(request.search_path)))
    return (*ALWAYS, WantedSetting("search_path", text))


def setting_statements(
    found: Settings, user: str, request: AccessRequest, databases: Collection[str]
) -> Iterator[Statement]:
    """Yield what sets the settings of a user, and what resets those of these databases that override them."""
    for wanted in wanted_settings(request):
        if not wanted.is_met_by(found.get("", {}).get(wanted.name)):
            yield wanted.set_for(user)
        for database in databases:
            of_database = found.get(database, {}).get(wanted.name)
            if of_database is not None and not wanted.is_met_by(of_database):
                yield simple(f"ALTER ROLE {{}} IN DATABASE {{}} RESET {wanted.name}", user, database)


def settings_after(found: Settings, request: AccessRequest, databases: Collection[str]) -> dict[str, dict[str, str]]:
    """Return the settings of a user once the statements have run; in other databases they stay."""
    wanted = wanted_settings(request)
    of_all = found.get("", {})
    after = {"": {one.name: _after(one, of_all.get(one.name)) for one in wanted if one.value is not None}}
    for database, values in found.items():
        if database:
            left = {one.name for one in wanted if database in databases and not one.is_met_by(values.get(one.name))}
            after[database] = {name: value for name, value in values.items() if name not in left}
    return after


def shown_settings(found: Settings, request: AccessRequest) -> dict[str, dict[str, str]]:
    """Return the settings that are compared, where there are some, by database."""
    names = [one.name for one in wanted_settings(request)]
    return {
        database or "all databases": {name: values[name] for name in names if name in values}
        for database, values in found.items()
        if any(name in values for name in names)
    }


def _after(wanted: WantedSetting, found: str | None) -> str:
    if found is not None and wanted.is_met_by(found):
        return found
    return wanted.value or ""


def _plain(name: str, value: str) -> object:
    """Return a value in a comparable form: the server quotes a name only if necessary."""
    if name != "search_path":
        return value
    try:
        return schemas_of(value)
    except ValueError:  # somebody has set a value that is not a list of names
        return value
