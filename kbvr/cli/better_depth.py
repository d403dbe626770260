"""A better depth network than the installed one: downloaded before an export if asked, else suggested once."""

from __future__ import annotations

import os
from contextlib import nullcontext
from functools import cache
from typing import TYPE_CHECKING

from kbvr.cli.models import print_licence
from kbvr.cli.printing import print_message, warnings_to
from kbvr.errors import DownloadError, InputError, KbvrError

if TYPE_CHECKING:
    from kbvr.options.export_options import ExportOptions

VARIABLE = "KBVR_MODELS"
"""Environment variable: auto downloads the network without --pull; none never suggests it."""


def pull_depth_network(options: ExportOptions, *, quiet: bool, shows_bar: bool) -> None:
    """Download the network that the options name, or the best one for depth, unless it is installed.

    If that fails, a line on stderr says so, and the export uses what is installed.
    """
    from kbvr.cli.progress import download_bar
    from kbvr.depth.networks import BEST_FIRST, best_network, gives_depth
    from kbvr.nets import is_verified, known_cards, pull

    if not _estimates(options):
        return
    model = str(options.depth_model)
    name = BEST_FIRST[0] if model == "auto" else model
    with nullcontext() if quiet else warnings_to(print_message):
        card = known_cards().get(name)
    if card is None or not card.url or not gives_depth(card) or is_verified(card):
        return
    if not quiet:
        print_licence(card)
    try:
        with nullcontext() if quiet else warnings_to(print_message), download_bar(name, is_shown=shows_bar) as progress:
            pull(name, fail_fast=True, progress=progress)
    except KbvrError as error:
        if not quiet:
            # the cause alone, because the error also says what to do instead, which has been done here
            reason = error.__cause__ if isinstance(error.__cause__, DownloadError) else error
            instead = f", using {best_network()} for depth" if model == "auto" else ""
            print_message(f"warning: {name} could not be downloaded{instead}: {reason}")


def suggest_better_network(options: ExportOptions) -> None:
    """Print on stderr, once per process, which network gives better depth than the built-in one."""
    from kbvr.depth.networks import BUILT_IN_NETWORK, best_network

    is_unset = _estimates(options) and str(options.depth_model) == "auto" and models_variable() is None
    if is_unset and best_network() == BUILT_IN_NETWORK:
        print_suggestion()


@cache  # once per process
def print_suggestion() -> None:
    """Print how to install the best network."""
    from kbvr.depth.networks import BEST_FIRST
    from kbvr.nets import card_of

    card = card_of(BEST_FIRST[0])
    size = f"{card.size_bytes / 1e6:.0f} MB, {card.licence}"
    print_message(f"for finer depth: kbvr models pull {card.name} ({size})")


def _estimates(options: ExportOptions) -> bool:
    """Return whether a network of `kbvr.depth.networks` estimates the depth."""
    has_file = options.depth is not None or options.rgbd is not None
    return not has_file and (options.profile == "layers" or str(options.depth_model) != "auto")


def models_variable() -> str | None:
    """Return the value of VARIABLE; raise InputError if it is unknown."""
    value = os.environ.get(VARIABLE) or None
    if value not in (None, "auto", "none"):
        raise InputError(f"expected auto or none in the environment variable {VARIABLE}, got {value!r}")
    return value
