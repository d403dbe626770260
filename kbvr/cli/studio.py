"""`kbvr studio`: look at photos in 3D, set options, mend depth and export, in a browser."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from kbvr.cli.given_path import given_paths
from kbvr.cli.printing import print_message, warnings_to
from kbvr.cli.web_server import Address, Lan, NoOpen, Port, place_of, show_urls
from kbvr.errors import InputError

DEFAULT_FOLDER = "~/kbvr-projects"


def studio(
    photos: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="PHOTO",
            help="Photos, folders of photos, and projects (NAME.kbvr). Without any, the projects that you have.",
            show_default=False,
        ),
    ] = None,
    projects: Annotated[
        str,
        typer.Option(
            metavar="FOLDER",
            help=f"Where projects are kept; made when the first photo is added.  [default: {DEFAULT_FOLDER}]",
            show_default=False,
        ),
    ] = DEFAULT_FOLDER,
    port: Port = "0",
    no_open: NoOpen = False,
    lan: Lan = False,
    address: Address = None,
) -> int:
    """Turn photos into 3D in a browser: look, set options, mend the depth and export, until Ctrl-C.

    Drop photos on the page, or name them here: those stay where they are. Only this machine can reach the server. With
    --lan, so can anyone on the network who knows its URL.

    Example: kbvr studio photo.jpg
    """
    from kbvr.serving import open_server
    from kbvr.serving.site import check_built
    from kbvr.studio.page_routes import PAGE
    from kbvr.studio.studio import Studio

    if projects == "":
        raise InputError("--projects must be a folder, got ''")
    check_built(PAGE)
    place = place_of(port, lan=lan, address=address)
    served = Studio(Path(projects).expanduser(), given_paths(photos or []), is_lan=lan)
    with (
        suppress(KeyboardInterrupt),
        warnings_to(print_message),
        open_server(served, *place) as server,
    ):
        show_urls([server.url], place.certificate, no_open=no_open)
        server.wait()
    return 0
