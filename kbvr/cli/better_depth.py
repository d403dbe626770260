"""A better depth network than the one at hand: fetched before an export if that is wanted, else named once."""

from __future__ import annotations

import os
from contextlib import nullcontext
from functools import cache
from typing import TYPE_CHECKING

from kbvr.cli.models import tell_licence
from kbvr.cli.printing import complain, warnings_printed
from kbvr.errors import DownloadError, InputError, KbvrError

if TYPE_CHECKING:
    from kbvr.options.export_options import ExportOptions

SWITCH = "KBVR_MODELS"
"""Environment variable: auto fetches without asking; none does not, and says nothing of it either."""


def wants_pull(*, flag: bool) -> bool:
    """Tell whether the depth network is to be fetched without asking: by --pull or by the environment.

    Raises:
        InputError: if the environment says what is not known.
    """
    return _switch() == "auto" or flag


def fetch_depth_network(options: ExportOptions, *, quiet: bool, shows_bar: bool) -> None:
    """Fetch the network that would estimate depth best, or the one that is asked for by name, unless it is here.

    Where that fails a line on stderr says so, and the export goes on with what there is.
    """
    from rich.console import Console

    from kbvr.cli.progress import download_bar
    from kbvr.depth.networks import BEST_FIRST, best_network, gives_depth
    from kbvr.nets import is_whole, known_cards, pull

    if not _estimates(options):
        return
    model = str(options.depth_model)
    name = BEST_FIRST[0] if model == "auto" else model
    with nullcontext() if quiet else warnings_printed():
        card = known_cards().get(name)
    if card is None or not card.url or not gives_depth(card) or is_whole(card):
        return
    if not quiet:
        tell_licence(card)
    bar = download_bar(name, Console(stderr=True)) if shows_bar else nullcontext()
    try:
        with nullcontext() if quiet else warnings_printed(), bar as progress:
            pull(name, fail_fast=True, progress=progress)
    except KbvrError as error:
        if not quiet:
            why = error.__cause__ if isinstance(error.__cause__, DownloadError) else error  # without what to do then
            instead = f", so depth comes from {best_network()}" if model == "auto" else ""
            complain(f"warning: {name} could not be downloaded{instead}: {why}")


def name_better_network(options: ExportOptions) -> None:
    """Say on stderr, once in a process, which network would give finer depth than the built-in one."""
    from kbvr.depth.networks import BUILT_IN_NETWORK, best_network

    leaves_it_open = _estimates(options) and str(options.depth_model) == "auto" and _switch() is None
    if leaves_it_open and best_network() == BUILT_IN_NETWORK:
        name_once()


@cache
def name_once() -> None:
    """Print the line; the cache lets a process do it once."""
    from kbvr.depth.networks import BEST_FIRST
    from kbvr.nets import card_of

    card = card_of(BEST_FIRST[0])
    complain(f"`kbvr models pull {card.name}` gives finer depth ({card.size_bytes / 1e6:.0f} MB, {card.licence})")


def _estimates(options: ExportOptions) -> bool:
    """Tell whether a network of `kbvr.depth.networks` estimates the depth."""
    return options.depth is None and (options.profile == "layers" or str(options.depth_model) != "auto")


def _switch() -> str | None:
    said = os.environ.get(SWITCH) or None
    if said not in (None, "auto", "none"):
        raise InputError(f"expected auto or none in the environment variable {SWITCH}, got {said!r}")
    return said
