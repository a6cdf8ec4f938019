# SPDX-License-Identifier: GPL-3.0-or-later
"""A certificate authority for tests, the certificates that it signs, and a server that uses one."""

from __future__ import annotations

import contextlib
import datetime
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tools.postgres.server import NOBODY, Server, running

SETTINGS = ("autovacuum=off", "log_connections=on", "ssl=on")


@dataclass(frozen=True)
class Signed:
    """The files of a certificate and its key."""

    certificate: Path
    key: Path


class Authority:
    """A certificate authority; ``certificate`` is the file with which clients and servers trust it."""

    def __init__(self, directory: Path, name: str = "authority") -> None:
        self._directory = directory
        self._name = _name(name)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = directory / "authority.pem"
        basic = x509.BasicConstraints(ca=True, path_length=None)
        own = self._builder(name, self._key).add_extension(basic, critical=True).sign(self._key, hashes.SHA256())
        self.certificate.write_bytes(own.public_bytes(serialization.Encoding.PEM))

    def server(self, host: str) -> Signed:
        """Create a certificate for a host name, without IP addresses."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.DNSName(host)])
        return self._signed(self._builder(host, key).add_extension(names, critical=False), key, "server")

    def client(self, role: str) -> Signed:
        """Create a client certificate for a role of the server."""
        key = ec.generate_private_key(ec.SECP256R1())
        return self._signed(self._builder(role, key), key, f"client-{x509.random_serial_number()}")

    def _builder(self, subject: str, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        now = datetime.datetime.now(datetime.timezone.utc)
        return (
            x509.CertificateBuilder()
            .subject_name(_name(subject))
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
        )

    def _signed(self, builder: x509.CertificateBuilder, key: ec.EllipticCurvePrivateKey, name: str) -> Signed:
        made = Signed(self._directory / f"{name}.pem", self._directory / f"{name}.key")
        certificate = builder.sign(self._key, hashes.SHA256())
        made.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        made.key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        made.key.chmod(0o600)
        return made


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


@dataclass(frozen=True)
class Encrypted:
    """A server with a certificate for "localhost", and the authority that it trusts for client certificates."""

    server: Server
    authority: Authority


@contextlib.contextmanager
def running_with_tls(major: str) -> Iterator[Encrypted]:
    """Run a server with TLS for the duration of a with block."""
    directory = Path(tempfile.mkdtemp(prefix="mm-tls-"))
    directory.chmod(0o755)
    try:
        authority = Authority(directory)
        shown = authority.server("localhost")
        if os.geteuid() == 0:
            os.chown(shown.key, NOBODY, NOBODY)
        files = (f"ssl_cert_file={shown.certificate}", f"ssl_key_file={shown.key}")
        settings = (*SETTINGS, *files, f"ssl_ca_file={authority.certificate}")
        with running(major, settings=settings) as server:
            yield Encrypted(server, authority)
    finally:
        shutil.rmtree(directory)
