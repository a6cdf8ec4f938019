# SPDX-License-Identifier: GPL-3.0-or-later
"""The problems of a server on which nothing can be written, and their remedies."""

from __future__ import annotations

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.catalog.inspect import Primary
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.not_writable import (
    in_recovery,
    read_only,
    roles_stay_here,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.problem import Problem
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.login import Login

from tests.support.values.names import HOSTILE, a_role, a_server

QUOTED = '"we""ird.näme\'; --"'
LOGIN = Login("admin", host="replica", port=5432)
STANDBY = (
    "Cannot change roles or privileges on replica, port 5432: the server is in recovery (a standby), and replicates "
    "them from its primary"
)
SAID = {
    "a standby that tells its primary": (
        in_recovery(LOGIN, Primary("db1", 5433)),
        f'{STANDBY} db1, port 5433. Set metamapper_login_host: "db1" (option login_host). Set metamapper_login_port: '
        "5433 (option login_port).",
    ),
    "a standby that does not": (
        in_recovery(LOGIN, None),
        f"{STANDBY}. Set metamapper_login_host (option login_host) to the host of the primary. Set "
        "metamapper_login_port (option login_port) to its port.",
    ),
    "read-only transactions": (
        read_only(a_server(admin=a_role(HOSTILE, can_login=True)), HOSTILE),
        f"Cannot write in database {QUOTED}: default_transaction_read_only is on for role {QUOTED} there. Find out "
        "first why it is on: the column source of pg_settings tells where it is set.\n"
        f"As {QUOTED} or a superuser, in database {QUOTED}, run:\n  SET default_transaction_read_only = off;\n"
        f"  ALTER ROLE {QUOTED} IN DATABASE {QUOTED} SET default_transaction_read_only = off;",
    ),
    "roles that citus would not carry on": (
        roles_stay_here("postgres", "erp"),
        'Database "erp" has the extension citus, which carries roles to its workers only from a database that has it, '
        'and roles are made in "postgres", which has not. Set metamapper_login_db: "erp" (option login_db).',
    ),
}


@pytest.mark.parametrize(("problem", "said"), SAID.values(), ids=SAID)
def test_what_is_said(problem: Problem, said: str) -> None:
    assert str(problem) == said
