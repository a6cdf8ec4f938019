# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Problems of variables that have the right type: invalid values and contradictions."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Any, Callable, Iterator, Mapping

from ansible_collections.metamapper.postgresql.plugins.plugin_utils._bastion_account import input_problems
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._documentation import DATABASE
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._pg_hba import (
    hba_problems,
    missing_collection,
)
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._report.directory import (
    absolute,
    directory_problem,
)
from ansible_collections.metamapper.postgresql.plugins.plugin_utils._tunnel_variables import tunnel_problems

# Values by names without the prefix; None if a value is not set, or not of its type.
Values = Mapping[str, Any]
PATTERN = re.compile(r"[*?\[]")
ADDRESS = re.compile(r"[A-Za-z0-9_.:-]+(/[0-9A-Fa-f.:]+)?\Z")


def checked(role: str, values: Values) -> list[str]:
    """Return a sentence for each thing that cannot work; raises KeyError for a role that has no checks."""
    return [problem for check in CHECKS[role] for problem in check(values)]


def _names(values: Values) -> Iterator[str]:
    if values["user"] and values["user"] == values["group"]:
        yield (
            f'metamapper_group and metamapper_user are both "{values["user"]}". PostgreSQL has one name space for '
            "groups and users: give them different names."
        )


def _source(values: Values) -> Iterator[str]:
    if values["source"] and not ADDRESS.match(values["source"]):
        yield "metamapper_source is no address. Give it as pg_hba.conf has it, for example 203.0.113.7/32."


def _pg_hba(values: Values) -> Iterator[str]:
    if not values["pg_hba_file"]:
        return
    if not values["source"]:
        yield (
            "metamapper_pg_hba_file is set, but metamapper_source is empty. Set it to the address that Metamapper "
            "connects from, for example 203.0.113.7/32, or leave metamapper_pg_hba_file out."
        )
    elif not _is_hba_address(values["source"]):
        yield (
            f'metamapper_source is "{values["source"]}", which pg_hba.conf does not take: an address needs its prefix '
            "length there, without host bits, for example 203.0.113.7/32 or 203.0.113.0/24."
        )
    databases = (entry.get("name") for entry in values["databases"] or () if entry)
    names = [name for name in databases if name and not PATTERN.search(name)]
    yield from hba_problems([*([values["user"]] if values["user"] else []), *names])
    yield from missing_collection()


def _is_hba_address(source: str) -> bool:
    """Return whether pg_hba.conf accepts an address: a network, or a host name."""
    try:
        ipaddress.ip_network(source)
    except ValueError:
        return not re.match(r"[0-9.]+(/|\Z)|.*:", source) and "/" not in source
    return "/" in source


def _baseline(values: Values) -> Iterator[str]:
    if values["baseline"] and not Path(values["baseline"]).expanduser().is_file():
        yield (
            f'metamapper_baseline names "{values["baseline"]}", and the controller has no such file. Name a '
            "report.json that this role has written, or leave the variable out."
        )


def _report_directory(values: Values) -> Iterator[str]:
    return _own_directory("report_directory", values)


def _documentation_directory(values: Values) -> Iterator[str]:
    return _own_directory("documentation_directory", values)


def _own_directory(name: str, values: Values) -> Iterator[str]:
    problem = directory_problem(absolute(values[name])) if values[name] else ""
    if problem:
        yield f"metamapper_{name}: {problem}"


def _api(values: Values) -> Iterator[str]:
    if not values["api_url"]:
        yield "metamapper_api_url is required, and it is not set or empty. It is the address of Metamapper."


def _datastores(values: Values) -> Iterator[str]:
    """Yield why it is not known which datastores are meant: there are none, or several databases have one name."""
    databases = [entry.get("name") or "" for entry in values["databases"] or () if entry]
    template = values["datastore"] or DATABASE
    if DATABASE not in template:
        if len(databases) > 1:
            yield (
                f'metamapper_datastore names one datastore, "{template}", and metamapper_databases has '
                f"{len(databases)} databases. Write {DATABASE} where the name of the database stands in those of the "
                "datastores, or leave it out."
            )
        return
    if not databases:
        yield "Neither metamapper_databases nor metamapper_datastore is set, so that no datastore is meant. Set one."


CHECKS: Mapping[str, tuple[Callable[[Values], Iterator[str]], ...]] = {
    "grant": (_names, _source, _pg_hba),
    "verify": (_names, _source, _baseline, _report_directory),
    "revoke": (_names,),
    "bastion": (_source, input_problems),
    "documentation": (_api, _datastores, _documentation_directory),
    "tunnel": (tunnel_problems,),
}
