"""Options of `kbvr batch` and `kbvr watch` that do not affect what outputs show."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from kbvr.batching.cluster.options import ClusterOptions
from kbvr.batching.run_options import DEFAULT_TITLE, LimitOptions, WorkerOptions
from kbvr.cli.call_options import SharedCallOptions
from kbvr.options.declare import OptionGroup, option


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
        "Also write a web site that shows the photos: index.html in the output folder. It shows a wiggle and a 3D "
        "scene of each photo, which are made too; a stereo video is made only with --stereo.",
        is_common=True,
    )
    title: str = option(DEFAULT_TITLE, "Title of the web site of --gallery.", accepts="text", metavar="TEXT")
    retry_failed: bool = option(False, "Try photos again that failed in an earlier run.", is_common=True)
    progress: Literal["auto", "lines", "json", "none"] = option(
        "auto",
        "How progress is shown. auto: a display on a terminal, elsewhere as lines; lines: a line on stderr every 30 "
        "seconds; json: one JSON object a line on stdout, for every photo that is made or fails, and every second.",
        is_common=True,
    )
    recursive: bool = option(False, "Include the folders inside folders.", short="-r", is_common=True)


class BatchOptions(ClusterOptions, LimitOptions, WorkerOptions, SharedCallOptions, BatchOut, title="Many photos"):
    """Which photos of a batch are made, where, and what is printed."""

    from_file: str | None = option(
        None,
        "Read paths and URLs of photos from a text file, one a line; - reads standard input.",
        accepts="a text file",
        metavar="FILE",
        is_common=True,
    )
    fail_fast: bool = option(False, "Stop after the first failed photo, as --max-failures 1 does.")
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
