"""Options of `kbvr batch` and `kbvr watch` that do not affect what outputs show."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator

from kbvr.batching.cluster.options import ClusterOptions
from kbvr.cli.call_options import SharedCallOptions
from kbvr.options.declare import OptionGroup, option
from kbvr.system.resources import MAX_THREADS


def _number_or_auto(value: object) -> object:
    return None if value == "auto" else value


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
        "How progress is shown. auto: a display on a terminal, elsewhere as lines; lines: a line on stderr every 30 "
        "seconds; json: a JSON object on stdout for every photo and every second, one a line.",
        is_common=True,
    )
    recursive: bool = option(False, "Include the folders inside folders.", short="-r", is_common=True)


class WorkerOptions(OptionGroup):
    """The processes that make the photos of a batch."""

    jobs: Annotated[int | None, BeforeValidator(_number_or_auto)] = option(
        None,
        "Number of photos that are made at the same time. The memory they take together is limited by --max-memory. "
        "auto: one per core, if the memory suffices.",
        between=(1, MAX_THREADS),
        accepts=f"auto or a whole number from 1 to {MAX_THREADS}",
        metavar="N|auto",
        default_text="auto",
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


class BatchOptions(ClusterOptions, WorkerOptions, SharedCallOptions, BatchOut, title="Many photos"):
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
