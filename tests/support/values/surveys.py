# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module access finds on a server, built from values, and the result in check mode."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Mapping

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._access import result as _access
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.catalog.facts import (
    DatabaseFacts,
    RoleFacts,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.privileges.desired import Desired
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.roles.password import Password
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.roles.plan import plan_roles
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.state import (
    DatabaseState,
    ServerState,
    Survey,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.secret import Secret
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.login import Login
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.server import Server
from ansible_collections.metamapper.postgresql.plugins.module_utils._scope.account import DatabaseScope
from ansible_collections.metamapper.postgresql.plugins.module_utils._scope.databases import Target

from tests.support.values.catalogs import plan
from tests.support.values.names import (
    DIRECT,
    HOSTILE,
    PASSWORD,
    a_creator,
    a_database,
    a_reader,
    a_relation,
    a_request,
    a_role,
    a_schema,
    a_server,
    an_entry,
)

WISH = a_request()
READY = (a_role("readers", members=("metamapper",)), a_reader("metamapper"))
DONE = a_database(a_schema("sales", DIRECT), connect=DIRECT)
TO_DO = a_database(a_schema(HOSTILE), creators=(a_creator(HOSTILE, relations=1),), missing=(a_relation(HOSTILE, "t"),))
WHERE = Server(Login("admin"), "postgres")


def a_survey(
    *databases: DatabaseFacts, roles: tuple[RoleFacts, ...] = (), passwords: Mapping[str, Password] | None = None
) -> Survey:
    """Return what the module would find on a server with some roles and databases."""
    facts = a_server(*roles)
    known = passwords if passwords is not None else {role.name: Password("proven") for role in roles[1:]}
    to_set = [name for name, password in known.items() if password.state == "wrong"]
    verifiers = {user.name: Secret(PASSWORD) for user in WISH.users}
    states = [
        DatabaseState(
            Desired(database.name, WISH, facts, Target(database.name, an_entry(database.name))),
            replace(database, scope=DatabaseScope(database.name, an_entry(database.name), database.listed)),
            plan(database),
        )
        for database in databases
    ]
    role_plan = plan_roles(facts, WISH, databases=[], verifiers=verifiers, to_set=to_set)
    return Survey(ServerState(facts, verifiers, True), tuple(states), known, role_plan, ())


def in_check_mode(survey: Survey, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, Any]:
    """Return the result of check mode for a survey."""
    monkeypatch.setattr(_access, "survey", lambda _where, _wanted: survey)
    return _access.ensure_access(WHERE, WISH, check_mode=True)


SECOND_RUN = a_survey(DONE, roles=READY)
FIRST_RUN = a_survey(TO_DO)
