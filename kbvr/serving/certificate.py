"""A self-signed certificate for HTTPS, which browsers require before a page from another machine may use WebXR."""

from __future__ import annotations

import os
import secrets
import ssl
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

CLOCKS_DIFFER = timedelta(days=1)
VALID_FOR = timedelta(days=2)


@dataclass(frozen=True)
class Certificate:
    """A server's certificate, which people verify by its fingerprint."""

    context: ssl.SSLContext
    """The only holder of the private key."""

    fingerprint: str
    """SHA-256 of the certificate, as browsers show it: 32 hexadecimal bytes separated by colons."""


def make_certificate(address: str) -> Certificate:
    """Return a new self-signed certificate for an IPv4 address, for TLS 1.2 and later.

    Requires the library cryptography (extra `lan`).
    """
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _signed(address, key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    _load(context, certificate, key)
    return Certificate(context, certificate.fingerprint(hashes.SHA256()).hex(":").upper())


def _signed(address: str, key: EllipticCurvePrivateKey) -> x509.Certificate:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kbvr view")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - CLOCKS_DIFFER).not_valid_after(now + VALID_FOR)
    for extension, critical in (
        (x509.SubjectAlternativeName([x509.IPAddress(IPv4Address(address))]), False),
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
    ):
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(key, hashes.SHA256())


def _load(context: ssl.SSLContext, certificate: x509.Certificate, key: EllipticCurvePrivateKey) -> None:
    """Load a key into a context; Python reads keys from files only, so it goes through an encrypted private one."""
    from cryptography.hazmat.primitives import serialization

    password = secrets.token_bytes(32).hex()
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(password.encode()),
    )
    handle, name = tempfile.mkstemp(suffix=".pem")  # mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(private + certificate.public_bytes(serialization.Encoding.PEM))
        context.load_cert_chain(name, password=password)
    finally:
        Path(name).unlink()
