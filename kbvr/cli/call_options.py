"""Options of one call of `kbvr export` that do not affect what outputs show, and those that other commands share."""

from __future__ import annotations

from pathlib import Path

from kbvr.options.declare import OptionGroup, option
from kbvr.options.presets import PRESETS


class ExportOut(OptionGroup):
    """Where the files of an export go."""

    out: Path = option(
        Path(),
        "Folder to write to. If only one file is written, this can also be its name (out/cat.mp4), or - for "
        "standard output.",
        short="-o",
        accepts="a folder or a file",
        metavar="PATH",
        is_common=True,
    )


class SharedCallOptions(OptionGroup):
    """Where options come from, and what is printed."""

    preset: str | None = option(
        None,
        f"A set of options for a device or site: {', '.join(PRESETS)}. You can define more in a configuration file. "
        "Options on the command line take precedence.",
        accepts="a preset's name",
        metavar="NAME",
        suggestions=tuple(PRESETS),
        is_common=True,
    )
    config: Path | None = option(
        None,
        "A TOML file of options, read instead of the kbvr.toml files in this folder and in kbvr's configuration "
        "folder.",
        accepts="a TOML file",
        metavar="FILE",
    )
    pull: bool = option(
        False,
        "Download the best depth network first. That is moge-2-small (141 MB), or the network that --depth-model "
        "names, unless it is installed. Without a connection the export uses what is installed.",
        is_common=True,
    )
    quiet: bool = option(False, "Print only errors, and the output of --explain.", short="-q")


class CallOptions(SharedCallOptions, ExportOut, title="Files and messages"):
    """Where the files of an export go, and what is printed."""

    comfort: Path | None = option(
        None,
        "Write a viewing-comfort report: the parallax in the result compared with what the eyes can "
        "tolerate, with a chart.",
        accepts="a file that ends in .json",
        metavar="FILE.json",
    )
    explain: bool = option(False, "Print what was chosen for each photo, and why.", is_common=True)
    as_json: bool = option(False, "Print one JSON object about all photos, and nothing else.", flag="--json")
