# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: it may change at any time and without notice.
"""Which objects make Metamapper's queries fail or misread, according to the catalog and to the queries' results."""

from __future__ import annotations

from typing import Iterator, Mapping

from ..._core.remedy import OWNER, ROLE_ADMIN, Remedies, alternatively, by_hand, sql
from ..._core.server_version import has_feature
from ..._core.sql_statement import Statement, quoted, statement_text
from ..._core.unquoted_names import Effect, safe_name
from ..catalog.facts import DatabaseFacts, Default, QueryFailure, RelationDetail, Schema, Totals
from ..finding import Finding, Severity, qualified
from ..wording import grantee, sampled, through
from .not_storable import not_decodable, not_storable
from .remedies import PUBLIC, granted, hidden, renamed, revoked_default, usage

QUERY_CANCELED = "57014"
MAY_HAVE_BEEN_DROPPED = frozenset({"42P01", "3F000", "XX000"})
# The next scan may take longer: the tables grow, and other work may keep the server busy.
TIMES_AS_LONG = 3
SHOWING = frozenset({"SELECT", "INSERT", "UPDATE", "REFERENCES"})

_SCHEMA_REASONS: Mapping[Effect, str] = {
    "fails": "Metamapper does not quote the name of this schema, and its query for tables fails as a whole on it",
    "wrong id": "Metamapper does not quote the name of this schema and takes the id of something else for its own",
}
_INDEX_REASONS: Mapping[Effect, str] = {
    "fails": "Metamapper does not quote the name of this schema, and its query for indexes fails as a whole on it, "
    "whatever is granted; this release of Metamapper does not run that query",
    "wrong id": "Metamapper does not quote the name of this schema, and its query for indexes, which this release does "
    "not run, takes the id of something else for its own",
}

_RELATION_REASONS: Mapping[Effect, str] = {
    "fails": "Metamapper does not quote this name, and its query for tables fails as a whole on it",
    "no id": "Metamapper does not quote this name and finds no object by it: the relation and its columns have no id, "
    "and what people wrote about them is lost when it is renamed",
    "wrong id": "Metamapper does not quote this name and takes the id of the relation {twin} for its own",
}


def scan_failures(facts: DatabaseFacts) -> tuple[Finding, ...]:
    """Return all that breaks or falsifies a scan of this database."""
    return (
        *_schemas_that_need_quotes(facts),
        *_relations_without_usage(facts),
        *_relations_that_need_quotes(facts),
        *_left_out_relations(facts),
        *not_storable(facts),
        *not_decodable(facts),
        *_out_of_time(facts),
        *_unpredicted_failures(facts),
        *_from_default_privileges(facts),
    )


def confirmed(facts: DatabaseFacts) -> bool:
    """Return whether Metamapper's queries did what the catalog predicted."""
    effects = _effects(facts)
    answer = facts.scan
    if answer.definitions_failure:
        return "fails" in effects or answer.undecodable is not None
    return "fails" not in effects and bool(effects - {"fine"}) == bool(answer.misread) and not _unpredicted(facts)


def _effects(facts: DatabaseFacts) -> set[Effect]:
    shown = {name for name, totals in facts.totals.items() if totals.visible_relations}
    closed: set[Effect] = {"fails" for detail in facts.of("no_usage") if _has_no_usage(facts, detail)}
    names = {_relation_effect(facts, detail) for detail in facts.of("needs_quotes")}
    return closed | names | {_schema_effect(facts, name) for name in shown}


def _usage(facts: DatabaseFacts) -> Mapping[str, bool]:
    return {name: schema.usage for name, schema in facts.schemas.items()}


def _schema_effect(facts: DatabaseFacts, name: str) -> Effect:
    """Return what the name of a schema does, given the relations that are visible in it.

    If it is mistaken for a schema without USAGE, the scan fails on each of them.
    """
    effect = facts.reader.schema_effect(name, facts.schemas.keys())
    meant = facts.reader.meant(name, "x")
    if effect != "wrong id" or meant is None or meant[0] == name or _usage(facts).get(meant[0], True):
        return effect
    harmless = [
        one for one in facts.of("needs_quotes") if one.schema == name and _relation_effect(facts, one) != "fails"
    ]
    return "fails" if facts.totals.get(name, Totals()).visible_relations > len(harmless) else effect


def _relation_effect(facts: DatabaseFacts, detail: RelationDetail) -> Effect:
    return facts.reader.relation_effect(detail.schema, detail.relation, _usage(facts), facts.namesakes)


def _has_no_usage(facts: DatabaseFacts, detail: RelationDetail) -> bool:
    """Return whether a relation is visible without USAGE on its schema, under the name that Metamapper looks up."""
    meant = facts.reader.meant(detail.schema, detail.relation)
    return meant is not None and not _usage(facts).get(meant[0], True)


def _schemas_that_need_quotes(facts: DatabaseFacts) -> Iterator[Finding]:
    taken = set(facts.schemas)
    for name, schema in facts.schemas.items():
        totals = facts.totals.get(name)
        effect = _schema_effect(facts, name)
        if effect == "fine":
            continue
        if totals and totals.visible_relations:
            count = f" (visible in it: {totals.visible_relations})"
            yield _schema_finding(facts, schema, taken, "failure", _SCHEMA_REASONS[effect] + count + ".")
        elif schema.in_index_query:
            by_name = facts.reader.schema_effect(name, facts.schemas.keys())
            yield _schema_finding(facts, schema, taken, "warning", _INDEX_REASONS[by_name] + ".")


def _schema_finding(facts: DatabaseFacts, schema: Schema, taken: set[str], severity: Severity, reason: str) -> Finding:
    instead = renamed(facts, "SCHEMA", [schema.name], _reserve_name(schema.name, taken))
    remedies = hidden(facts, schema.name, instead) if severity == "failure" else instead
    return Finding("breaks_scan", severity, reason, remedies, facts.name, schema.name)


def _reserve_name(name: str, taken: set[str]) -> str:
    """Return a new name for something, and reserve it, so that no two remedies use the same."""
    new_name = safe_name(name, taken)
    taken.add(new_name)
    return new_name


def _relations_without_usage(facts: DatabaseFacts) -> Iterator[Finding]:
    sample = sampled(detail for detail in facts.of("no_usage") if _has_no_usage(facts, detail))
    for detail in sample.details:
        reason = (
            f"The relation shows up through {through(detail)}, but the login has no USAGE on its schema: "
            "Metamapper's query for tables fails as a whole on it (permission denied for schema)."
        )
        remedies = _remedies_without_usage(facts, detail)
        yield Finding("breaks_scan", "failure", reason, remedies, facts.name, detail.schema, detail.relation)
    for schema, count in sample.unlisted.items():
        reason = f"{count} more relations of this schema show up without USAGE on it."
        yield Finding(
            "breaks_scan", "failure", reason, by_hand("Fix the ones that are listed first."), facts.name, schema
        )


def _remedies_without_usage(facts: DatabaseFacts, detail: RelationDetail) -> Remedies:
    # In a schema out of scope, USAGE would give Metamapper more than was configured. An extension's view that PUBLIC
    # may read is meant to be read.
    givers = {facts.user, facts.group} if detail.of_extension else {facts.user, facts.group, PUBLIC}
    can_be_taken_back = bool(detail.through) and not detail.owner and set(detail.through) <= givers
    if can_be_taken_back and detail.schema not in facts.expectation.schemas:
        return _relation_hidden(facts, detail)
    return granted(facts, usage(facts, detail.schema))


def _relation_hidden(facts: DatabaseFacts, detail: RelationDetail) -> Remedies:
    """Return what takes a relation from those through whom it is visible."""
    revoke = Statement("REVOKE ALL PRIVILEGES ON TABLE {}", ((detail.schema, detail.relation),))
    statement = f"{revoke} FROM {', '.join(map(grantee, detail.through))};"
    return (sql("hide the relation", statement, by=OWNER, database=facts.name),)


def _relations_that_need_quotes(facts: DatabaseFacts) -> Iterator[Finding]:
    taken = {detail.relation for detail in facts.details} | {name for _schema, name in facts.namesakes}
    sample = sampled(detail for detail in facts.of("needs_quotes") if _needs_quotes(facts, detail))
    for detail in sample.details:
        effect = _relation_effect(facts, detail)
        meant = facts.reader.meant(detail.schema, detail.relation) or ("", "")
        reason = _RELATION_REASONS[effect].replace("{twin}", qualified(*meant)) + "."
        severity: Severity = "failure" if facts.reader.breaks_scan(effect) else "warning"
        remedies = _renamed(facts, detail, _reserve_name(detail.relation, taken))
        if severity == "failure" and _can_be_hidden(facts, detail):
            remedies = (*_relation_hidden(facts, detail), *alternatively(*remedies))
        yield Finding("breaks_scan", severity, reason, remedies, facts.name, detail.schema, detail.relation)
    for schema, count in sample.unlisted.items():
        reason = f"{count} more relations of this schema have names that Metamapper would have to quote."
        yield Finding("breaks_scan", "failure", reason, by_hand("Do the same with them."), facts.name, schema)


def _can_be_hidden(facts: DatabaseFacts, detail: RelationDetail) -> bool:
    """Tell whether a relation is visible through group and user alone: then nobody else loses it, nor needs a new name.

    It is not granted again: what would break the scan by its name is left out.
    """
    return bool(detail.through) and not detail.owner and set(detail.through) <= {facts.user, facts.group}


def _renamed(facts: DatabaseFacts, detail: RelationDetail, new_name: str) -> Remedies:
    return renamed(facts, "TABLE", (detail.schema, detail.relation), new_name)


def is_left_out(facts: DatabaseFacts, detail: RelationDetail) -> bool:
    """Return whether a missing relation is deliberately not granted, since its name would break the scan."""
    return (
        detail.visible == 0
        and facts.reader.is_unquotable_relation(detail.relation)
        and facts.reader.breaks_scan(_relation_effect(facts, detail))
    )


def _left_out_relations(facts: DatabaseFacts) -> Iterator[Finding]:
    taken = {detail.relation for detail in facts.details} | {name for _schema, name in facts.namesakes}
    for detail in sampled(one for one in facts.of("missing") if is_left_out(facts, one)).details:
        reason = (
            "Not visible to Metamapper, and better so: Metamapper does not quote this name, and its scan would fail on "
            "the relation or misread it. It is granted once it has another name."
        )
        remedies = _renamed(facts, detail, _reserve_name(detail.relation, taken))
        yield Finding("breaks_scan", "warning", reason, remedies, facts.name, detail.schema, detail.relation)


def _needs_quotes(facts: DatabaseFacts, detail: RelationDetail) -> bool:
    """Return whether the name of a relation is to blame, whatever the name of its schema."""
    return facts.reader.is_unquotable_relation(detail.relation) and _relation_effect(facts, detail) != "fine"


def _unpredicted(facts: DatabaseFacts) -> list[tuple[str, str]]:
    """Return what was misread although neither its name nor its schema's predicted it."""
    return [
        (schema, relation)
        for schema, relation in facts.scan.misread
        if facts.reader.meant(schema, relation) == (schema, relation)
        and facts.reader.schema_effect(schema, facts.schemas.keys()) == "fine"
    ]


def _unpredicted_failures(facts: DatabaseFacts) -> Iterator[Finding]:
    answer = facts.scan
    if answer.definitions_failure and "fails" not in _effects(facts) and answer.undecodable is None:
        yield _failed_query(facts, "failure", "tables", answer.definitions_failure)
    if answer.index_failure and not _is_index_failure_predicted(facts):
        yield _failed_query(facts, "warning", "indexes", answer.index_failure)
    for schema, relation in _unpredicted(facts):
        reason = "A query of Metamapper's form returned the id of another object, or none, for this relation."
        yield Finding("breaks_scan", "failure", reason, by_hand("Rename the relation."), facts.name, schema, relation)
    for schema in answer.misread_schemas:
        if facts.reader.schema_effect(schema, facts.schemas.keys()) == "fine":
            reason = "A query of Metamapper's form returned the id of another object for this schema."
            yield Finding("breaks_scan", "warning", reason, by_hand("Rename the schema."), facts.name, schema)


def _out_of_time(facts: DatabaseFacts) -> Iterator[Finding]:
    """Yield a time limit of the login that Metamapper's query for tables reaches, or may soon reach."""
    limit, took = facts.scan.time_limit, facts.scan.milliseconds
    if limit is None or TIMES_AS_LONG * took < limit.milliseconds:
        return
    names = [limit.name]
    what = f"{limit.name} of the login is {limit.milliseconds:,} ms in this database"
    if not limit.milliseconds:
        what = "A time limit of the login ends its first statement in this database"
        names += ["transaction_timeout"] if has_feature(facts.session.version, "transaction_timeout") else []
    reason = (
        f"{what}, and Metamapper's query for tables took {took:,.0f} ms without it: a scan that reaches the limit "
        "fails as a whole."
    )
    login = facts.session.session_user
    lift = (statement_text(f"ALTER ROLE {{}} IN DATABASE {{}} SET {name} = 0", login, facts.name) for name in names)
    lifted = (sql("lift the time limit", *lift, by=ROLE_ADMIN),)
    yield Finding("breaks_scan", "failure" if took >= limit.milliseconds else "warning", reason, lifted, facts.name)


def _is_index_failure_predicted(facts: DatabaseFacts) -> bool:
    return any(
        schema.in_index_query and facts.reader.schema_effect(name, facts.schemas.keys()) == "fails"
        for name, schema in facts.schemas.items()
    )


def _failed_query(facts: DatabaseFacts, severity: Severity, what: str, failure: QueryFailure) -> Finding:
    reason = (
        f"A query of the form of Metamapper's query for {what} failed, and the catalog did not predict it: "
        f"SQLSTATE {failure.sqlstate}, {failure.message}."
    )
    return Finding("breaks_scan", severity, reason, _remedies_of_failure(failure), facts.name)


def _remedies_of_failure(failure: QueryFailure) -> Remedies:
    if failure.sqlstate == QUERY_CANCELED:
        return by_hand("See what makes the server slow, or raise metamapper_statement_timeout_seconds.")
    if failure.sqlstate in MAY_HAVE_BEEN_DROPPED:
        return by_hand("Run the check again: an object was dropped meanwhile.")
    return by_hand("Fix what the server names, and run the check again.")


def _from_default_privileges(facts: DatabaseFacts) -> Iterator[Finding]:
    """Yield default privileges by which a future table will break the scan."""
    for default in facts.defaults:
        if SHOWING.isdisjoint(default.privileges):
            continue
        if not default.schema:
            reason = (
                f"Default privileges of role {quoted(default.role)} hold for every schema: the first table that it "
                "creates in a schema without USAGE for the login makes Metamapper's query for tables fail as a whole."
            )
            yield Finding("breaks_scan", "warning", reason, _revoke_default(facts, default), facts.name)
        elif default.schema in facts.schemas and not facts.schemas[default.schema].usage:
            reason = (
                f"Default privileges of role {quoted(default.role)} in this schema, on which the login has no USAGE: "
                "the first table that it creates there makes Metamapper's query for tables fail as a whole."
            )
            yield Finding("breaks_scan", "warning", reason, _revoke_default(facts, default), facts.name, default.schema)


def _revoke_default(facts: DatabaseFacts, default: Default) -> Remedies:
    if default.schema in facts.expectation.schemas:  # without USAGE on it, which is what is missing
        return granted(facts, usage(facts, default.schema))
    return revoked_default(facts, default, SHOWING & set(default.privileges))
