# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Carries out what was planned: the group first, then each database, and the users last.

No scan that succeeds sees less than before: what a database gets comes in one transaction, and a user becomes a member
of the group when all of it is there.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Callable, Iterable, Mapping, Sequence, TypeVar

from ansible_collections.metamapper.postgresql.plugins.module_utils._access.catalog.facts import (
    DatabaseFacts,
    RoleFacts,
    SchemaFacts,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.catalog.inspect import (
    inspect_database,
    inspect_roles,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.privileges.acl_item import (
    Held,
    in_order,
    revoke_statements,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.privileges.diff import DatabasePlan, Planner
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.privileges.exclusive import (
    beyond,
    with_beyond,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.privileges.statements import (
    Grant,
    batches,
    statements_for,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.request import User, Wanted
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.roles.password import Password, why_refused
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.roles.plan import RolePlan, plan_roles
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.summary import merged, outline
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.survey import (
    DatabaseLook,
    Survey,
    look_at_held,
    losses,
    planner_of,
    prove,
    schema_rules,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.problem import Failure, Problem
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.sql_statement import Statement, quoted
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.server import Server
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.session import Session
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.transaction import (
    UNLOGGED,
    Done,
    Patience,
    Work,
    write,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._scope.entry import Privilege

Roles = Mapping[str, RoleFacts]
Plan = TypeVar("Plan", RolePlan, DatabasePlan)
ChooseStatements = Callable[[RolePlan], Sequence[Statement]]


@dataclass
class Progress:
    """What has been committed so far."""

    statements: list[Statement] = field(default_factory=list)
    committed: list[str] = field(default_factory=list)
    databases: dict[str, tuple[Mapping[str, Any], Mapping[str, Any]]] = field(default_factory=dict)
    roles: Roles | None = None

    def keep(self, what: str, done: Done[Any, Any]) -> None:
        """Remember a transaction that was committed and wrote something."""
        if done.statements:
            self.statements += done.statements
            self.committed.append(what)


@dataclass(frozen=True)
class Applied:
    """What was written, and what the catalog showed before and after, for each database that was written to."""

    statements: tuple[Statement, ...]
    databases: Mapping[str, tuple[Mapping[str, Any], Mapping[str, Any]]]
    passwords: Mapping[str, Password]
    roles: Roles


def _checked(plan: Plan) -> Plan:
    """Return a plan that can be carried out; raises Failure where something changed for the worse since the survey."""
    if plan.problems:
        raise Failure(plan.problems)
    return plan


class Apply:
    """The writing half of the module."""

    def __init__(self, where: Server, wanted: Wanted, found: Survey) -> None:
        self.where = where
        self.wanted = wanted
        self.found = found
        self.server = found.server.facts
        self.patience = Patience(wanted.wait_seconds, wanted.lock_timeout_ms)
        self.progress = Progress(roles=self.server.roles)

    def run(self) -> Applied:
        """Write everything; raises Failure, which names what earlier transactions have committed."""
        try:
            self._make_roles("the group", lambda plan: plan.group)
            for look in self.found.databases:
                if look.plan.has_changes:
                    self._change(look)
                if look.surplus:
                    self._take_back(look)
            self._make_roles("the users", lambda plan: plan.users)
            passwords = self._settle_passwords()
            self._retire()
        except Failure as failure:
            raise Failure(failure.problems, self.progress.committed) from failure
        progress = self.progress
        return Applied(tuple(progress.statements), progress.databases, passwords, progress.roles or {})

    def _make_roles(self, what: str, choose: ChooseStatements, to_set: frozenset[str] | None = None) -> None:
        """Bring the group or the users about, in one transaction, if the survey or ``to_set`` asks for it."""
        setting = self.found.to_set if to_set is None else to_set
        planned = choose(self._role_plan(self.progress.roles or {}, setting))
        if not planned:
            return
        is_secret = any(statement.secret for statement in planned)
        work: Work[Roles, RolePlan] = Work(
            database=self.where.database,
            look=lambda session: inspect_roles(session, self.wanted),
            plan=lambda roles: _checked(self._role_plan(roles, setting)),
            statements=choose,
            missing=lambda _plan, after: self._missing_roles(choose(self._role_plan(after, frozenset()))),
            settings=UNLOGGED if is_secret and self.server.admin.is_superuser else (),
        )
        with self.where.session() as session:
            done = write(session, work, self.patience)
        self.progress.keep(f"{what}: {', '.join(quoted(name) for name in self._names_of(what))}", done)
        self.progress.roles = done.after

    def _names_of(self, what: str) -> Sequence[str]:
        names: Mapping[str, Sequence[str]] = {
            "the group": [self.wanted.group],
            "the retired users": self.wanted.retired,
        }
        return names.get(what, [user.name for user in self.wanted.users])

    def _role_plan(self, roles: Roles, to_set: frozenset[str]) -> RolePlan:
        server = replace(self.server, roles=roles)
        names, verifiers = self.found.database_names, self.found.server.verifiers
        return plan_roles(server, self.wanted, databases=names, verifiers=verifiers, to_set=to_set)

    def _missing_roles(self, statements: Sequence[Statement]) -> list[Problem]:
        return [
            Problem(
                f"PostgreSQL accepted this statement, but the catalog does not show what it asks for: {statement};",
                "Look for an event trigger or an extension that undoes it.",
                database=self.where.database,
                statement=str(statement),
            )
            for statement in statements
        ]

    def _change(self, look: DatabaseLook) -> None:
        limit = self.server.names_per_transaction
        with self.where.session(look.target.name) as session:
            for schemas in batches((*look.plan.grants, *look.plan.revokes), limit):
                while self._change_once(session, look, schemas, limit):
                    pass

    def _take_back(self, look: DatabaseLook) -> None:
        """Take back what is held beyond the list, after everything that is wanted is there."""
        with self.where.session(look.target.name) as session:
            while self._take_back_once(session, look, self.server.names_per_transaction):
                pass

    def _take_back_once(self, session: Session, look: DatabaseLook, limit: int | None) -> bool:
        """Take back so much as one transaction may name, schemas last; tell whether there is more."""
        name, administrator = look.target.name, self.server.administrator
        work: Work[list[Held], list[Held]] = Work(
            database=name,
            look=lambda again: self._surplus(again, look),
            plan=lambda surplus: in_order(surplus)[:limit],
            statements=lambda plan: revoke_statements(plan, administrator=administrator),
            missing=lambda plan, after: [self._kept(name, item) for item in in_order(set(plan) & set(after))],
        )
        done = write(session, work, self.patience)
        self.progress.keep(f"database {quoted(name)}, beyond the list", done)
        before, after = self.progress.databases.get(name, (look.before, look.before))
        self.progress.databases[name] = (with_beyond(before, look.surplus), with_beyond(after, done.after))
        return bool(done.after) and bool(done.statements)

    def _surplus(self, session: Session, look: DatabaseLook) -> list[Held]:
        facts = self._inspect(session, look, tuple(look.before["schemas"]))
        planner = self._planner(facts, look)
        return beyond(planner, look_at_held(session, self.wanted, self.server))

    def _kept(self, database: str, item: Held) -> Problem:
        return Problem(
            f"PostgreSQL accepted the REVOKE, but {quoted(item.grantee)} still has {item} in database "
            f"{quoted(database)}; the transaction was rolled back.",
            "Look for an event trigger or an extension that grants it again.",
            database=database,
            object=item.name,
        )

    def _change_once(self, session: Session, look: DatabaseLook, schemas: Sequence[str], limit: int | None) -> bool:
        """Grant what the schemas lack, up to the limit, in one transaction; tell whether there is more."""
        name, group = look.target.name, self.wanted.group
        work: Work[DatabaseFacts, DatabasePlan] = Work(
            database=name,
            look=lambda again: self._inspect(again, look, schemas),
            plan=lambda facts: _checked(self._planner(facts, look).plan()),
            statements=lambda plan: statements_for(
                name, group, plan.limited(limit).grants, plan.limited(limit).revokes
            ),
            missing=lambda plan, after: self._missing_changes(look, plan.limited(limit), after),
        )
        done = write(session, work, self.patience)
        self.progress.keep(f"database {quoted(name)}", done)
        self._remember(name, done)
        return done.plan != done.plan.limited(limit)

    def _inspect(self, session: Session, look: DatabaseLook, schemas: Sequence[str]) -> DatabaseFacts:
        return inspect_database(
            session,
            look.target.name,
            group=self.wanted.group,
            group_exists=True,
            listed=look.target.entry.creators or (),
            choose=lambda existing: self._still_wanted(look, schemas, existing),
        )

    def _still_wanted(
        self, look: DatabaseLook, schemas: Sequence[str], existing: Iterable[SchemaFacts]
    ) -> Mapping[str, Privilege]:
        wanted = schema_rules(self.wanted, self.server).scope(look.target, existing)[0].schemas
        return {schema: wanted[schema] for schema in schemas if schema in wanted}

    def _planner(self, facts: DatabaseFacts, look: DatabaseLook) -> Planner:
        return planner_of(self.server, facts, look.target, self.wanted)

    def _missing_changes(self, look: DatabaseLook, plan: DatabasePlan, after: DatabaseFacts) -> list[Problem]:
        planner = self._planner(after, look)
        lacking, surplus = set(planner.lacking()), set(planner.surplus())
        name = look.target.name
        return [
            *(self._undone(planner, name, grant) for grant in plan.grants if grant in lacking),
            *(self._still_there(name, grant) for grant in plan.revokes if grant in surplus),
        ]

    def _still_there(self, database: str, grant: Grant) -> Problem:
        (statement,) = statements_for(database, self.wanted.group, (), [grant])
        return Problem(
            f"PostgreSQL accepted the REVOKE, but {quoted(self.wanted.group)} still has {grant} in database "
            f"{quoted(database)}; the transaction was rolled back. Only the role that granted it can take it back.",
            f"Find it in the ACL (psql: \\dp), and as that role, or after SET ROLE to it, run: {statement};",
            database=database,
            object=grant.name,
            statement=f"{statement};",
        )

    def _undone(self, planner: Planner, database: str, grant: Grant) -> Problem:
        (statement,) = statements_for(database, self.wanted.group, [grant])
        owner = planner.owner_of(grant)
        return Problem(
            f"PostgreSQL accepted the GRANT, but {quoted(self.wanted.group)} does not have {grant} in database "
            f"{quoted(database)}; the transaction was rolled back.",
            f"Look for an event trigger or an extension that undoes it, or have {quoted(owner)}, who owns it, or a "
            f"superuser run: {statement};",
            database=database,
            object=grant.name or grant.schema or database,
            statement=f"{statement};",
        )

    def _remember(self, name: str, done: Done[DatabaseFacts, DatabasePlan]) -> None:
        before, after = outline(done.before), outline(done.after)
        if name in self.progress.databases:
            first, second = self.progress.databases[name]
            before, after = merged(before, first), merged(second, after)
        self.progress.databases[name] = (before, after)

    def _retire(self) -> None:
        """Retire users, if a plan asks for it, once the one that takes their place works and sees what they see."""
        roles = self.progress.roles or {}
        plan = self._role_plan(roles, frozenset())
        if not plan.retired:
            return
        successor = self._prove(self.wanted.users[0])
        if successor.state == "wrong":
            name = quoted(self.wanted.users[0].name)
            message = f"The user {name} cannot log in, so nobody retires. {successor.reason}"
            raise Failure([Problem(message, "Mend the login first.", object=self.wanted.users[0].name)])
        missing = losses(self.where, replace(self.server, roles=roles), self.wanted, plan)
        if missing:
            raise Failure(missing)
        self._make_roles("the retired users", lambda plan: plan.retired)

    def _settle_passwords(self) -> dict[str, Password]:
        """Prove what could not be proven before the users were mended, and what this task has set."""
        settled = dict(self.found.passwords)
        for user in self.wanted.users:
            known = settled.get(user.name)
            if known is None:
                settled[user.name] = Password("set", "The role was made by this task.")
            elif known.state == "wrong":
                settled[user.name] = self._proven_after_setting(user)
            elif known.state == "blocked":
                settled[user.name] = self._settled(user)
        return settled

    def _settled(self, user: User) -> Password:
        known = self._prove(user)
        if known.state != "wrong":
            return known
        self._make_roles("the users", lambda plan: plan.users, frozenset([user.name]))
        return self._proven_after_setting(user)

    def _proven_after_setting(self, user: User) -> Password:
        known = self._prove(user)
        if known.state == "wrong":
            message = f"The password of user {quoted(user.name)} was set, but is still refused. {known.reason}"
            advice = (
                "Look into the server's log, and into pg_hba.conf for a method that asks elsewhere (ldap, pam, radius)."
            )
            raise Failure([Problem(message, advice, object=user.name)])
        return Password("set", known.reason)

    def _prove(self, user: User) -> Password:
        facts = (self.progress.roles or {}).get(user.name)
        against = why_refused(facts) if facts is not None else ""
        if against:
            return Password("unproven", f"A login as the user could prove nothing: {against}.")
        database = self.found.database_names[0] if self.found.database_names else self.where.database
        return prove(self.where, user, database, uses_tls=self.found.server.uses_tls)
