"""`kbvr export`, once the command line is understood: photo after photo, told to a person or to a program."""

from __future__ import annotations

import json
import logging
import math
import os
import shlex
import shutil
import sys
import traceback
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict, dataclass, replace
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, get_args

import typer
from rich.console import Console

from kbvr import pipeline
from kbvr.cli.better_depth import fetch_depth_network, name_better_network, wants_pull
from kbvr.cli.call_options import CallOptions
from kbvr.cli.interruption import is_interruption
from kbvr.cli.printing import complain, explained, print_line
from kbvr.cli.progress import Report, stage_bars
from kbvr.errors import MAX_NAME_LENGTH, InputError, KbvrError, escaped, shortened
from kbvr.making.report import ExportReport, Written
from kbvr.options.export_options import ExportOptions
from kbvr.options.outputs import ONE_EYED, SCENES, DepthMapKind
from kbvr.photo.photo import GUESSED_FOV_DEG, load_photo
from kbvr.plan.file_names import names_a_file
from kbvr.plan.from_options import check_options
from kbvr.plan.output_kinds import chosen_kinds
from kbvr.system.atomic_file import refuse_taken

STREAM = Path("-")
"""Standard output, as a place for one file."""

VIEWED = (".mp4", ".webm", ".glb", ".html", ".jpg", ".png")
"""What `kbvr view` shows."""

GOOD, BUG, BAD_INPUT = 0, 1, 2
"""Exit codes."""
LOADED_LATE = ("kbvr.formats.video.write_video", "kbvr.nets")
"""What the pipeline loads when it gets there; here it is loaded before any photo."""


@dataclass(frozen=True)
class ExportRequest:
    """What one call of `kbvr export` asks for."""

    photos: tuple[Path, ...]
    options: ExportOptions
    call: CallOptions

    @property
    def is_watched(self) -> bool:
        """Whether a person at a terminal sees what is said beside results."""
        return sys.stderr.isatty() and not self.call.quiet and not self.call.as_json


@dataclass(frozen=True)
class Outcome:
    """What became of one photo: a report (in which outputs may have failed), or a one-line message."""

    photo: Path
    report: ExportReport | None = None
    message: str = ""
    is_bug: bool = False
    warnings: tuple[str, ...] = ()
    """None where there is a message: it has to stand alone."""

    @property
    def exit_code(self) -> int:
        """What the whole call would end with if this were its only photo."""
        if self.report:
            return BAD_INPUT if self.report.failed else GOOD
        return BUG if self.is_bug else BAD_INPUT

    @property
    def complaints(self) -> tuple[str, ...]:
        """What could not be made, a line each."""
        if self.report is None:
            return (self.message,)
        return tuple(f"{failure.output}: {failure.message}" for failure in self.report.failed)


def run_export(request: ExportRequest) -> int:
    """Export every photo; one that fails does not stop the rest, nor does an output of it.

    Return the exit code: the worst is a bug.
    """
    out = request.call.out
    if (names_a_file(out) or out == STREAM) and len(request.photos) > 1:
        raise InputError(f"-o {out} is one file, got {len(request.photos)} photos")
    if out == STREAM:
        return _streamed(request)
    return _exported(request)


def _streamed(request: ExportRequest) -> int:
    """Export into a folder that goes again, and write the one file of it to standard output; return the exit code."""
    if request.call.as_json or request.call.explain:
        raise InputError("-o - writes the file to standard output, where --json and --explain print")
    if sys.stdout.isatty():
        raise InputError("-o - writes a file to standard output, got a terminal; add > or |")
    names = [file.ending for kind in chosen_kinds(request.options) for file in kind.files(request.options)]
    if len(names) != 1:
        raise InputError(f"-o - is one file, but this makes {len(names)}: {', '.join(names)}")
    with TemporaryDirectory() as folder:
        call = request.call.model_copy(update={"out": Path(folder), "quiet": True})
        code = _exported(replace(request, call=call))
        if code == GOOD:
            sys.stdout.flush()
            with next(path for path in Path(folder).rglob("*") if path.is_file()).open("rb") as file:
                shutil.copyfileobj(file, sys.stdout.buffer)
            sys.stdout.buffer.flush()
    return code


def _exported(request: ExportRequest) -> int:
    """Export every photo into a folder or a file; return the exit code."""
    for module in LOADED_LATE:
        import_module(module)
    check_options(request.options)
    if request.call.comfort is not None:
        _check_comfort_report(request.call.comfort, request)
    if wants_pull(flag=request.call.pull):
        fetch_depth_network(request.options, quiet=request.call.quiet, shows_bar=request.is_watched)
    outcomes = []
    taken: dict[str, Path] = {}
    for photo in request.photos:
        outcome = _export_one(photo, request, taken)
        outcomes.append(outcome)
        if outcome.report and not request.call.as_json:
            _tell(outcome, outcome.report, request)
        for complaint in outcome.complaints:
            complain(f"{_name_of(outcome)}: {complaint}")
    codes = {outcome.exit_code for outcome in outcomes}
    if request.call.comfort is not None:
        codes.add(_write_comfort_report(request.call.comfort, outcomes, request))
    if not request.call.quiet and not request.call.as_json:
        _tell_of_assumed_fov(outcomes)
    if request.is_watched and any(outcome.report for outcome in outcomes):
        _name_next_step(outcomes)
        name_better_network(request.options)
    if request.call.as_json:
        typer.echo(json.dumps(_summary(outcomes), indent=2, allow_nan=False))
    return BUG if BUG in codes else max(codes, default=GOOD)


def _check_comfort_report(path: Path, request: ExportRequest) -> None:
    from kbvr.formats.comfort_report import chart_path, check_report_name

    check_report_name(path)
    one_eyed = {*ONE_EYED, "wiggle", "quilt", *(["stereo"] if request.options.layout == ("mono",) else [])}
    if {*request.options.outputs} <= one_eyed:
        raise InputError("--comfort tells of two eyes, got no stereo output")
    for target in (path, *(chart_path(path, photo, len(request.photos)) for photo in request.photos)):
        refuse_taken(target, overwrite=request.options.overwrite)


def _write_comfort_report(path: Path, outcomes: list[Outcome], request: ExportRequest) -> int:
    """Write the report of the photos that were exported and return the exit code; their files stay whatever happens."""
    from kbvr.formats.comfort_report import write_comfort_report

    found = {outcome.photo: outcome.report.comfort for outcome in outcomes if outcome.report}
    told = {photo: comfort for photo, comfort in found.items() if comfort is not None}
    try:
        if told:
            write_comfort_report(told, path, photos=len(request.photos), overwrite=request.options.overwrite)
    except KbvrError as error:
        complain(str(error))
        return BAD_INPUT
    return GOOD


def _export_one(photo: Path, request: ExportRequest, taken: dict[str, Path]) -> Outcome:
    """Export one photo; taken maps names of outputs to the photos they were made of, and is added to."""
    bars: AbstractContextManager[Report | None]
    bars = stage_bars(photo.name, Console(stderr=True)) if request.is_watched else nullcontext()
    name = os.path.normcase(photo.stem)
    with _collected_warnings() as warnings:
        try:
            if name in taken:
                # what is no photo gets that message: some programs put an XMP file beside each photo
                load_photo(photo, max_memory_bytes=request.options.max_memory)
                wanted = "photos of one call must differ in name, for their outputs are named after them"
                raise InputError(f"{wanted}; this one would write over those of {taken[name]}")
            with bars as report:
                made = pipeline.export_photo(photo, request.call.out, request.options, progress=report)
        except Exception as error:
            if is_interruption(error):
                raise KeyboardInterrupt from error
            explanation = explained(error)
            if explanation is not None:
                return Outcome(photo, message=_without_name(explanation, photo))
            traceback.print_exc()  # a bug in one photo does not stop the rest either
            message = f"this is a bug in kbvr: {type(error).__name__}: {_without_name(str(error), photo)}"
            return Outcome(photo, message=message, is_bug=True)
    taken[name] = photo
    return Outcome(photo, made, warnings=tuple(warnings))


@contextmanager
def _collected_warnings() -> Iterator[list[str]]:
    """Yield a list that gets what kbvr logs as a warning or worse."""
    collected: list[str] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            collected.append(shortened(escaped(record.getMessage())))

    collector = Collector(logging.WARNING)
    logger = logging.getLogger("kbvr")
    logger.addHandler(collector)
    try:
        yield collected
    finally:
        logger.removeHandler(collector)


def _without_name(message: str, photo: Path) -> str:
    """Return a message without the photo's name, which stands before it in any case."""
    return shortened(escaped(message).removeprefix(f"{escaped(str(photo))}: "))


def _tell(outcome: Outcome, report: ExportReport, request: ExportRequest) -> None:
    """Print what a person wants to know: warnings, then the files."""
    if not request.call.quiet:
        for warning in outcome.warnings:
            complain(f"{_name_of(outcome)}: warning: {warning}")
    if request.call.explain:
        for line in report.explanation:
            print_line(line)
    if not request.call.quiet:
        for written in report.written:
            print_line(f"{written.file.path}  ({_shown(written)})")
            for beside in written.file.beside:
                print_line(f"{beside}  (belongs to {written.file.path.name})")


def _tell_of_assumed_fov(outcomes: list[Outcome]) -> None:
    """Say once how many photos do not say how wide their view is."""
    count = sum(outcome.report.is_fov_assumed for outcome in outcomes if outcome.report)
    if count:
        which = "" if len(outcomes) == 1 else f" of {count} of {len(outcomes)} photos"
        complain(
            f"no focal length in the EXIF data{which}; assuming a {GUESSED_FOV_DEG:g} degree field of view (--fov)"
        )


def _name_next_step(outcomes: list[Outcome]) -> None:
    """Say how to see what was made, to a person at a terminal."""
    files = [written.file.path for outcome in outcomes if outcome.report for written in outcome.report.written]
    shown = next((path for path in files if path.suffix in VIEWED), None)
    if shown is not None:
        complain(f"to see it: kbvr view {shlex.quote(str(shown))} (in a headset: add --lan)")


def _shown(written: Written) -> str:
    """Return what a file is, in a few words."""
    file = written.file
    has_packing = written.output not in SCENES and written.item.packing not in ("mono", *get_args(DepthMapKind))
    packing = [written.item.packing] if has_packing else []
    facts = [*packing, "x".join(map(str, file.size_px)), *([file.codec] if file.codec else [])]
    if file.seconds:
        facts += [f"{file.frames} frames", f"{file.seconds:.1f} s"]
    return ", ".join([*facts, f"{file.bytes / 1e6:.1f} MB" if file.bytes >= 1e6 else f"{file.bytes / 1e3:.1f} kB"])


def _name_of(outcome: Outcome) -> str:
    return shortened(escaped(str(outcome.photo)), MAX_NAME_LENGTH)


def _summary(outcomes: list[Outcome]) -> dict[str, Any]:
    """Return the object of --json; numbers that JSON has not (infinity) become null."""
    return {
        "photos": [_photo_entry(outcome, outcome.report) for outcome in outcomes if outcome.report],
        "failures": [
            {"photo": str(outcome.photo), "output": output, "message": message, "bug": outcome.is_bug}
            for outcome in outcomes
            for output, message in _failures(outcome)
        ],
    }


def _failures(outcome: Outcome) -> list[tuple[str | None, str]]:
    """Return what could not be made, each with its message: outputs, or None for all."""
    if outcome.report is None:
        return [(None, outcome.message)]
    return [(failure.output, shortened(failure.message)) for failure in outcome.report.failed]


def _photo_entry(outcome: Outcome, report: ExportReport) -> dict[str, Any]:
    return {
        "photo": str(outcome.photo),
        "written": [
            {
                "output": written.output,
                "format": written.item.format,
                "packing": written.item.packing,
                **asdict(written.file),
                "path": str(written.file.path),
                "beside": [str(path) for path in written.file.beside],
            }
            for written in report.written
        ],
        "stereo": {name: value if math.isfinite(value) else None for name, value in report.stereo.items()},
        "warnings": outcome.warnings,
        "explanation": report.explanation,
        "took_seconds": report.seconds,
    }
