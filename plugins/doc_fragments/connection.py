# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules say in common about the way to the server."""

from __future__ import annotations


class ModuleDocFragment:
    """Options of the connection, in the vocabulary of community.postgresql."""

    DOCUMENTATION = r"""
options:
  login_host:
    description:
      - Name or address of the server. One, not a list as libpq takes it. Where there are replicas, one that follows the
        primary.
      - When empty, the Unix socket is used, in O(login_unix_socket) or where libpq looks for it.
    type: str
    default: ''
  login_port:
    description: TCP port of the server, and the number in the name of its Unix socket.
    type: int
    default: 5432
  login_unix_socket:
    description:
      - Directory of the server's Unix socket, for example V(/var/run/postgresql).
      - When set, it is used instead of O(login_host).
    type: str
    default: ''
  ssl_mode:
    description:
      - Whether and how the connection is encrypted and the server's certificate checked.
      - See U(https://www.postgresql.org/docs/current/libpq-ssl.html) for what each mode protects from.
      - The default is libpq's own. Only V(verify-full) protects from a server in the middle.
    type: str
    default: prefer
    choices: [allow, disable, prefer, require, verify-ca, verify-full]
  ca_cert:
    description:
      - File with the certificates of the authorities that the server's certificate is checked against, on the machine
        that runs the module.
    type: path
  ssl_cert:
    description: File with the client's certificate, on the machine that runs the module.
    type: path
  ssl_key:
    description: File with the key of the client's certificate, on the machine that runs the module.
    type: path
  connect_timeout_seconds:
    description:
      - How long to wait for a login, the name server and the computation of the password's proof included.
      - A host name may have several addresses, so that a login by name may take twice as long.
    type: int
    default: 10
  statement_timeout_seconds:
    description:
      - How long a statement may take on the server, not counting what it waits for locks. Then it is cancelled.
      - A server that does not answer at all is given up two seconds later. Where it does not answer C(COMMIT), nobody
        knows whether that took place; the next run finds out.
      - What the server, a database, or a role sets as C(statement_timeout), C(transaction_timeout) and
        C(idle_session_timeout) does not hold for the module.
    type: int
    default: 300
  parallel_databases:
    description:
      - How many databases of the server are looked at side by side, each on connections of its own.
      - More than 1 saves time where there are many databases and the server is far away. What is changed is changed one
        database after the other.
    type: int
    default: 1
    version_added: 1.0.0
  allow_cleartext_password:
    description:
      - Whether a server that asks for a password in clear text is sent one although it has not proven who it is.
      - With O(ssl_mode=verify-ca) and O(ssl_mode=verify-full) it has, and such a request is answered in any case, as
        C(ldap), C(pam) and C(radius) need it. In every other mode whoever answers the connection could ask.
      - Only libpq 16 and newer can refuse, which C(psycopg2-binary) 2.9.10 brings. An older one answers any request.
      - Methods that C(PGREQUIREAUTH) of the environment rules out stay ruled out.
    type: bool
    default: false
requirements:
  - psycopg2 >= 2.9.3, built on libpq 10 or newer (C(psycopg2-binary) is)
notes:
  - The module talks to the server from where it runs. With C(connection=local) that is the controller, so that managed
    servers without a shell work as well.
  - A password that is not given is looked for by libpq, in C(PGPASSWORD) and C(~/.pgpass).
"""

    ADMIN = r"""
options:
  login_user:
    description: Role that logs in to make the changes.
    type: str
    default: postgres
  login_password:
    description: Password of O(login_user).
    type: str
  session_role:
    description:
      - Role that the session becomes with C(SET ROLE) after login, in each transaction.
      - Use it where a personal or a proxy login works in the name of the role that has the rights.
    type: str
    default: ''
"""

    BASTION = r"""
options:
  bastion:
    description:
      - The SSH jump host through which the connection runs for as long as the module lives. Omit it for a direct
        connection.
      - The client is OpenSSH's, so that the C(ssh_config) of the user who runs the module applies.
    type: dict
    suboptions:
      host:
        description: Name, address or C(ssh_config) alias of the jump host.
        type: str
        required: true
      port:
        description: TCP port of its SSH server.
        type: int
      user:
        description: User on the jump host.
        type: str
      private_key_file:
        description:
          - Private key to log in with. Without it, keys come from the agent and from C(ssh_config).
        type: path
      known_hosts_file:
        description: File with the host keys to trust, instead of C(~/.ssh/known_hosts).
        type: path
      host_key_checking:
        description:
          - V(yes) refuses a jump host whose key is not known; V(accept-new) learns the key of one never seen before.
          - A changed host key is always refused.
        type: str
        choices: ['yes', accept-new]
        default: 'yes'
  allow_cleartext_password:
    description:
      - Whether a server that asks for a password in clear text is sent one although it has not proven who it is.
      - With O(ssl_mode=verify-ca) and O(ssl_mode=verify-full) it has, and such a request is answered in any case, as
        C(ldap), C(pam) and C(radius) need it. In every other mode whoever answers the connection could ask.
      - Only libpq 16 and newer can refuse, which C(psycopg2-binary) 2.9.10 brings. An older one answers any request.
      - Methods that C(PGREQUIREAUTH) of the environment rules out stay ruled out.
    type: bool
    default: false
requirements:
  - OpenSSH client 7.6 or newer, where O(bastion) is used
notes:
  - Runs in Ansible's own worker process, which is much faster, where the connection is C(local), without C(become),
    C(async) and C(environment), and the interpreter is the Python of C(ansible-playbook) or none was chosen. Everywhere
    else, on macOS, and where the variable C(metamapper_in_worker) is false, it runs as a module. C(-vvv) says which.
  - With O(bastion), O(login_host) and O(login_port) are the server's as the bastion knows it. V(verify-full) of
    O(ssl_mode) checks that name as ever. In C(~/.pgpass) it is looked for under that name, but under a local port that
    changes, so that the port there must be C(*).
  - Jump hosts before the bastion (C(ProxyJump)), with their users and keys, come from the C(ssh_config), and a shared
    connection to one of them (C(ControlPersist)) lives as long as that says. The connection to the bastion itself is
    never shared, and ends with the module.
  - While the module runs, everybody on its machine can reach the database server's port through the local end of the
    connection. A login is needed there as everywhere.
"""
