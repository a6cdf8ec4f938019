# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks this collection's assumptions about Metamapper against its source code.

Run it with "python -m tools.metamapper.upstream DIRECTORY". It prints as Markdown each assumption that the source no
longer confirms, and exits with 1 if there is one. .github/workflows/metamapper.yml runs it every week.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, Sequence


@dataclass(frozen=True)
class Assumption:
    """A statement about Metamapper, an excerpt of its source that shows it, and where this collection relies on it."""

    statement: str
    file: str
    excerpt: str
    used_in: str


INSPECTOR = "app/inspector/engines/postgresql_inspector.py"
CORRECTIONS = "app/revisioner/tasks/v1/core.py"
SCAN = "plugins/module_utils/_visibility/catalog/metamapper_queries.py"
DOCUMENTATION = "docs/what-happens-to-documentation.md"
ASSUMPTIONS = (
    Assumption(
        "Its SSH tunnel is closed before the first table is read.",
        "app/inspector/service.py",
        "return get_engine(datastore, override_host, override_port).get_tables_and_views()",
        "docs/guides/bastion.md, roles/tunnel",
    ),
    Assumption(
        "Tables are read as a generator, after the tunnel has been closed.",
        "app/inspector/engines/interface.py",
        "yield response.pop(last_source)",
        "docs/guides/bastion.md, roles/tunnel",
    ),
    Assumption(
        "It lists what information_schema shows, and looks names up unquoted.",
        INSPECTOR,
        "to_regclass(c.table_schema || '.' || c.table_name)::oid AS table_object_id",
        SCAN,
    ),
    Assumption(
        "A schema is looked up unquoted as well.",
        INSPECTOR,
        "c.table_schema::regnamespace::oid AS schema_object_id",
        SCAN,
    ),
    Assumption(
        "Three schemas are never listed.",
        INSPECTOR,
        "sys_schemas = [ 'information_schema', 'pg_catalog', 'pg_toast', ]",
        SCAN,
    ),
    Assumption(
        "Hidden and visible tables are matched by oid, over all datastores.",
        CORRECTIONS,
        "FROM definitions_table t1 JOIN definitions_table t2 ON t1.id <> t2.id AND t1.object_ref = t2.object_ref"
        " JOIN definitions_schema s",
        DOCUMENTATION,
    ),
    Assumption(
        "What a scan does not see is hidden.",
        CORRECTIONS,
        ".exclude(run_id=run.id) \\ .delete()",
        DOCUMENTATION,
    ),
    Assumption(
        "A column default longer than 255 characters cannot be stored.",
        "app/definitions/models.py",
        "default_value = models.CharField(max_length=255, null=True, blank=True)",
        "plugins/module_utils/_core/metamapper_form.py",
    ),
    Assumption(
        "A run whose schemas failed in part is PARTIAL.",
        "app/revisioner/models.py",
        "PARTIAL = 'PARTIAL'",
        DOCUMENTATION,
    ),
)


def without_layout(text: str) -> str:
    """Return a text with each run of white space replaced by one space."""
    return " ".join(text.split())


def outdated(source: Path, assumptions: Sequence[Assumption] = ASSUMPTIONS) -> Iterator[Assumption]:
    """Yield each assumption whose excerpt is not in the source; a missing file counts as empty."""
    for assumption in assumptions:
        path = source / assumption.file
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        if without_layout(assumption.excerpt) not in without_layout(text):
            yield assumption


def main(arguments: Sequence[str]) -> int:
    """Print the assumptions that the source in a directory does not confirm; return the exit status."""
    (directory,) = arguments
    found = list(outdated(Path(directory)))
    for assumption in found:
        print(f"* {assumption.statement} `{assumption.file}` no longer has `{without_layout(assumption.excerpt)}`.")
        print(f"  Check {assumption.used_in}.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
