# Copyright (c) 2026, The metamapper.postgresql authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the connection options that the modules share."""

from __future__ import annotations


class ModuleDocFragment:
    """Options of the connection, in the vocabulary of community.postgresql."""

    DOCUMENTATION = r"""
options:
  login_host:
    description:
      - Name or address of the server, not a list as in libpq. With replicas, use a name that follows the primary.
      - If empty, the Unix socket is used, in O(login_unix_socket) or in libpq's default directory.
    type: str
    default: ''
  login_port:
    description: TCP port of the server, and the number in the name of its Unix socket.
    type: int
    default: 5432
  login_unix_socket:
    description:
      - Directory of the server's Unix socket, for example V(/var/run/postgresql).
      - If set, it is used instead of O(login_host).
    type: str
    default: ''
  ssl_mode:
    description:
      - Whether the connection is encrypted, and how the server's certificate is verified. See
        U(https://www.postgresql.org/docs/current/libpq-ssl.html).
      - The default is that of libpq. Only V(verify-full) protects against man-in-the-middle attacks.
    type: str
    default: prefer
    choices: [allow, disable, prefer, require, verify-ca, verify-full]
  ca_cert:
    description:
      - File with the trusted CA certificates, on the machine that runs the module.
    type: path
  ssl_cert:
    description: File with the client's certificate, on the machine that runs the module.
    type: path
  ssl_key:
    description: File with the key of the client's certificate, on the machine that runs the module.
    type: path
  connect_timeout_seconds:
    description:
      - Timeout of a login, including name resolution and the computation of the password proof.
      - A login by host name can take twice as long, since the name can have several addresses.
    type: int
    default: 10
  statement_timeout_seconds:
    description:
      - Timeout after which a statement is cancelled, without lock waits.
      - A server that does not respond at all is abandoned two seconds later. If it does not answer C(COMMIT), the
        outcome is unknown until the next run.
      - C(statement_timeout), C(transaction_timeout) and C(idle_session_timeout) of the server, a database or a role do
        not apply to the module.
    type: int
    default: 300
  parallel_databases:
    description:
      - How many databases of the server are inspected in parallel, each over its own connections.
      - More than 1 saves time with many databases and a high latency. Changes are made one database at a time.
    type: int
    default: 1
    version_added: 1.0.0
  allow_cleartext_password:
    description:
      - Send a password in clear text to a server that asks for it, even if TLS has not verified the server, so that it
        could be an impostor.
      - With O(ssl_mode=verify-ca) and O(ssl_mode=verify-full) the password is always sent, as C(ldap), C(pam) and
        C(radius) require.
      - Only libpq 16 and newer, which C(psycopg2-binary) 2.9.10 includes, can refuse. Older versions always send it.
      - Methods that C(PGREQUIREAUTH) in the environment excludes stay excluded.
    type: bool
    default: false
requirements:
  - psycopg2 >= 2.9.3, built on libpq 10 or newer (C(psycopg2-binary) is)
notes:
  - The module connects to the server from the host that it runs on. With C(connection=local) that is the controller, as
    managed services without a shell require.
  - If no password is set, libpq reads C(PGPASSWORD) and C(~/.pgpass).
"""

    ADMIN = r"""
options:
  login_user:
    description: Administrator role that makes the changes.
    type: str
    default: postgres
  login_password:
    description: Password of O(login_user).
    type: str
  session_role:
    description:
      - Role for C(SET ROLE) in each transaction, for a personal login that acts as the role with the privileges.
    type: str
    default: ''
"""

    BASTION = r"""
options:
  bastion:
    description:
      - SSH jump host for the connection. Omit it for a direct connection.
      - The client is OpenSSH, so the C(ssh_config) of the user who runs the module applies.
    type: dict
    suboptions:
      host:
        description: Name, address or C(ssh_config) alias of the jump host.
        type: str
        required: true
      port:
        description: TCP port of the SSH server.
        type: int
      user:
        description: User on the jump host.
        type: str
      private_key_file:
        description: Private key for the login. By default keys come from the agent and C(ssh_config).
        type: path
      known_hosts_file:
        description: File with the trusted host keys, instead of C(~/.ssh/known_hosts).
        type: path
      host_key_checking:
        description:
          - V(yes) refuses a jump host whose key is unknown. V(accept-new) adds the key.
          - A changed host key is always refused.
        type: str
        choices: ['yes', accept-new]
        default: 'yes'
requirements:
  - OpenSSH client 7.6 or newer, if O(bastion) is used
notes:
  - Runs in Ansible's worker process, which is much faster, if the connection is C(local), without C(become), C(async)
    and C(environment), and the interpreter is the Python of C(ansible-playbook) or not set. Otherwise, on macOS, and if
    the variable C(metamapper_in_worker) is false, it runs as a module. C(-vvv) shows which.
  - With O(bastion), O(login_host) and O(login_port) are those of the server as seen from the bastion.
    O(ssl_mode=verify-full) still checks that name. In C(~/.pgpass) the name is the same, but the port must be C(*),
    since the local port changes.
  - Jump hosts before the bastion (C(ProxyJump)) are configured in C(ssh_config), including shared connections to them
    (C(ControlPersist)). The connection to the bastion itself is never shared, and ends with the module.
  - While the module runs, all users of its machine can connect to the database server through the local port of the
    tunnel. They still need a login.
"""
