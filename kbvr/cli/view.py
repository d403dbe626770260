"""`kbvr view`: show files and folders in a browser, on this machine or in a headset on the same network."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from threading import Thread
from typing import Annotated

import typer

from kbvr.cli.given_path import given_paths
from kbvr.cli.printing import print_line, print_message, print_note, warnings_to
from kbvr.errors import InputError

HALF_BLOCKS = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}
"""Whether the upper and the lower module of a QR code are dark -> character."""

MAX_PORT = 65535

BLACK_ON_WHITE, PLAIN = "\x1b[38;5;16;48;5;231m", "\x1b[0m"
"""Fixed colours, because terminals may be light or dark."""


def view(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE",
            help="Folders, photos, and files that kbvr writes, such as scenes, stereo pictures and videos.",
        ),
    ],
    recursive: Annotated[bool, typer.Option("--recursive", "-r", help="Include the folders inside folders.")] = False,
    port: Annotated[
        str, typer.Option(metavar="NUMBER", help="Port to listen on.  [default: a free port]", show_default=False)
    ] = "0",
    no_open: Annotated[bool, typer.Option("--no-open", help="Do not open a browser.")] = False,
    lan: Annotated[
        bool,
        typer.Option(
            "--lan",
            help="Serve to a headset or phone on the same network over HTTPS, and print a QR code. Requires kbvr[lan].",
        ),
    ] = False,
    address: Annotated[
        str | None,
        typer.Option(
            metavar="IPV4",
            help="This machine's address to serve at with --lan.  [default: the default network interface's]",
        ),
    ] = None,
) -> int:
    """Show files and folders in a browser until Ctrl-C.

    Photos become 3D scenes when you open them. Only this machine can reach the server. With --lan, so can anyone on
    the network who knows its URL.

    Example: kbvr view out/

    In a headset: kbvr view out/cat_kbvr.glb --lan
    """
    from kbvr.serving import LOOPBACK, Site, Viewing, lan_address, make_certificate, open_server

    if address is not None and not lan:
        raise InputError("--address requires --lan")
    number = _port_number(port)
    site = Site(given_paths(files), recursive=recursive)
    host, certificate = LOOPBACK, None
    if lan:
        _refuse_missing_libraries()
        host = lan_address(address)
        certificate = make_certificate(host)
    viewing = Viewing(site, is_lan=lan)
    with (
        suppress(KeyboardInterrupt),
        warnings_to(print_message),
        open_server(viewing, host, number, certificate) as server,
    ):
        viewing.prepare()
        urls = [server.url + link for link in site.links]
        if len(urls) != 1 or site.has_folders:
            urls.insert(0, server.url)
        for url in urls:
            print_line(url)
        if certificate:
            _print_for_headset(urls[0], certificate.fingerprint)
        elif not no_open:
            # a thread, because some browsers do not return until they are closed
            Thread(target=_open_browser, args=(urls[0],), daemon=True).start()
        server.wait()
    return 0


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
