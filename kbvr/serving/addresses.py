"""Under which address this machine is known on the local network."""

from __future__ import annotations

import socket
from ipaddress import AddressValueError, IPv4Address

from kbvr.errors import InputError

LOOPBACK = "127.0.0.1"

ANYWHERE = ("192.0.2.1", 9)
"""An address that belongs to nobody (RFC 5737)."""


def lan_address(wanted: str | None = None) -> str:
    """Return the IPv4 address that is wanted, or the one that this machine uses on the way to others.

    Raises:
        InputError: if the wanted one is no address, or every address at once; if there is no network; if all the
            internet may reach the address that was found and nobody asked for it.
    """
    if wanted is not None:
        return _checked(wanted)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(ANYWHERE)  # the system chooses a way; nothing is sent
        except OSError as error:
            raise InputError("this machine is on no network: name one of its addresses with --address") from error
        found: str = probe.getsockname()[0]
    if IPv4Address(found).is_global:
        raise InputError(
            f"all the internet may reach {found}, this machine's address: if that is meant, --address {found}"
        )
    return found


def _checked(wanted: str) -> str:
    try:
        address = IPv4Address(wanted)
    except AddressValueError as error:
        raise InputError(f"--address wants an IPv4 address like 192.168.1.20, got {wanted}") from error
    if address.is_unspecified or address.is_multicast:
        raise InputError(f"--address wants one address of this machine, got {wanted}")
    return str(address)
