#!/usr/bin/python

# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: access
short_description: Grant Metamapper read-only access to PostgreSQL, or revoke it
version_added: 1.0.0
description:
  - Manages a group role with read access to current and future relations in the configured schemas, and Metamapper's
    login roles, which are members of it.
  - Checks everything before the first write. All problems are reported in one error.
  - Writes only what is missing, in one transaction per database, and reads it back before COMMIT. If nothing is
    missing, it writes nothing, and therefore works on a standby as well.
  - The privileges are CONNECT on the database, USAGE on the schema, SELECT on tables, partitioned tables, views,
    materialized views and foreign tables, and default privileges for each role that creates relations in the schema.
  - A transaction that writes takes the advisory lock V(7882834684577673328) with C(pg_advisory_xact_lock), so runs on
    the same database wait for each other.
extends_documentation_fragment:
  - metamapper.postgresql.connection
  - metamapper.postgresql.connection.admin
  - metamapper.postgresql.connection.bastion
  - metamapper.postgresql.databases
attributes:
  check_mode:
    description: Can run in C(check_mode) and return what it would change without changing it.
    support: full
  diff_mode:
    description: Returns what it changes, or in C(check_mode) would change, when asked for a diff.
    support: full
  idempotent:
    description: A second run with the same options changes nothing.
    support: full
    details:
      - Passwords are compared by logging in. A password that cannot be compared is not changed.
  action_group:
    description: Use C(group/metamapper.postgresql.postgresql) in C(module_defaults) to set the connection options.
    support: full
    membership:
      - metamapper.postgresql.postgresql
options:
  login_db:
    description:
      - Database for cluster-wide operations.
      - Use the same one in all runs on a server, since the advisory lock for roles is taken there.
    type: str
    default: postgres
  state:
    description:
      - V(present) grants access to the configured databases.
      - V(absent) revokes all privileges of O(group) and O(users) in every database of the server, regardless of the
        grantor, and drops the roles. The login roles lose LOGIN first. Privileges of other roles are not changed.
      - V(absent) fails before the first write if a role owns objects, has other members, is named by a row-level
        security policy, or has privileges that the administrator cannot revoke. The error has the SQL to run.
      - An ACL that was NULL, meaning built-in defaults, lists these defaults after V(absent).
    type: str
    default: present
    choices: [present, absent]
  group:
    description:
      - Group role that holds the privileges. It is created if it does not exist.
      - Its name must differ from those of O(users), since users and groups share one namespace.
    type: str
    default: metamapper_readers
  users:
    description:
      - Login roles for Metamapper, members of O(group). They are created if they do not exist.
      - Required if O(state=present).
    type: list
    elements: dict
    suboptions:
      name:
        description: Name of the role.
        type: str
        required: true
      password:
        description:
          - Password of the role. It is set as a verifier, never in clear text.
          - The password of an existing role is changed only if a login with this one is refused.
          - Required for a V(present) user if O(state=present); otherwise ignored.
        type: str
      state:
        description:
          - V(retired) revokes LOGIN and membership from a login role that was replaced. This happens last, and only if
            the first V(present) user can log in and sees every relation that the retired one sees, in any database,
            since a scan that sees less would hide documentation. Otherwise no role is retired, and the error lists what
            is missing.
          - A retired user that does not exist is no error, but a warning suggests an unlisted member of O(group) with a
            similar name. O(state=absent) drops retired users as well.
        type: str
        default: present
        choices: [present, retired]
  databases:
    description:
      - Databases and schemas in scope.
      - Required if O(state=present), ignored if O(state=absent).
      - A role for which the administrator cannot set default privileges is a warning with
        O(databases[].creators=auto), and an error if it is listed there.
  privilege:
    description:
      - Privileges of the group on relations. With V(select) Metamapper sees relations and can read their rows.
      - V(metadata) grants REFERENCES instead, so every relation and column is visible, but no row can be read, and
        Metamapper's data checks do not work.
      - Privileges of the other mode are revoked in the configured schemas.
    type: str
    default: select
    choices: [select, metadata]
  accept_references:
    description:
      - Accept metadata mode even if the group can create tables in the database.
      - A foreign key from its own table reveals which values exist in a table on which it has REFERENCES, and blocks
        deletes there. By default such a database is refused, with the REVOKE that fixes it. Before PostgreSQL 15,
        PUBLIC can create tables in C(public).
    type: bool
    default: false
  connection_limit:
    description: Connection limit of each login role. V(-1) means no limit.
    type: int
    default: 20
  adopt:
    description:
      - Manage existing roles with elevated attributes or other uses - superusers, roles with CREATEROLE or CREATEDB,
        owners of objects, roles that are granted to others, groups that can log in. The attributes are removed.
        Ownership and memberships stay.
      - With O(state=absent), drop superusers, roles with CREATEROLE or CREATEDB, and groups that can log in, but never
        owners of objects or roles that are granted to others.
      - By default such a role is refused, since a typo in a name would otherwise demote it.
    type: bool
    default: false
  assume_owners:
    description:
      - If only the owner of an object or the grantor of a privilege can grant or revoke, do it as that role with
        C(SET ROLE). If necessary, the role is granted to the administrator and revoked again in the same transaction.
        No other session sees that membership, and the original memberships are verified before COMMIT.
      - This needs CREATEROLE before PostgreSQL 16, and ADMIN OPTION on the role from 16 on. Superusers cannot be
        assumed.
      - The server's log and event triggers see these statements.
    type: bool
    default: false
    version_added: 1.0.0
  exclusive:
    description:
      - Revoke out-of-scope privileges of O(group) and O(users), including retired ones, in every database and
        regardless of the grantor - on other schemas and relations, other privileges, grant options, default privileges.
        Privileges of other roles are not changed. USAGE stays on a schema in which the login role sees a relation
        through another role.
      - RV(disappears) lists the schemas whose documentation Metamapper's next scan hides.
      - By default out-of-scope privileges stay, and M(metamapper.postgresql.visibility) reports them.
    type: bool
    default: false
  end_connections:
    description:
      - Terminate the sessions of retired O(users), and with O(state=absent) of all O(users).
      - By default a retired user with a session keeps its membership until a later run, and O(state=absent) waits
        O(wait_seconds) for sessions to end and then fails. In both cases the users can no longer log in.
      - A non-superuser administrator needs the role C(pg_signal_backend).
    type: bool
    default: false
  wait_seconds:
    description: How long to wait for another run of this module on the same database.
    type: int
    default: 300
  lock_timeout_ms:
    description:
      - How long, in milliseconds, a statement waits for a lock of another session. The transaction is then retried, up
        to eight attempts.
    type: int
    default: 5000
  search_path:
    description:
      - C(search_path) of the login roles, for example C(pg_catalog). Empty means that it is not changed.
      - Functions and operators that other roles can create on the path run with the privileges of the login role;
        M(metamapper.postgresql.visibility) reports such a path as C(exposed). With C(pg_catalog) only, SQL with
        unqualified table names fails, and column defaults include schemas. A default of 256 characters or more breaks
        Metamapper's scan, so the lengths are checked first.
    type: str
    default: ""
seealso:
  - name: Privileges in PostgreSQL
    description: What each privilege means.
    link: https://www.postgresql.org/docs/current/ddl-priv.html
author:
  - The metamapper.postgresql authors (@getmetamapper)
"""

EXAMPLES = r"""
- name: Grant read access to two schemas
  metamapper.postgresql.access:
    login_host: db.example.org
    login_user: postgres
    login_password: "{{ vault_postgres_password }}"
    ssl_mode: verify-full
    users:
      - name: metamapper
        password: "{{ vault_metamapper_password }}"
    databases:
      - name: warehouse
        schemas: [sales, hr]

- name: Grant read access to all tenants' schemas except tests, in all databases
  metamapper.postgresql.access:
    login_host: db.example.org
    login_user: deploy
    login_password: "{{ vault_deploy_password }}"
    users:
      - name: metamapper
        password: "{{ vault_metamapper_password }}"
    databases:
      - name: "*"
        schemas: ["tenant_*"]
        exclude_schemas: ["tenant_test_*"]
        allow_empty: true

- name: Make the columns of one schema visible without its rows
  metamapper.postgresql.access:
    login_host: db.example.org
    login_password: "{{ vault_postgres_password }}"
    users:
      - name: metamapper
        password: "{{ vault_metamapper_password }}"
    databases:
      - name: warehouse
        schemas: [sales, hr]
        metadata_schemas: [hr]

- name: Replace the login role
  metamapper.postgresql.access:
    login_host: db.example.org
    login_password: "{{ vault_postgres_password }}"
    users:
      - name: metamapper_2027
        password: "{{ vault_metamapper_password }}"
      - name: metamapper
        state: retired
    databases:
      - name: warehouse
        schemas: [sales, hr]

- name: Connect through a jump host
  metamapper.postgresql.access:
    login_host: db.internal
    login_user: postgres
    login_password: "{{ vault_postgres_password }}"
    bastion:
      host: bastion.example.org
      user: deploy
      private_key_file: ~/.ssh/id_ed25519
    users:
      - name: metamapper
        password: "{{ vault_metamapper_password }}"
    databases:
      - name: warehouse
        schemas: [sales]

- name: Set default privileges only for the role that runs migrations
  metamapper.postgresql.access:
    login_unix_socket: /var/run/postgresql
    users:
      - name: metamapper
        password: "{{ vault_metamapper_password }}"
    databases:
      - name: erp
        schemas: [public]
        creators: [erp_migrations]
  become: true
  become_user: postgres

- name: Revoke all access
  metamapper.postgresql.access:
    login_host: db.example.org
    login_user: postgres
    login_password: "{{ vault_postgres_password }}"
    state: absent
    users:
      - name: metamapper
"""

RETURN = r"""
statements:
  description: Statements that were run, or in check mode would be run, in order. Password verifiers are masked.
  returned: success
  type: list
  elements: str
  sample:
    - CREATE ROLE "metamapper_readers" NOLOGIN
    - GRANT CONNECT ON DATABASE "warehouse" TO "metamapper_readers"
    - GRANT USAGE ON SCHEMA "sales" TO "metamapper_readers"
before:
  description: State before the run, with the keys of RV(after).
  returned: success
  type: dict
  sample: {"roles": {"metamapper_readers": {}}, "databases": {}, "server": {}}
after:
  description:
    - State of the roles and privileges after the run, read from the catalog; in check mode the predicted state.
    - With O(state=absent) the roles are empty, and the databases are those in which they had privileges.
  returned: success
  type: dict
  contains:
    roles:
      description: Properties of each role; empty for one that does not exist.
      type: dict
      sample: {"metamapper_readers": {"login": false, "attributes": []}}
    databases:
      description:
        - A key for each database, with one for each schema that changes.
        - RV(ignore:extraneous) counts out-of-scope privileges by schema (empty outside schemas) and role.
          RV(ignore:connect) is empty for a database that is not configured.
      type: dict
      sample:
        warehouse:
          connect: granted
          schemas:
            sales:
              usage: granted
              privilege: SELECT
              relations: 14
              granted: 14
              other: 0
              future: [sales_owner]
          extraneous: {}
    server:
      description: Out-of-scope privileges on databases, tablespaces and parameters, by role.
      type: dict
      sample: {}
resolved:
  description:
    - O(databases) with all patterns resolved on this server. As
      O(metamapper.postgresql.visibility#module:databases) it verifies the same schemas.
  returned: success
  type: list
  elements: dict
  sample:
    - name: warehouse
      schemas: [hr, sales]
      metadata_schemas: [hr]
      creators: [auto]
      allow_empty: false
      accept_breaks_scan: true
scope:
  description: O(databases) as resolved on this server.
  returned: success
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
disappears:
  description:
    - Schemas that Metamapper's next scan no longer finds, by database. Their documentation is hidden until a scan sees
      them again.
  returned: success
  type: list
  elements: dict
  sample: [{"database": "warehouse", "schemas": ["hr", "sales"]}]
users:
  description: State of each user's password.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The user.
      type: str
      sample: metamapper
    password:
      description:
        - V(proven) if a login succeeded or the stored verifier matches, V(set) if this task has set it, V(unproven) if
          it could not be compared and was not changed.
      type: str
      sample: proven
    reason:
      description: Reason; empty if a login succeeded.
      type: str
      sample: ""
inherited:
  description:
    - Privileges that the group has without a direct grant, for example through PUBLIC, and that the administrator
      cannot grant.
  returned: success
  type: list
  elements: dict
  sample: [{"database": "erp", "kind": "schema", "privilege": "USAGE", "schema": "public", "name": ""}]
not_grantable:
  description: Relations of extensions on which the administrator cannot grant. They are left out.
  returned: success
  type: list
  elements: dict
  sample: []
server_version:
  description: Version of the server.
  returned: success
  type: str
  sample: "17.10"
problems:
  description:
    - All problems, with keys for programs. Keys that do not apply are empty.
    - The keys of C(remedies) are those of RV(metamapper.postgresql.visibility#module:findings[].remedies).
  returned: failure
  type: list
  elements: dict
  sample:
    - message: Schema "slaes" not found in database "warehouse" (as a name or a pattern). Did you mean "sales"?
      remedy: >-
        Correct the name in schemas. Or set allow_empty: true in the entry of "warehouse" in metamapper_databases.
      remedies:
        - kind: person
          text: Correct the name in schemas.
          role: ""
          database: ""
          is_alternative: false
        - kind: variable
          text: "allow_empty: true"
          name: allow_empty
          value: true
          change: set
          role: ""
          database: warehouse
          is_alternative: true
          situation: allow nothing to match
      sqlstate: ""
      database: warehouse
      object: slaes
      statement: ""
sqlstate:
  description: SQLSTATE of the first problem; empty if it is not an error of the server.
  returned: failure
  type: str
  sample: ""
database:
  description: Database of the first problem; empty if it concerns none, or the entire server.
  returned: failure
  type: str
  sample: warehouse
databases_not_done:
  description:
    - Databases that could not be reached, if that is the only failure; RV(problems) has the reasons. All others are
      completed, or in check mode would be; see RV(statements).
    - Until they are completed, no user is retired, no role is dropped, and nothing is revoked from roles that stay.
  returned: failure
  type: list
  elements: str
  sample: [archive]
committed:
  description: What this task had committed before the failure. Usually empty.
  returned: failure
  type: list
  elements: str
  sample: []
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.metamapper.postgresql.plugins.module_utils._access.task import ACCESS
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.task import fit_process, run_as_module


def main() -> None:
    """Run the module."""
    fit_process()
    run_as_module(ACCESS, AnsibleModule(**ACCESS.specification, supports_check_mode=True))


if __name__ == "__main__":
    main()
