"""`kbvr batch` and `kbvr watch`: their flags and their help."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kbvr.cli.batch_options import BatchOptions, WatchOptions
from kbvr.cli.export_command import Flags, read_options
from kbvr.cli.option_help import Described


def batch(arguments: Sequence[str], given: Mapping[str, Any]) -> int:
    """Make the photos of a batch; return the exit code."""
    from kbvr.cli.batch import BatchRequest, run_batch_request

    call, options = read_options(BatchOptions, given)
    return run_batch_request(BatchRequest(tuple(arguments), options, call))


def watch(arguments: Sequence[str], given: Mapping[str, Any]) -> int:
    """Make the photos of watched folders; return the exit code."""
    from kbvr.cli.batch import WatchRequest, run_watch_request

    call, options = read_options(WatchOptions, given)
    return run_watch_request(WatchRequest(tuple(arguments), options, call))


BATCH = Flags(
    Described(
        "batch",
        "Usage: kbvr batch [OPTIONS] SOURCE... -o OUT",
        "Export many photos. The same command resumes after an interruption.",
        "SOURCE",
        """\
`kbvr batch --help-all` lists every option, those of `kbvr export` included.
  kbvr batch holiday/ -o out/                        a folder
  kbvr batch -r scans/ -o out/ --wiggle --gallery    all folders inside, and a site
  kbvr batch status out/                             what is done, and what failed""",
    ),
    BatchOptions,
    batch,
)

WATCH = Flags(
    Described(
        "watch",
        "Usage: kbvr watch [OPTIONS] FOLDER... -o OUT",
        "Export the photos of folders, and those that appear in them, until Ctrl-C.",
        "FOLDER",
        """\
`kbvr watch --help-all` lists every option, those of `kbvr export` included.
  kbvr watch camera/ -o out/ --wiggle""",
    ),
    WatchOptions,
    watch,
)
