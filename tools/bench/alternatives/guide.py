# SPDX-License-Identifier: GPL-3.0-or-later
"""The published guide's SQL, through psql in one transaction."""

from __future__ import annotations

import os
import subprocess
import tempfile
from typing import Iterable, Iterator

from tools.bench.access import GROUP, PASSWORD, USER
from tools.postgres.server import Server


def guide(schemas: int) -> Iterator[str]:
    """Yield the published guide's statements, with different names for user and group, without which they fail."""
    yield f"CREATE USER {USER} WITH PASSWORD '{PASSWORD}'"
    yield f"CREATE ROLE {GROUP}"
    yield f"ALTER GROUP {GROUP} ADD USER {USER}"
    for number in range(schemas):
        yield f"GRANT USAGE ON SCHEMA s{number} TO GROUP {GROUP}"
        yield f"GRANT SELECT ON ALL TABLES IN SCHEMA s{number} TO GROUP {GROUP}"
        yield f"ALTER DEFAULT PRIVILEGES IN SCHEMA s{number} GRANT SELECT ON TABLES TO {GROUP}"


def psql(server: Server, database: str, statements: Iterable[str]) -> None:
    """Run statements through psql in one transaction."""
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write("".join(f"{statement};\n" for statement in statements))
        script.flush()
        options = ["-X", "-q", "-1", "-v", "ON_ERROR_STOP=1", "-f", script.name]
        where = ["-h", server.host, "-p", str(server.port), "-U", server.user, "-d", database]
        environment = {**os.environ, "PGPASSWORD": server.password}
        subprocess.run([str(server.home / "bin" / "psql"), *options, *where], env=environment, check=True)


def has_psql(server: Server) -> bool:
    """Return whether the server's package contains psql: that of the wheel does."""
    return (server.home / "bin" / "psql").exists()
