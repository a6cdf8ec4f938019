#!/usr/bin/python

# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: access
short_description: Give Metamapper read access to databases of a PostgreSQL server, and take it back
version_added: 1.0.0
description:
  - Ensures that a group role exists that may read the listed schemas of the listed databases, today's relations and
    those that are created later, and that login roles for Metamapper are members of it.
  - Looks at everything first. All that is wrong is one error that lists it, and then nothing is written.
  - Writes only what is missing, in few statements that name what they change, in one transaction for each database, and
    reads it back before the transaction is committed. A run that finds nothing missing writes nothing at all, and so
    also works on a replica.
  - The privileges are CONNECT on the database, USAGE on the schema, SELECT on tables, partitioned tables, views,
    materialized views and foreign tables, and default privileges for each role that creates relations in the schema.
  - A transaction that writes takes the advisory lock V(7882834684577673328) with C(pg_advisory_xact_lock), so that runs
    on the same database wait for each other.
  - With O(state=absent) it takes back all that the roles hold, in every database of the server, whoever granted it, and
    drops them.
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
      - A password is compared by logging in with it. Where that proves nothing it is left as it is.
  action_group:
    description: Use C(group/metamapper.postgresql.postgresql) in C(module_defaults) to set the connection's options.
    support: full
    membership:
      - metamapper.postgresql.postgresql
options:
  login_db:
    description:
      - Database to connect to first, for what concerns the whole server.
      - The advisory lock for roles is taken there, so all runs on a server should use the same.
    type: str
    default: postgres
  state:
    description:
      - V(present) gives access to the listed databases.
      - V(absent) takes everything back that O(group) and O(users) hold, in every database of the server where they hold
        anything, listed or not, and drops them. The users lose their LOGIN first. Nobody else's privileges are touched.
      - V(absent) refuses, before it writes anything, to drop roles that own something, that have other members, that
        are named by a policy, or whose privileges the administrator cannot take back, and says what to run instead.
      - What V(absent) cannot restore is that a privilege list was empty in the catalog, which means the same as
        PostgreSQL's defaults. After a GRANT and a REVOKE it spells these out.
    type: str
    default: present
    choices: [present, absent]
  group:
    description:
      - Role without login that gets the privileges. It is made when it does not exist.
      - PostgreSQL has one name space for users and groups, so its name must differ from those of the users.
    type: str
    default: metamapper_readers
  users:
    description:
      - Login roles for Metamapper. They are made when they do not exist, and become members of O(group).
      - Required where O(state=present).
    type: list
    elements: dict
    suboptions:
      name:
        description: Name of the role.
        type: str
        required: true
      password:
        description:
          - Its password. It is sent as a verifier that is made on this side, never in clear text.
          - When the role exists, it is first tried in a login; it is set only when that is refused.
          - Needed for a user that is V(present), where O(state=present); otherwise it means nothing.
        type: str
      state:
        description:
          - V(retired) takes LOGIN and the membership from a user that another one replaces. That happens last, and only
            if the first V(present) user can log in and sees every relation that the retired one sees, in any database;
            else nobody retires, and the error says what is missing. A scan that sees less would hide documentation.
          - A retired user that does not exist is fine. O(state=absent) drops them.
        type: str
        default: present
        choices: [present, retired]
  databases:
    description:
      - The databases, and in each the schemas that Metamapper is to read.
      - Required where O(state=present), and ignored where O(state=absent).
      - What the administrator cannot do for one of the roles that O(databases[].creators=auto) means is a warning; for
        a role that is listed it is an error.
  privilege:
    description:
      - What the group gets on relations. V(select) lets Metamapper see them and read their rows.
      - V(metadata) gives REFERENCES instead, with which every relation and column is seen and no row can be read.
        Metamapper's data checks do not work then.
      - What the group holds of the other mode in the listed schemas is taken back, so that a change of mode converges
        in one run.
    type: str
    default: select
    choices: [select, metadata]
  accept_references:
    description:
      - Accept metadata mode although the group can create tables somewhere in the database.
      - A foreign key from a table of its own tells which values exist in a table that it holds REFERENCES on, and
        blocks deletes there. Without this, such a database is refused with the REVOKE that fixes it. Before PostgreSQL
        15 everybody may create tables in C(public).
    type: bool
    default: false
  connection_limit:
    description: How many connections each user may have at once. V(-1) is no limit.
    type: int
    default: 20
  adopt:
    description:
      - Take over roles that exist and are more than a plain reader, because they are superusers, may create roles or
        databases, own something, are granted to others, or are groups that can log in. What makes them more is taken
        away, but for what they own and who they are granted to.
      - With O(state=absent), drop roles that are superusers, may create roles or databases, or are groups that can log
        in; never those that own something or are granted to others.
      - Without it such a role is refused, since a slip in a name would otherwise demote it.
    type: bool
    default: false
  exclusive:
    description:
      - Revoke what O(group) and O(users), retired ones included, hold beyond the list in any database, whoever granted
        it - other schemas and relations, other privileges, grant options, default privileges. Nothing is revoked from
        anybody else. USAGE is kept on a schema in which the login sees a relation through somebody else.
      - Each database takes one transaction for both. RV(disappears) names the schemas that Metamapper's
        next scan will no longer find; it hides the documentation of them.
      - Without it, such things are left alone, and M(metamapper.postgresql.visibility) reports them.
    type: bool
    default: false
  end_connections:
    description:
      - End the sessions of O(users) that retire, and with O(state=absent) of all O(users).
      - Without it, a retired user with a session keeps its membership until a later run, and O(state=absent) waits
        O(wait_seconds) for sessions to end and then fails. Either way nobody can log in as these users any more.
      - An administrator who is no superuser needs the role C(pg_signal_backend) for it.
    type: bool
    default: false
  wait_seconds:
    description: How long to wait for another run of this module on the same database.
    type: int
    default: 300
  lock_timeout_ms:
    description:
      - How long, in milliseconds, each statement waits for a lock that somebody else holds on an object. The
        transaction is then tried again, up to eight times in all.
    type: int
    default: 5000
  search_path:
    description:
      - What to set as C(search_path) of the users, for example C(pg_catalog). Empty leaves it as it is.
      - On a path along which somebody else may create functions and operators, these run with the rights of the user;
        M(metamapper.postgresql.visibility) reports it as C(exposed). On C(pg_catalog) alone, SQL that names tables
        without their schema fails, and column defaults are shown with schemas in them; a default of 256 characters or
        more breaks Metamapper's scan, so the lengths are looked at first.
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
- name: Let Metamapper read two schemas of the warehouse
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

- name: Every tenant's schema but the tests, in all databases of the server
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

- name: Every column of the personnel data is seen, and no row can be read
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

- name: A new user takes the place of an old one
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

- name: A server that can be reached through a jump host only
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

- name: Only what the migrations create later is to be readable as well
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

- name: Take everything back
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
  description: The statements that were run, or in check mode would be run, in order. Verifiers of passwords are masked.
  returned: success
  type: list
  elements: str
  sample:
    - CREATE ROLE "metamapper_readers" NOLOGIN
    - GRANT CONNECT ON DATABASE "warehouse" TO "metamapper_readers"
    - GRANT USAGE ON SCHEMA "sales" TO "metamapper_readers"
before:
  description:
    - What the roles were and what the group held, for each database and for each schema that changes.
    - The same keys as RV(after).
  returned: success
  type: dict
  sample: {"roles": {"metamapper_readers": {}}, "databases": {}, "server": {}}
after:
  description:
    - What it is afterwards, read from the catalog; in check mode, what it would be.
    - With O(state=absent) the roles are empty, and the databases are those in which they held something.
  returned: success
  type: dict
  contains:
    roles:
      description: Properties of each role; empty for one that does not exist.
      type: dict
      sample: {"metamapper_readers": {"login": false, "attributes": []}}
    databases:
      description:
        - A key for each database, and in it one for each schema that changes.
        - RV(ignore:extraneous) has what is held beyond the list, by schema (empty for what is in none) and role, and on
          how many objects. RV(ignore:connect) is empty for a database that is not listed.
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
      description: What is held beyond the list on databases, tablespaces and parameters, by role.
      type: dict
      sample: {}
resolved:
  description:
    - What O(databases) means on this server, by names alone, in the form of that option. Handed to
      M(metamapper.postgresql.visibility) as O(metamapper.postgresql.visibility#module:databases), it makes both speak
      of the same schemas.
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
  description: How O(databases) reads on this server.
  returned: success
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
disappears:
  description:
    - The schemas whose relations the next scan by Metamapper will no longer find, by database. It then hides the
      documentation of them, until a scan sees them again.
  returned: success
  type: list
  elements: dict
  sample: [{"database": "warehouse", "schemas": ["hr", "sales"]}]
users:
  description: What is known of each user's password.
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
        - V(proven) when a login or the stored verifier shows that it is the wanted one, V(set) when this task set it,
          V(unproven) when nothing could be proven and nothing was changed.
      type: str
      sample: proven
    reason:
      description: Why; empty where a login proved it.
      type: str
      sample: ""
inherited:
  description:
    - What the group holds without a direct grant, for example through PUBLIC, and the administrator cannot grant.
  returned: success
  type: list
  elements: dict
  sample: [{"database": "erp", "kind": "schema", "privilege": "USAGE", "schema": "public", "name": ""}]
not_grantable:
  description: Relations of extensions that the administrator cannot grant on. They are left out.
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
  description: All that is wrong, one element a problem, with keys for programs. Empty keys do not apply.
  returned: failure
  type: list
  elements: dict
  sample:
    - message: Schema "slaes" not found in database "warehouse" (as a name or a pattern). Did you mean "sales"?
      remedy: "Correct the name in schemas, or set allow_empty: true for the database."
      sqlstate: ""
      database: warehouse
      object: slaes
      statement: ""
sqlstate:
  description: SQLSTATE of the first problem; empty where the server did not speak.
  returned: failure
  type: str
  sample: ""
database:
  description: Database of the first problem; empty where it concerns none, or the whole server.
  returned: failure
  type: str
  sample: warehouse
databases_not_done:
  description:
    - Databases that could not be reached, where that is the only failure; RV(problems) has the reasons. All others are
      done, or in check mode would be; RV(statements) tells of them.
    - While there is one, no user retires, no role is dropped, and nothing is revoked from roles that stay.
  returned: failure
  type: list
  elements: str
  sample: [archive]
committed:
  description: What earlier transactions of this task had committed before the failure. Mostly empty.
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
