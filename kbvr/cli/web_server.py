"""What `kbvr view` and `kbvr studio` share: where to serve, opening a browser, and a QR code for a headset."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from threading import Thread
from typing import TYPE_CHECKING, Annotated, NamedTuple, TypeAlias

import typer

from kbvr.cli.printing import print_line, print_message, print_note
from kbvr.errors import InputError

if TYPE_CHECKING:
    from kbvr.serving import Certificate

HALF_BLOCKS = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}
"""Whether the upper and the lower module of a QR code are dark -> character."""

MAX_PORT = 65535

BLACK_ON_WHITE, PLAIN = "\x1b[38;5;16;48;5;231m", "\x1b[0m"
"""Fixed colours, because terminals may be light or dark."""

Port: TypeAlias = Annotated[
    str, typer.Option("--port", metavar="NUMBER", help="Port to listen on.  [default: a free port]", show_default=False)
]
NoOpen: TypeAlias = Annotated[bool, typer.Option("--no-open", help="Do not open a browser.")]
Lan: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--lan",
        help="Serve to a headset or phone on the same network over HTTPS, and print a QR code. Requires kbvr[lan].",
    ),
]
Address: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--address",
        metavar="IPV4",
        help="This machine's address to serve at with --lan.  [default: the default network interface's]",
    ),
]


class Place(NamedTuple):
    """Where to serve."""

    host: str
    port: int
    certificate: Certificate | None
    """None on this machine only."""


def place_of(port: str, *, lan: bool, address: str | None) -> Place:
    """Return where options say to serve.

    Raises:
        InputError: if they cannot be used, or what --lan requires is not installed.
    """
    from kbvr.serving import LOOPBACK, lan_address, make_certificate

    if address is not None and not lan:
        raise InputError("--address requires --lan")
    number = _port_number(port)
    if not lan:
        return Place(LOOPBACK, number, None)
    _refuse_missing_libraries()
    host = lan_address(address)
    return Place(host, number, make_certificate(host))


def show_urls(urls: list[str], certificate: Certificate | None, *, no_open: bool) -> None:
    """Print URLs, and open the first one in a browser, or print its QR code for a headset."""
    for url in urls:
        print_line(url)
    if certificate:
        _print_for_headset(urls[0], certificate.fingerprint)
    elif not no_open:
        # a thread, because some browsers do not return until they are closed
        Thread(target=_open_browser, args=(urls[0],), daemon=True).start()


def _port_number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(MAX_PORT)) and int(text) <= MAX_PORT):
        raise InputError(f"--port must be a whole number from 0 to {MAX_PORT}, got {text!r}")
    return int(text)


def _refuse_missing_libraries() -> None:
    missing = [name for name in ("cryptography", "segno") if find_spec(name) is None]
    if missing:
        raise InputError(f"--lan requires {' and '.join(missing)}: pip install 'kbvr[lan]'")


def _open_browser(url: str) -> None:
    """Open a graphical browser; on Linux without a display, Python would start one in the terminal."""
    import webbrowser

    windows = sys.platform != "linux" or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")))
    try:
        done = windows and webbrowser.open(url)
    except webbrowser.Error:
        done = False
    if not done:
        print_message("no browser found; open the URL above in one")


def _print_for_headset(url: str, fingerprint: str) -> None:
    print_note(
        "The browser will warn about this URL because kbvr signed the certificate itself. "
        f"The certificate is genuine if its SHA-256 fingerprint is {fingerprint}"
    )
    if sys.stderr.isatty():
        for line in qr_lines(url):
            typer.echo(line, err=True)


def qr_lines(text: str) -> Iterator[str]:
    """Yield the lines of a QR code for a terminal, two rows of modules each."""
    from kbvr.serving.qr_code import qr_rows

    rows = qr_rows(text)
    if len(rows) % 2:
        rows.append([False] * len(rows[0]))
    for upper, lower in zip(rows[::2], rows[1::2], strict=True):
        yield BLACK_ON_WHITE + "".join(HALF_BLOCKS[pair] for pair in zip(upper, lower, strict=True)) + PLAIN
