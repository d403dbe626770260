"""Choose the profile: kbvr's layers or the paper's points."""

from __future__ import annotations

from kbvr.options.export_options import ExportOptions
from kbvr.profiles.ken_burns_2019 import BuiltPoints, Paper
from kbvr.profiles.layers import BuiltLayers, Layers

Profile = Layers | Paper
"""A method that turns a photo into rendered views: it estimates the depth, and builds a scene for shots."""

Built = BuiltLayers | BuiltPoints
"""A scene built for shots; only layers can be written to scene files."""


def profile_of(options: ExportOptions) -> Profile:
    """Return the profile that the options name, with its networks open."""
    return Paper(options) if options.profile == "paper" else Layers(options)
