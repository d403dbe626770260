"""Options of one call of `kbvr export` that are not about what is made."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from kbvr.options.declare import OptionGroup, option


class CallOptions(OptionGroup):
    """Where files go, and what is printed."""

    title: ClassVar[str] = "Call"

    out: Path = option(
        Path(),
        "Folder to write to. If a call makes one file, its name (out/cat.mp4) is taken too, or - for standard output.",
        short="-o",
        takes="a folder or a file",
        metavar="DIR",
        is_common=True,
    )
    preset: str | None = option(
        None,
        "A set of options for a device or site: quest, youtube-vr180, tv-3d, blog, instagram, story, "
        "looking-glass. A configuration file can hold more. Other options given win.",
        takes="a preset's name",
        metavar="NAME",
        is_common=True,
    )
    config: Path | None = option(
        None,
        "A TOML file of options, in place of kbvr.toml in this folder and your own.",
        takes="a TOML file",
        metavar="FILE",
    )
    pull: bool = option(
        False,
        "Download the best depth network first. That is moge-2-small (141 MB), or the network that --depth-model "
        "names, unless you have it. Without a connection the export uses what is here.",
        is_common=True,
    )
    comfort: Path | None = option(
        None,
        "Write a report on what the eyes are given, against what they can follow, with a chart beside it.",
        takes="a file that ends in .json",
        metavar="FILE.json",
    )
    explain: bool = option(False, "Print what was chosen for each photo, and why.", is_common=True)
    quiet: bool = option(False, "Print only errors, and what --explain asks for.", short="-q")
    as_json: bool = option(False, "Print one JSON object about all photos, and nothing else.", flag="--json")
