"""Options of one call of `kbvr export` that are not about what is made."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from kbvr.options.declare import OptionGroup, option
from kbvr.options.presets import PRESETS


class CallOptions(OptionGroup):
    """Where files go, and what is printed."""

    title: ClassVar[str] = "Call"

    out: Path = option(
        Path(),
        "Folder to write to. If only one file is written, this can also be its name (out/cat.mp4), or - for "
        "standard output.",
        short="-o",
        takes="a folder or a file",
        metavar="PATH",
        is_common=True,
    )
    preset: str | None = option(
        None,
        "A set of options for a device or site: quest, youtube-vr180, tv-3d, blog, instagram, story, "
        "looking-glass. You can define more in a configuration file. Options on the command line take precedence.",
        takes="a preset's name",
        metavar="NAME",
        suggests=tuple(PRESETS),
        is_common=True,
    )
    config: Path | None = option(
        None,
        "A TOML file of options, read instead of kbvr.toml in this folder and your user kbvr.toml.",
        takes="a TOML file",
        metavar="FILE",
    )
    pull: bool = option(
        False,
        "Download the best depth network first. That is moge-2-small (141 MB), or the network that --depth-model "
        "names, unless it is installed. Without a connection the export uses what is installed.",
        is_common=True,
    )
    comfort: Path | None = option(
        None,
        "Write a viewing-comfort report: the parallax in the result against what eyes can tolerate, with a chart.",
        takes="a file that ends in .json",
        metavar="FILE.json",
    )
    explain: bool = option(False, "Print what was chosen for each photo, and why.", is_common=True)
    quiet: bool = option(False, "Print only errors, and what --explain asks for.", short="-q")
    as_json: bool = option(False, "Print one JSON object about all photos, and nothing else.", flag="--json")
