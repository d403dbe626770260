"""Options of one call that do not affect what outputs show, and the flag of every option."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from kbvr.options.declare import Declared, OptionGroup, option
from kbvr.options.export_options import declared
from kbvr.options.presets import PRESETS
from kbvr.system.resources import MAX_THREADS


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


class BatchOut(OptionGroup):
    """Where the files of a batch go."""

    out: str | None = option(
        None,
        "Folder to write to, or a URL like s3://bucket/folder (requires kbvr[remote]). It keeps the structure of the "
        "folders that the photos come from.",
        short="-o",
        accepts="a folder or a URL",
        metavar="PATH",
        is_common=True,
    )
    ledger: Path | None = option(
        None,
        "The file that notes what is done, if it is not kbvr.sqlite in the output folder. Keep it on a local disk if "
        "the output folder is on a network file system.",
        accepts="a file name",
        metavar="FILE",
    )
    gallery: bool = option(
        False,
        "Also write a web site that shows the photos: index.html in the output folder. Adds --wiggle and --gltf.",
        is_common=True,
    )
    title: str = option("Photos in 3D", "Title of the web site of --gallery.", accepts="text", metavar="TEXT")
    retry_failed: bool = option(False, "Try photos again that failed in an earlier run.", is_common=True)
    max_failures: int | None = option(
        None, "Stop after this many failed photos.", between=(1, 10**9), metavar="N", default_text="no limit"
    )
    fail_fast: bool = option(False, "Stop after the first failed photo, as --max-failures 1 does.")
    progress: Literal["auto", "lines", "json", "none"] = option(
        "auto",
        "How progress is shown on stderr. auto: a display on a terminal, elsewhere a line every 30 seconds; json: one "
        "JSON object a line, for every photo and every second.",
        is_common=True,
    )
    recursive: bool = option(False, "Include the folders inside folders.", short="-r", is_common=True)


class WorkerOptions(OptionGroup):
    """The processes that make the photos of a batch."""

    jobs: int | None = option(
        None,
        "Number of photos that are made at the same time. The memory they take together is limited by --max-memory.",
        between=(1, MAX_THREADS),
        metavar="N",
        default_text="one per core, if the memory suffices",
        is_common=True,
    )
    photo_limit_s: float = option(
        3600.0,
        "Give up a photo after this time.",
        between=(1, 10**6),
        unit="seconds",
        flag="--photo-limit",
        metavar="SECONDS",
    )


class BatchOptions(WorkerOptions, SharedCallOptions, BatchOut, title="Many photos"):
    """Which photos of a batch are made, where, and what is printed."""

    from_file: str | None = option(
        None,
        "Read paths and URLs of photos from a text file, one a line; - reads standard input.",
        accepts="a text file",
        metavar="FILE",
        is_common=True,
    )
    limit: int | None = option(
        None, "Stop after making this many photos.", between=(1, 10**9), metavar="N", default_text="no limit"
    )
    dry_run: bool = option(False, "Print what would be made, and why, and make nothing.", is_common=True)
    rebuild_ledger: bool = option(False, "Make the ledger again from the receipts beside the outputs.")


class WatchOptions(WorkerOptions, SharedCallOptions, BatchOut, title="Watched folders"):
    """How `kbvr watch` finds new photos."""

    settle_s: float = option(
        2.0,
        "Make a photo when its file has not changed for this time.",
        between=(0.1, 3600),
        unit="seconds",
        flag="--settle",
        metavar="SECONDS",
        is_common=True,
    )
    poll: bool = option(
        False,
        "Look at all files again and again instead of waiting for messages from the system, which network file systems "
        "do not send.",
        is_common=True,
    )


CallGroup = type[CallOptions] | type[BatchOptions] | type[WatchOptions]


def every_option(call: CallGroup = CallOptions) -> Iterator[Declared]:
    """Yield the options of a call, then those of exports."""
    yield from call.declared()
    yield from declared()


def known_options() -> Iterator[Declared]:
    """Yield every option of every command that exports, once."""
    found = [*every_option(), *BatchOptions.declared(), *WatchOptions.declared()]
    yield from {option.name: option for option in reversed(found)}.values()


def flag_of(name: str) -> str:
    """Return the flag of an option by its name in Python."""
    return next((option.flag for option in known_options() if option.name == name), f"--{name.replace('_', '-')}")
