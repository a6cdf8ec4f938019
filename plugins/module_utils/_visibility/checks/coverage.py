# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""What Metamapper will not see: now, in the future, no longer, and never."""

from __future__ import annotations

from typing import Iterable, Iterator

from ..._core.membership import inheriting_membership, may_grant
from ..._core.remedy import OWNER, Remedies, alternatively, by_hand, sql, variable
from ..._core.server_version import has_feature
from ..._core.sql_statement import Statement, quoted, statement_text
from ..catalog.facts import (
    Creator,
    DatabaseFacts,
    Loss,
    RelationDetail,
    Totals,
)
from ..finding import (
    MOST_EXAMPLES,
    Aspect,
    Finding,
    Severity,
)
from ..wording import sampled
from .remedies import granted, of_role, usage
from .scan_failures import is_left_out


def missing(facts: DatabaseFacts) -> tuple[Finding, ...]:
    """Return the schemas, relations and columns in scope that exist but will not be visible."""
    found = (*_unmatched(facts), *_without_usage(facts), *_missing_relations(facts))
    return (*_membership(facts, "missing" if found else "future"), *found)


def _unmatched(facts: DatabaseFacts) -> Iterator[Finding]:
    for problem in facts.expectation.problems:
        yield Finding("missing", "failure", problem.message, problem.remedies, facts.name, problem.object)


def _membership(facts: DatabaseFacts, aspect: Aspect) -> Iterator[Finding]:
    if facts.session.group_oid is not None and not facts.session.inherits_group:
        held = "is a member of" if facts.session.is_member else "is no member of"
        and_so = " but does not inherit its privileges" if facts.session.is_member else ""
        reason = f"The user {quoted(facts.user)} {held} the group {quoted(facts.group)}{and_so}."
        yield Finding(aspect, "failure", reason, _inherit(facts))


def _inherit(facts: DatabaseFacts) -> Remedies:
    version = facts.session.version
    statement = inheriting_membership(facts.group, facts.user, version)
    if facts.session.is_member and not has_feature(version, "membership_options"):
        statement = statement_text("ALTER ROLE {} INHERIT", facts.user)
    return (sql("inherit from the group", statement, by=may_grant(facts.group, version)),)


def _without_usage(facts: DatabaseFacts) -> Iterator[Finding]:
    for name in facts.expectation.schemas:
        schema = facts.schemas[name]
        if not schema.usage and not _is_wholly_missing(facts, name):
            by_group = _is_held_by_group(facts, schema.group_usage)
            reason = f"The login has no USAGE on this listed schema{_by_group(facts, by_group)}."
            remedies = _inherit(facts) if by_group else granted(facts, usage(facts, name))
            yield Finding("missing", "failure", reason, remedies, facts.name, name)


def _is_held_by_group(facts: DatabaseFacts, held: bool) -> bool:
    return held and not facts.session.inherits_group


def _by_group(facts: DatabaseFacts, by_group: bool) -> str:
    return f": the group {quoted(facts.group)} holds it, but the user does not inherit it" if by_group else ""


def _is_wholly_missing(facts: DatabaseFacts, schema: str) -> bool:
    totals = facts.totals.get(schema, Totals())
    return totals.relations > 1 and totals.visible_relations == 0


def _missing_relations(facts: DatabaseFacts) -> Iterator[Finding]:
    missing = [detail for detail in facts.of("missing") if not is_left_out(facts, detail)]
    sample = sampled(detail for detail in missing if not _is_wholly_missing(facts, detail.schema))
    whole = {detail.schema: detail for detail in missing if _is_wholly_missing(facts, detail.schema)}
    for name, example in sorted(whole.items()):
        yield _missing_schema(facts, name, example)
    for detail in sample.details:
        yield _missing_relation(facts, detail)
    for name, count in sample.unlisted.items():
        reason = f"{count} more relations of this schema are missing, wholly or in part."
        yield Finding("missing", "failure", reason, granted(facts, _grant_all(facts, name)), facts.name, name)


def _grant_all(facts: DatabaseFacts, schema: str) -> str:
    privilege = facts.expectation.schemas[schema]
    return statement_text(f"GRANT {privilege} ON ALL TABLES IN SCHEMA {{}} TO {{}}", schema, facts.beneficiary)


def _grant_one(facts: DatabaseFacts, schema: str, relation: str) -> str:
    template = f"GRANT {facts.expectation.schemas[schema]} ON TABLE {{}} TO {{}}"
    return f"{Statement(template, ((schema, relation), (facts.beneficiary,)))};"


def _missing_schema(facts: DatabaseFacts, name: str, example: RelationDetail) -> Finding:
    schema = facts.schemas[name]
    privilege = facts.expectation.schemas[name]
    by_group = _is_held_by_group(facts, example.held_by_group and schema.group_usage)
    lacking = privilege if schema.usage else f"USAGE and {privilege}"
    reason = (
        f"None of the {facts.totals[name].relations} relations of this schema will appear: the login lacks {lacking}"
        f"{_by_group(facts, by_group)}."
    )
    first = [] if schema.usage else [usage(facts, name)]
    remedies = _inherit(facts) if by_group else granted(facts, *first, _grant_all(facts, name))
    return Finding("missing", "failure", reason, remedies, facts.name, name)


def _missing_relation(facts: DatabaseFacts, detail: RelationDetail) -> Finding:
    privilege = facts.expectation.schemas[detail.schema]
    by_group = _is_held_by_group(facts, detail.held_by_group)
    if detail.visible == detail.columns:
        what = f"It will appear, but {detail.columns - detail.readable} of its {detail.columns} columns cannot be read"
    elif detail.visible:
        what = f"Only {detail.visible} of its {detail.columns} columns will appear"
    else:
        what = "It will not appear"
    reason = f"{what}: the login lacks {privilege} on it{_by_group(facts, by_group)}."
    one = _grant_one(facts, detail.schema, detail.relation)
    remedies = _inherit(facts) if by_group else granted(facts, one)
    if detail.of_extension:
        reason += " It belongs to an extension."
    severity: Severity = "information" if detail.of_extension else "failure"
    return Finding("missing", severity, reason, remedies, facts.name, detail.schema, detail.relation)


def future(facts: DatabaseFacts) -> tuple[Finding, ...]:
    """Return the roles whose future tables in the schemas in scope will not be visible."""
    by_role: dict[str, list[str]] = {}
    for creator in _uncovered(facts):
        by_role.setdefault(creator.role, []).append(creator.schema)
    return (*_unknown_creators(facts), *_future_findings(facts, by_role))


def is_future_covered(facts: DatabaseFacts) -> dict[str, bool]:
    """Tell for each listed schema whether every role that can create tables in it has the default privilege."""
    uncovered = {creator.schema for creator in _uncovered(facts)}
    uncovered |= {schema for schema, _role in _unknown_pairs(facts)}
    return {schema: schema not in uncovered for schema in facts.expectation.schemas}


def _uncovered(facts: DatabaseFacts) -> Iterator[Creator]:
    covering = {(default.role, default.schema, held) for default in facts.defaults for held in default.privileges}
    for creator in facts.creators:
        wanted = {"SELECT", facts.expectation.schemas[creator.schema]}
        places = ((creator.role, schema, held) for schema in ("", creator.schema) for held in wanted)
        if not creator.is_inherited and covering.isdisjoint(places):
            yield creator


def _unknown_pairs(facts: DatabaseFacts) -> Iterator[tuple[str, str]]:
    known = {(creator.schema, creator.role) for creator in facts.creators}
    for schema, roles in facts.expectation.creators.items():
        yield from ((schema, role) for role in dict.fromkeys(roles) if (schema, role) not in known)


def _unknown_creators(facts: DatabaseFacts) -> Iterator[Finding]:
    for role in sorted({role for _schema, role in _unknown_pairs(facts)}):
        reason = f"The creator {quoted(role)} does not exist on this server."
        yield Finding("future", "failure", reason, by_hand("Correct or remove it in creators."), facts.name)


def _future_findings(facts: DatabaseFacts, by_role: dict[str, list[str]]) -> Iterator[Finding]:
    for schema in by_role.pop("", []):
        reason = (
            "Every role can create tables here, through PUBLIC: those of roles without a default privilege will not "
            "appear."
        )
        statement = statement_text("REVOKE CREATE ON SCHEMA {} FROM PUBLIC", schema)
        remedy = sql("revoke CREATE from PUBLIC", statement, by=OWNER, database=facts.name)
        yield Finding("future", "failure", reason, (remedy,), facts.name, schema)
    for role, schemas in sorted(by_role.items()):
        for schema in schemas[:MOST_EXAMPLES]:
            privilege = facts.expectation.schemas[schema]
            reason = (
                f"Role {quoted(role)} can create tables here{_as_member(facts, role, schema)} and has no default "
                f"privilege {privilege} for {quoted(facts.beneficiary)}: they will not appear."
            )
            yield Finding("future", "failure", reason, _default_privileges(facts, role, [schema]), facts.name, schema)
        if len(schemas) > MOST_EXAMPLES:
            reason = f"The same holds for role {quoted(role)} in {len(schemas) - MOST_EXAMPLES} more schemas."
            remedies = _default_privileges(facts, role, schemas[MOST_EXAMPLES:])
            yield Finding("future", "failure", reason, remedies, facts.name)


def _as_member(facts: DatabaseFacts, role: str, schema: str) -> str:
    is_member = any(one.is_member for one in facts.creators if (one.role, one.schema) == (role, schema))
    return ", as a member of a role that can," if is_member else ""


def _default_privileges(facts: DatabaseFacts, role: str, schemas: Iterable[str]) -> Remedies:
    template = "ALTER DEFAULT PRIVILEGES FOR ROLE {{}} IN SCHEMA {{}} GRANT {} ON TABLES TO {{}}"
    statements = [
        statement_text(template.format(facts.expectation.schemas[schema]), role, schema, facts.beneficiary)
        for schema in schemas
    ]
    return (sql("grant on future tables", *statements, by=of_role(role), database=facts.name),)


def lost(facts: DatabaseFacts) -> tuple[Finding, ...]:
    """Return what Metamapper saw at the time of the baseline and will not see now."""
    by_schema: dict[str, list[Loss]] = {}
    for loss in facts.losses:
        by_schema.setdefault(loss.schema, []).append(loss)
    return tuple(found for losses in by_schema.values() for found in _lost_findings(facts, losses))


def _lost_findings(facts: DatabaseFacts, losses: list[Loss]) -> Iterable[Finding]:
    """Yield a failure if a privilege is missing, and a warning if what was seen no longer exists."""
    for loss in losses[:MOST_EXAMPLES]:
        reason = f"{_what_is_lost(loss)} The next scan succeeds without it and hides its documentation."
        if facts.scan.definitions_failure:
            reason = f"{_what_is_lost(loss)} The first scan that succeeds will hide its documentation."
        severity: Severity = "warning" if loss.is_gone else "failure"
        yield Finding("lost", severity, reason, _remedies_for_loss(facts, loss), facts.name, loss.schema, loss.relation)
    others = losses[MOST_EXAMPLES:]
    if others:
        reason = f"{len(others)} more relations of this schema were seen earlier and will not be seen now."
        severity = "warning" if all(loss.is_gone for loss in others) else "failure"
        yield Finding(
            "lost", severity, reason, by_hand("Fix the ones that are listed first."), facts.name, losses[0].schema
        )


def _what_is_lost(loss: Loss) -> str:
    before = f"It was seen earlier with {loss.columns_before} columns"
    if loss.elsewhere:
        return f"{before} and is not there now; its name exists in schema {quoted(loss.elsewhere)}, and is not seen."
    if not loss.exists:
        return f"{before} and no longer exists (or has a new name)."
    if loss.columns:
        return f"{before} and will be seen with {loss.columns}{', all that it has' if loss.is_gone else ''}."
    return f"{before} and will not be seen, though it exists."


def _remedies_for_loss(facts: DatabaseFacts, loss: Loss) -> Remedies:
    if loss.is_gone:
        return by_hand("If that is intended, do nothing; else restore it: its documentation comes back with it.")
    if loss.elsewhere or loss.schema not in facts.expectation.schemas:
        schema = loss.elsewhere or loss.schema
        entry = facts.scope.entry.name if facts.scope is not None else facts.name
        note = "and run grant_metamapper"
        listed = variable("list the schema", "schemas", [schema], database=entry, note=note, change="add")
        accepted = variable("accept the loss", "metamapper_accept_lost", True, note="for one run, to hide it")
        return (listed, *alternatively(accepted))
    first = [] if loss.usage else [usage(facts, loss.schema)]
    return granted(facts, *first, _grant_one(facts, loss.schema, loss.relation))


def limits(facts: DatabaseFacts) -> tuple[Finding, ...]:
    """Return what no privilege can show: information."""
    return (*_hidden(facts), *_general_limits(facts))


def _hidden(facts: DatabaseFacts) -> Iterator[Finding]:
    for is_view, what in ((True, "materialized views"), (False, "relations without columns")):
        by_schema: dict[str, list[RelationDetail]] = {}
        for detail in facts.of("never_listed"):
            if (detail.kind == "m") == is_view:
                by_schema.setdefault(detail.schema, []).append(detail)
        for schema, details in by_schema.items():
            names = ", ".join(quoted(detail.relation) for detail in details[:3])
            more = ", ..." if details[0].members > 3 else ""
            reason = f"Metamapper never shows {what}, whatever is granted; here {details[0].members}: {names}{more}."
            yield Finding("limits", "information", reason, (), facts.name, schema)


def _general_limits(facts: DatabaseFacts) -> Iterator[Finding]:
    if facts.expectation.schemas:
        reason = (
            "Metamapper's query for tables tells primary keys only to the owner of a table and to members of it: none "
            "is marked, and no privilege that can be granted changes it."
        )
        yield Finding("limits", "information", reason, (), facts.name)
