"""Choose the profile: kbvr's layers or the paper's points."""

from __future__ import annotations

from kbvr.options.export_options import ExportOptions
from kbvr.profiles.ken_burns_2019 import Paper
from kbvr.profiles.layers import Layers


def profile_of(options: ExportOptions) -> Layers | Paper:
    """Return the profile that the options name, with its networks open."""
    return Paper(options) if options.profile == "paper" else Layers(options)
