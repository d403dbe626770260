"""Several exports as text that does the same: command lines, and a program in Python."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from kbvr.options.export_options import ExportOptions
from kbvr.studio.exporting.as_command import as_command
from kbvr.studio.exporting.as_python import as_program
from kbvr.studio.exporting.export import PhotoToExport
from kbvr.studio.exporting.folders import folder_name, free_folder
from kbvr.studio.option_texts import parsed

Call = tuple[Path, Path, ExportOptions]
"""A photo, the folder of its files, and options."""


def calls_of(exports: Iterable[tuple[PhotoToExport, Mapping[str, str]]]) -> list[Call]:
    """Return the calls of `kbvr.export`, each with a folder of its own, for photos with options as texts.

    Raises:
        InputError: if an option cannot be used.
    """
    calls: list[Call] = []
    for photo, texts in exports:
        options = parsed(photo.with_depth(texts))
        taken = {out for _, out, _ in calls}
        calls.append((photo.file, free_folder(photo.exports, folder_name(options), taken), options))
    return calls


def as_text(calls: Iterable[Call], *, is_windows: bool = sys.platform == "win32") -> dict[str, str]:
    """Return the command lines and the program, without a line break at the end.

    Raises:
        InputError: if a text contains a zero byte.
    """
    calls = list(calls)
    commands = (as_command([photo], out, options, for_windows=is_windows) for photo, out, options in calls)
    return {"command": "\n".join(commands), "python": as_program(calls).removesuffix("\n")}
