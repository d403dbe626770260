"""`kbvr view`: show files and folders in a browser, on this machine or in a headset on the same network."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated

import typer

from kbvr.cli.given_path import given_paths
from kbvr.cli.printing import print_message, warnings_to
from kbvr.cli.web_server import Address, Lan, NoOpen, Port, place_of, show_urls


def view(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE",
            help="Folders, photos, and files that kbvr writes, such as scenes, stereo pictures and videos.",
        ),
    ],
    recursive: Annotated[bool, typer.Option("--recursive", "-r", help="Include the folders inside folders.")] = False,
    port: Port = "0",
    no_open: NoOpen = False,
    lan: Lan = False,
    address: Address = None,
) -> int:
    """Show files and folders in a browser until Ctrl-C.

    Photos become 3D scenes when you open them. Only this machine can reach the server. With --lan, so can anyone on
    the network who knows its URL.

    Example: kbvr view out/

    In a headset: kbvr view out/cat_kbvr.glb --lan
    """
    from kbvr.serving import Site, Viewing, open_server

    place = place_of(port, lan=lan, address=address)
    site = Site(given_paths(files), recursive=recursive)
    viewing = Viewing(site, is_lan=lan)
    with (
        suppress(KeyboardInterrupt),
        warnings_to(print_message),
        open_server(viewing, *place) as server,
    ):
        viewing.prepare()
        urls = [server.url + link for link in site.links]
        if len(urls) != 1 or site.has_folders:
            urls.insert(0, server.url)
        show_urls(urls, place.certificate, no_open=no_open)
        server.wait()
    return 0
