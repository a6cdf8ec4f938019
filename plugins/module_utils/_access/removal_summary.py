# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""What roles hold, counted, for programs and as the two sides of a diff. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any, Iterable, Iterator, Mapping

from ansible_collections.metamapper.postgresql.plugins.module_utils._access.privileges.acl_item import DEFAULTS, Held
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.removal_request import Unwanted
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.removal_survey import AbsentSurvey
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.roles.plan import role_outline
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.sql_statement import quoted

Outline = Mapping[str, Any]


def absent_outline(found: AbsentSurvey, unwanted: Unwanted) -> Outline:
    """Return what the roles are and hold.

    ``databases`` has, by database, schema and role, how many objects each privilege is held on; the schema is empty for
    what is in none. ``server`` has the same by role for tablespaces and parameters.
    """
    entered = {database.name: list(database.held) for database in found.databases}
    for item in found.server.shared:
        if item.kind == "database" and item.name not in entered:
            entered[item.name] = []
        if item.kind == "database" and item not in entered[item.name]:
            entered[item.name].append(item)
    rest = [item for item in found.server.shared if item.kind != "database"]
    return {
        "roles": role_outline(found.server.facts.roles, unwanted.as_wanted),
        "databases": {name: _by_schema(entered[name]) for name in sorted(entered)},
        "server": _by_role(rest),
    }


def nothing_left(unwanted: Unwanted) -> Outline:
    """Return the outline of roles that do not exist."""
    return {"roles": {name: {} for name in (unwanted.group, *unwanted.users)}, "databases": {}, "server": {}}


def disappears(found: AbsentSurvey) -> list[dict[str, Any]]:
    """Return the schemas, by database, in which the roles can read relations: what a scan will not find any more."""
    seen = {
        database.name: sorted({item.schema for item in database.held if item.kind in ("relation", "column")})
        for database in found.databases
    }
    return [{"database": name, "schemas": schemas} for name, schemas in seen.items() if schemas]


def _by_schema(held: Iterable[Held]) -> dict[str, Any]:
    of: dict[str, list[Held]] = defaultdict(list)
    for item in held:
        of[item.name if item.kind == "schema" else item.schema].append(item)
    return {schema: _by_role(of[schema]) for schema in sorted(of)}


def _by_role(held: Iterable[Held]) -> dict[str, dict[str, int]]:
    of: dict[str, Counter[str]] = defaultdict(Counter)
    for item in held:
        of[item.grantee][_label(item)] += 1
    return {role: dict(sorted(of[role].items())) for role in sorted(of)}


def _label(item: Held) -> str:
    if item.kind in ("default", "global default"):
        return f"{item.privilege} on future {DEFAULTS[item.detail].lower()}"
    return f"{item.privilege} on {item.kind}"


def absent_diff(before: Outline, after: Outline) -> dict[str, str]:
    """Return the two sides of a diff: a line for each role, database and schema."""
    return {"before": "".join(_lines(before)), "after": "".join(_lines(after))}


def _lines(outline: Outline) -> Iterator[str]:
    for role, properties in outline["roles"].items():
        yield f"role {quoted(role)}: {'present' if properties else 'absent'}\n"
    for database, schemas in outline["databases"].items():
        for schema, roles in schemas.items():
            place = f"database {quoted(database)}" + (f" schema {quoted(schema)}" if schema else "")
            yield from (f"{place}: {quoted(role)} holds {_counted(held)}\n" for role, held in roles.items())
    for role, held in outline["server"].items():
        yield f"server: {quoted(role)} holds {_counted(held)}\n"


def _counted(held: Mapping[str, int]) -> str:
    return ", ".join(f"{label} ({count})" for label, count in held.items())
