"""A certificate for a server of the tests, made by openssl."""

from __future__ import annotations

import shutil
import subprocess

from tests.support.postgres import Server


def switch_on(server: Server) -> None:
    """Give a running server a certificate of its own and switch TLS on; it is in force when this returns."""
    key, certificate = server.data / "server.key", server.data / "server.crt"
    command = [
        "openssl",
        "req",
        "-new",
        "-x509",
        "-nodes",
        "-newkey",
        "rsa:2048",
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
    ]
    subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    state = server.data.stat()
    for path in (key, certificate):
        shutil.chown(path, state.st_uid, state.st_gid)
        path.chmod(0o600)
    with (server.data / "postgresql.conf").open("a") as configuration:
        configuration.write("ssl = on\nssl_ca_file = 'server.crt'\n")
    if server.major == "9.6":  # only a restart switches it there
        server.stop("fast")
        server.start()
    else:
        server.reload()
