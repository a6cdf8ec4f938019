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
  - Logs in as the Metamapper user, the way Metamapper does, and looks at what Metamapper looks at.
  - It never changes anything. All questions are asked in a transaction that is read-only, and their number does not
    depend on how many schemas and tables there are.
  - Besides the catalog it asks questions of the form of Metamapper's own, so that what makes its scan fail is found
    even if the catalog did not predict it.
  - A scan of Metamapper hides everything that it did not see, with its documentation. A login that works and sees
    nothing is therefore a failure here, although the connection test of Metamapper passes.
author:
  - The metamapper.postgresql authors (@metamapper)
extends_documentation_fragment:
  - metamapper.postgresql.connection
  - metamapper.postgresql.connection.bastion
  - metamapper.postgresql.databases
options:
  login_db:
    description:
      - Database to look up the names of all databases in, where O(databases[].name) has a pattern.
      - The databases that are listed by name are tried first, and afterwards V(postgres), V(defaultdb) and
        V(template1). O(user) needs CONNECT on one of these.
    type: str
    default: ''
  user:
    description:
      - The role that Metamapper logs in as; this module logs in as it, too.
      - A superuser is refused, since it sees everything and nothing would be proven.
    type: str
    required: true
  password:
    description: The password that Metamapper has for O(user).
    type: str
    required: true
  group:
    description:
      - The role that holds the privileges, of which O(user) is a member. The default privileges for it are checked, and
        the remedies grant to it.
      - Where there is no such role, the remedies grant to O(user).
    type: str
    default: metamapper_readers
  databases:
    description: What Metamapper is meant to see.
    required: true
  privilege:
    description:
      - What is expected of the schemas - V(select) that their rows can be read, V(metadata) that their tables and
        columns are seen and no row can be read.
    type: str
    choices: [select, metadata]
    default: select
  source:
    description:
      - The address that Metamapper connects from, where it is known. When it is the address that the server saw,
        C(pg_hba.conf) is proven to admit Metamapper; otherwise RV(findings) says that it is not.
    type: str
    default: ''
  fail_on:
    description:
      - Which aspects fail the task. The findings of the others are warnings.
      - A failed connection always fails the task, and so does a row that can be read in a schema of which only the
        metadata is to be seen, through whomever.
    type: list
    elements: str
    choices: [missing, lost, breaks_scan, excess, exposed, future]
    default: [missing, lost, breaks_scan]
  lock_timeout_ms:
    description:
      - Milliseconds to wait for a lock of another session. After that the check of that database has failed, names who
        holds the lock, and the other databases are checked.
    type: int
    default: 5000
  baseline:
    description:
      - What an earlier run for this server returned as RV(seen). What was seen then and will not be seen now is found
        as the aspect V(lost).
      - A change of columns is noticed by their number.
      - Without it, and for a database that it does not know, V(lost) is not checked, and RV(not_checked) says so.
    type: dict
attributes:
  check_mode:
    description: Can run in check mode and return the same, since nothing is ever changed.
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
  - There is no C(login_user), C(login_password) or C(session_role) here on purpose. A default for the action group
    would make the audit run as the administrator.
  - A role without any privilege can read the names of all tables and columns in C(pg_catalog). No privilege hides them.
  - A wrong password is one refused login. Where a login is refused for another reason, the other databases are tried
    unless the reason holds for all of them.
  - The catalog is read with C(search_path = pg_catalog). The queries of Metamapper's form run on a connection of their
    own that is made as Metamapper makes it, without a C(client_encoding), and along the login's own C(search_path) if
    nobody else can put an operator or a function there; otherwise with C(search_path = pg_catalog), and a finding of
    V(exposed) says so.
seealso:
  - module: metamapper.postgresql.access
"""

EXAMPLES = r"""
- name: Prove that Metamapper sees the listed schemas
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

- name: Audit the login strictly, in all databases
  metamapper.postgresql.visibility:
    login_host: db.example.com
    user: metamapper
    password: "{{ metamapper_password }}"
    databases:
      - name: "*"
        schemas: ["*"]
        allow_empty: true
    fail_on: [missing, lost, breaks_scan, excess, exposed, future]

- name: Compare with what was seen earlier
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
    - All that was found, in the order of the aspects. At most 50 relations of a kind are named for each schema, and one
      more finding counts the others.
    - Also returned when the task fails, as is everything else here.
  returned: always
  type: list
  elements: dict
  contains:
    aspect:
      description:
        - V(connection) whether and how the login works. V(missing) what is listed and will not appear.
          V(breaks_scan) what makes the queries of Metamapper fail or misread. V(future) whose next tables will not
          appear. V(lost) what appeared earlier and will not appear now. V(exposed) what is readable beyond the list.
          V(excess) what the login can do beyond reading. V(limits) what no privilege can show.
      type: str
    severity:
      description: V(failure) fails the task, V(warning) is not well, V(information) is.
      type: str
    database:
      description: The database; empty for what concerns the whole server.
      type: str
    schema:
      description: The schema; empty where it does not apply.
      type: str
    relation:
      description: The table, view or other relation; empty where it does not apply.
      type: str
    reason:
      description: What is so, and why.
      type: str
    remedy:
      description: A statement that fixes it, ready to paste, or a sentence. Empty where nothing needs to be done.
      type: str
  sample:
    - aspect: missing
      severity: failure
      database: warehouse
      schema: sales
      relation: orders
      reason: "It will not appear: the login lacks SELECT on it."
      remedy: GRANT SELECT ON TABLE "sales"."orders" TO "metamapper_readers";
summary:
  description:
    - Status and number of findings for each aspect. The status is V(ok), V(warning), V(failure), or V(unknown) where
      the aspect was not checked everywhere and nothing was found where it was.
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
      description: The option of this name; null where there was none.
      type: dict
  sample: {login_host: db.example.org, login_port: 5432, fail_on: [missing, lost, breaks_scan], baseline: null}
not_checked:
  description:
    - What could not be checked, and why - there is no baseline, the login may not read a catalog, or a database could
      not be entered.
  returned: always
  type: list
  elements: dict
  contains:
    database:
      description: The database; empty for the whole server.
      type: str
    aspects:
      description: The aspects that were not checked there, or not wholly.
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
  description: What the first login that worked tells about the way to the server.
  returned: always
  type: dict
  contains:
    works:
      description: Whether any login worked.
      type: bool
    address:
      description: The address that the server saw; empty for its Unix socket, and where no login worked.
      type: str
    tls:
      description: The version of TLS; empty where the connection is not encrypted.
      type: str
    pg_hba_proven:
      description: Whether C(pg_hba.conf) is proven to admit the address that Metamapper comes from.
      type: bool
  sample: {works: true, address: 192.0.2.10, tls: TLSv1.3, pg_hba_proven: true}
databases:
  description: The databases that were looked at, by name.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: The database.
      type: str
    status:
      description: V(ok), V(warning) or V(failure), as its findings are.
      type: str
    schemas:
      description: The listed schemas, by name; empty where the login failed.
      type: list
      elements: dict
      contains:
        name:
          description: The schema.
          type: str
        privilege:
          description: What is expected of it, V(select) or V(metadata).
          type: str
        relations:
          description: How many relations Metamapper is to list, and how many it will.
          type: dict
        columns:
          description: How many columns Metamapper is to list, and how many it will.
          type: dict
        future_covered:
          description: Whether the next tables of all that can create tables in it will appear.
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
  description: How O(databases) reads on this server.
  returned: always
  type: dict
  contains:
    databases:
      description: For each database in scope its entry, how many of its schemas are in scope, and how many exist.
      type: list
      elements: dict
    left_out:
      description:
        - The databases and schemas that match a pattern and are left out, each with its reason. RV(ignore:schema) is
          empty where the whole database is left out.
      type: list
      elements: dict
    taken_in:
      description: The schemas that a pattern means, and on which O(group) had not been granted USAGE before.
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
    - What a query of Metamapper's form returned, by database, schema and relation, with the number of columns. Keep it,
      and hand it in as O(baseline) later.
    - A database is left out when the query failed in it.
  returned: always
  type: dict
  sample: {warehouse: {sales: {customers: 8, items: 5}}}
oids:
  description:
    - The oids of the relations of RV(seen), by database and schema, in the order of their names. Metamapper matches
      relations by oid over all its datastores; the role verify compares them over all servers.
    - Null stands for a relation that Metamapper's query finds no oid of.
  returned: always
  type: dict
  sample: {warehouse: {sales: [16390, 16385]}}
lost_oids:
  description: The oids of relations that are findings of the aspect V(lost) and exist, by database, schema and name.
  returned: always
  type: dict
  sample: {warehouse: {sales: {orders: 16401}}}
system_identifier:
  description:
    - What the server has in common with its replicas and other copies of its files. Empty where the login may not call
      C(pg_control_system), and where no login worked.
  returned: always
  type: str
  sample: "7300000000000000001"
server_version:
  description: The number of the server's version, as C(server_version_num); null where no login worked.
  returned: always
  type: int
  sample: 170010
breakers_confirmed:
  description:
    - Whether the queries of Metamapper's form did in every database what the catalog predicted.
    - False where no login worked.
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
