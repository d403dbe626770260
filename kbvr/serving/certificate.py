"""A certificate of our own for HTTPS: browsers open no headset to pages that came another way from another machine."""

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
    """What a server proves itself with, to those who compare fingerprints."""

    context: ssl.SSLContext
    """Holds the key; nothing else does."""

    fingerprint: str
    """SHA-256 of the certificate, as browsers show it: 32 pairs of hexadecimal digits with colons between them."""


def make_certificate(address: str) -> Certificate:
    """Return a new certificate for an IPv4 address, signed with its own key, for TLS 1.2 and later.

    Wants the library cryptography, which comes with the extra `lan`.
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
    """Give a context its key, which Python takes from files only: one that others cannot read, and encrypted."""
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
