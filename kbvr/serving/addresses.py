"""The address of this machine on the local network."""

from __future__ import annotations

import socket
from ipaddress import AddressValueError, IPv4Address

from kbvr.errors import OptionsError, verbatim

LOOPBACK = "127.0.0.1"

ANYWHERE = ("192.0.2.1", 9)
"""An address reserved for documentation (RFC 5737)."""


def lan_address(address: str | None = None) -> str:
    """Return a given IPv4 address, or the one that this machine uses to reach others.

    Raises:
        OptionsError: if the given address is invalid or stands for many; if there is no network; if the found address
            can be reached from the internet, which the caller must ask for.
    """
    if address is not None:
        return _checked(address)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(ANYWHERE)  # makes the system choose a route; nothing is sent
        except OSError as error:
            raise OptionsError("this machine has no network connection; give its {address}") from error
        found: str = probe.getsockname()[0]
    if IPv4Address(found).is_global:
        raise OptionsError(
            f"the internet can reach {found}, the address of this machine; to serve there, give {{address}} {found}"
        )
    return found


def _checked(text: str) -> str:
    try:
        address = IPv4Address(text)
    except AddressValueError as error:
        raise OptionsError(f"{{address}} must be an IPv4 address like 192.168.1.20, got {verbatim(text)}") from error
    if address.is_unspecified or address.is_multicast:
        raise OptionsError(f"{{address}} must be a single address of this machine, got {text}")
    return str(address)
