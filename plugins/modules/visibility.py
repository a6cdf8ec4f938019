#!/usr/bin/python
# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: visibility
short_description: Verify what Metamapper can see in PostgreSQL
version_added: 1.0.0
description:
  - Logs in as Metamapper, and checks what Metamapper can see.
  - Changes nothing. All queries run in a read-only transaction, and their number does not depend on the number of
    schemas and tables.
  - Reads the catalog and runs queries like Metamapper's, to find what breaks the scan even if the catalog did not
    predict it.
  - Metamapper's scan hides everything that it does not see, with its documentation. A login that sees nothing is
    therefore a failure, although Metamapper's connection test passes.
author:
  - The metamapper.postgresql authors (@getmetamapper)
extends_documentation_fragment:
  - metamapper.postgresql.connection
  - metamapper.postgresql.connection.bastion
  - metamapper.postgresql.databases
options:
  login_db:
    description:
      - Database in which patterns of O(databases[].name) are resolved.
      - Databases that are configured by name are tried first, then this one, V(postgres), V(defaultdb) and
        V(template1). O(user) needs CONNECT on one of these.
    type: str
    default: ''
  user:
    description: Login role of Metamapper. A superuser is refused, since it sees everything.
    type: str
    required: true
  password:
    description: Password of O(user).
    type: str
    required: true
  group:
    description:
      - Group role that holds the privileges, of which O(user) is a member. Its default privileges are checked.
      - Remedies grant to it, or to O(user) if it does not exist.
    type: str
    default: metamapper_readers
  databases:
    description: Databases and schemas that Metamapper should see.
    required: true
  privilege:
    description:
      - Expected privilege. With V(select) rows can be read; with V(metadata) tables and columns are visible, and no row
        can be read.
    type: str
    choices: [select, metadata]
    default: select
  source:
    description:
      - Address that Metamapper connects from, if known. If the server saw the same address, C(pg_hba.conf) is verified
        for Metamapper; otherwise RV(findings) says that it is not.
    type: str
    default: ''
  fail_on:
    description:
      - Aspects that fail the task. Findings of the others are warnings.
      - A failed connection always fails the task, and so do rows of a metadata-only schema that can be read through any
        role.
    type: list
    elements: str
    choices: [missing, lost, breaks_scan, excess, exposed, future]
    default: [missing, lost, breaks_scan]
  lock_timeout_ms:
    description:
      - How long, in milliseconds, to wait for a lock of another session. Then the check of that database fails and
        names the holder of the lock, and the other databases are checked.
    type: int
    default: 5000
  baseline:
    description:
      - RV(seen) of an earlier run on this server. What was visible then and is not now is reported as V(lost).
      - Columns are compared by their number.
      - Without it, and for a database that it does not contain, V(lost) is not checked, and RV(not_checked) says so.
    type: dict
attributes:
  check_mode:
    description: Can run in check mode with the same result, since nothing is changed.
    support: full
  diff_mode:
    description: Nothing changes, so there is nothing to show.
    support: none
  idempotent:
    description: Can be run any number of times.
    support: full
  action_group:
    description: Takes the connection options from C(module_defaults) of the action group.
    support: full
    membership: [metamapper.postgresql.postgresql]
notes:
  - There are no options C(login_user), C(login_password) and C(session_role), since defaults of the action group would
    make the module log in as the administrator.
  - A role without any privilege can read the names of all tables and columns in C(pg_catalog). No privilege hides them.
  - A wrong password causes one refused login. If a login is refused for another reason, the other databases are tried
    unless the reason applies to all of them.
  - The catalog is read with C(search_path = pg_catalog). Queries like Metamapper's run over a connection like
    Metamapper's, without a C(client_encoding), and with the C(search_path) of the login role, unless other roles can
    create operators or functions on it. Then they run with C(search_path = pg_catalog), and a finding of V(exposed)
    says so.
seealso:
  - module: metamapper.postgresql.access
"""

EXAMPLES = r"""
- name: Verify that Metamapper sees the configured schemas
  metamapper.postgresql.visibility:
    login_host: db.example.com
    ssl_mode: verify-full
    ca_cert: /etc/ssl/certs/company.pem
    user: metamapper
    password: "{{ metamapper_password }}"
    databases:
      - name: warehouse
        schemas: [sales, hr, "tenant_*"]
        exclude_schemas: ["tenant_test_*"]
        metadata_schemas: [hr]

- name: Audit the login role in all databases
  metamapper.postgresql.visibility:
    login_host: db.example.com
    user: metamapper
    password: "{{ metamapper_password }}"
    databases:
      - name: "*"
        schemas: ["*"]
        allow_empty: true
    fail_on: [missing, lost, breaks_scan, excess, exposed, future]

- name: Compare with an earlier run
  metamapper.postgresql.visibility:
    login_host: db.example.com
    user: metamapper
    password: "{{ metamapper_password }}"
    databases:
      - name: warehouse
        schemas: [sales]
    baseline: "{{ lookup('ansible.builtin.file', 'seen.json') | from_json }}"
"""

RETURN = r"""
findings:
  description:
    - All findings, in the order of the aspects. At most 50 relations of a kind are listed per schema, and another
      finding counts the rest.
    - Like all other values, returned even if the task fails.
  returned: always
  type: list
  elements: dict
  contains:
    aspect:
      description:
        - V(connection), whether the login works. V(missing), what is in scope and not visible. V(breaks_scan), what
          makes Metamapper's queries fail or misread. V(future), whose future tables will not be visible. V(lost), what
          was visible earlier and is not now. V(exposed), what is readable out of scope. V(excess), what the login role
          can do besides reading. V(limits), what no privilege can show.
      type: str
    severity:
      description: V(failure) fails the task. V(warning) should be fixed. V(information) is a note.
      type: str
    database:
      description: The database; empty if it concerns the entire server.
      type: str
    schema:
      description: The schema; empty if it does not apply.
      type: str
    relation:
      description: The table, view or other relation; empty if it does not apply.
      type: str
    reason:
      description: What was found, and why.
      type: str
    remedy:
      description: RV(findings[].remedies) as one text; only SQL if that is all.
      type: str
    remedies:
      description: What fixes it, in order. Empty if nothing needs to be done.
      type: list
      elements: dict
      contains:
        kind:
          description:
            - V(sql) for statements, V(variable) for a role variable or a key of a database's entry, V(line) for a line
              of a file on the server, V(person) for a sentence.
          type: str
        text:
          description: Text to copy; or the sentence.
          type: str
        statements:
          description: The statements, each with its semicolon. Only for SQL.
          type: list
          elements: str
        role:
          description: Role that runs them; empty if any role that RV(findings[].remedies[].by) describes can.
          type: str
        by:
          description: Who can run them, in words. Only for SQL.
          type: str
        database:
          description: Database in which to run them, or whose entry has the variable; empty for any.
          type: str
        name:
          description: Name of the variable.
          type: str
        value:
          description: Its value; missing if only you know it.
          type: raw
        change:
          description: V(set) the variable, V(add) items to its list, or V(remove) them.
          type: str
        file:
          description: File that the line belongs to.
          type: str
        is_alternative:
          description: Whether it replaces the remedies before it, all of which are needed otherwise.
          type: bool
        situation:
          description: Name of the kind of remedy.
          type: str
  sample:
    - aspect: missing
      severity: failure
      database: warehouse
      schema: sales
      relation: orders
      reason: "It will not appear: the login lacks SELECT on it."
      remedy: GRANT SELECT ON TABLE sales.orders TO metamapper_readers;
      remedies:
        - kind: sql
          text: GRANT SELECT ON TABLE sales.orders TO metamapper_readers;
          statements: [GRANT SELECT ON TABLE sales.orders TO metamapper_readers;]
          role: ""
          by: its owner or a superuser
          database: warehouse
          is_alternative: false
          situation: grant what is missing
summary:
  description:
    - Status and number of findings for each aspect. The status is V(ok), V(warning), V(failure), or V(unknown) if the
      aspect was not checked everywhere and nothing was found.
  returned: always
  type: dict
  sample:
    connection: {status: ok, count: 1}
    missing: {status: failure, count: 1}
    breaks_scan: {status: ok, count: 0}
    future: {status: warning, count: 2}
    lost: {status: unknown, count: 0}
    exposed: {status: ok, count: 0}
    excess: {status: ok, count: 1}
    limits: {status: ok, count: 1}
request:
  description: The options that the result is about.
  returned: always, unless the options are wrong
  type: dict
  contains:
    login_host:
      description: The option of this name.
      type: str
    login_port:
      description: The option of this name.
      type: int
    fail_on:
      description: The option of this name.
      type: list
      elements: str
    baseline:
      description: The option of this name; null if it was not set.
      type: dict
  sample: {login_host: db.example.org, login_port: 5432, fail_on: [missing, lost, breaks_scan], baseline: null}
not_checked:
  description:
    - What was not checked, and why - no baseline, no access to a catalog, or no connection to a database.
  returned: always
  type: list
  elements: dict
  contains:
    database:
      description: The database; empty for the entire server.
      type: str
    aspects:
      description: Aspects that were not checked completely.
      type: list
      elements: str
    reason:
      description: Why.
      type: str
  sample:
    - database: ''
      aspects: [lost]
      reason: There is no baseline, so that nothing was compared with what was seen earlier.
connection:
  description: Properties of the first successful login.
  returned: always
  type: dict
  contains:
    works:
      description: Whether a login succeeded.
      type: bool
    address:
      description: Client address as seen by the server; empty for a Unix socket, and if no login succeeded.
      type: str
    tls:
      description: TLS version; empty if the connection is not encrypted.
      type: str
    pg_hba_proven:
      description: Whether C(pg_hba.conf) was verified for Metamapper's address.
      type: bool
  sample: {works: true, address: 192.0.2.10, tls: TLSv1.3, pg_hba_proven: true}
databases:
  description: Databases that were checked, by name.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: The database.
      type: str
    status:
      description: V(ok), V(warning) or V(failure), the worst of its findings.
      type: str
    schemas:
      description: Schemas in scope, by name; empty if the login failed.
      type: list
      elements: dict
      contains:
        name:
          description: The schema.
          type: str
        privilege:
          description: Expected privilege, V(select) or V(metadata).
          type: str
        relations:
          description: Number of expected and of visible relations.
          type: dict
        columns:
          description: Number of expected and of visible columns.
          type: dict
        future_covered:
          description: Whether future tables of all roles that can create tables in it will be visible.
          type: bool
  sample:
    - name: warehouse
      status: failure
      schemas:
        - name: sales
          privilege: select
          relations: {expected: 12, visible: 11}
          columns: {expected: 96, visible: 88}
          future_covered: false
scope:
  description: O(databases) as resolved on this server.
  returned: always
  type: dict
  contains:
    databases:
      description: For each database in scope its entry, the number of schemas in scope, and the number of existing
        schemas.
      type: list
      elements: dict
    left_out:
      description:
        - Databases and schemas that match a pattern but are left out, with the reason. RV(ignore:schema) is empty if
          the entire database is left out.
      type: list
      elements: dict
    taken_in:
      description: Schemas that a pattern matches, and on which O(group) had no USAGE before.
      type: list
      elements: dict
  sample:
    databases:
      - {name: warehouse, entry: "w*", schemas: 38, existing_schemas: 39}
    left_out:
      - {database: rdsadmin, entry: "*", reason: It belongs to the provider of the server., schema: ""}
    taken_in:
      - {database: warehouse, schema: tenant_7}
seen:
  description:
    - Number of columns that a query like Metamapper's returned, by database, schema and relation. Store it, and pass it
      as O(baseline) later.
    - A database in which the query failed is left out.
  returned: always
  type: dict
  sample: {warehouse: {sales: {customers: 8, items: 5}}}
oids:
  description:
    - OIDs of the relations of RV(seen), by database and schema, in the order of their names; null if Metamapper's query
      finds no OID.
    - Metamapper matches relations by OID across all its datastores; the role verify compares them across all servers.
  returned: always
  type: dict
  sample: {warehouse: {sales: [16390, 16385]}}
lost_oids:
  description: OIDs of existing relations with findings of the aspect V(lost), by database, schema and name.
  returned: always
  type: dict
  sample: {warehouse: {sales: {orders: 16401}}}
system_identifier:
  description:
    - System identifier, which the server shares with its replicas and physical copies. Empty if the login role cannot
      call C(pg_control_system), or if no login succeeded.
  returned: always
  type: str
  sample: "7300000000000000001"
server_version:
  description: C(server_version_num) of the server; null if no login succeeded.
  returned: always
  type: int
  sample: 170010
breakers_confirmed:
  description:
    - Whether the results of queries like Metamapper's were as predicted from the catalog, in every database.
    - False if no login succeeded.
  returned: always
  type: bool
  sample: true
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.task import fit_process, run_as_module
from ansible_collections.metamapper.postgresql.plugins.module_utils._visibility.task import VISIBILITY


def main() -> None:
    """Run the module."""
    fit_process()
    run_as_module(VISIBILITY, AnsibleModule(**VISIBILITY.specification, supports_check_mode=True))


if __name__ == "__main__":
    main()
