"""Make one export, in another process, and say how far it is."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kbvr.errors import KbvrError
from kbvr.making.report import ExportReport
from kbvr.pipeline import export_photo
from kbvr.studio.exporting.export import MadeFile
from kbvr.studio.option_texts import parsed
from kbvr.system.logged_warnings import logged_warnings

REPORT_S = 0.05
"""Shortest time between two reports of one stage."""


@dataclass(frozen=True)
class Made:
    """What an export has made."""

    files: tuple[MadeFile, ...]
    failed: tuple[tuple[str, KbvrError], ...]
    """Outputs that could not be made, and why."""

    warnings: tuple[str, ...]


def make_export(photo: Path, out: Path, options: Mapping[str, str], progress: Path) -> Made:
    """Export a photo into a folder; the file `progress` holds the stage, its finished steps and its total steps.

    The errors are those of `kbvr.export`.
    """
    last: dict[str, Any] = {"stage": "", "at_s": 0.0}

    def report(stage: str, done: int, total: int) -> None:
        if stage == last["stage"] and done < total and time.monotonic() - last["at_s"] < REPORT_S:
            return
        last.update(stage=stage, at_s=time.monotonic())
        progress.write_text(f"{stage}\n{done}\n{total}", "utf-8")

    with logged_warnings() as warnings:
        made = export_photo(photo, out, parsed(options), progress=report)
    return Made(_files(made, out), tuple((failure.output, failure.error) for failure in made.failed), tuple(warnings))


def _files(report: ExportReport, out: Path) -> tuple[MadeFile, ...]:
    found: list[MadeFile] = []
    for written in report.written:
        for path in (written.file.path, *written.file.beside):
            kind = written.item.format if path == written.file.path else "companion"
            found.append(MadeFile(path.relative_to(out).as_posix(), kind, path.stat().st_size))
    return tuple({file.path: file for file in reversed(found)}.values())[::-1]
