"""`kbvr export`, once its options are known: export photo after photo, and print results as text or JSON."""

from __future__ import annotations

import json
import math
import os
import shlex
import shutil
import sys
import traceback
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, replace
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, get_args

import typer
from rich.console import Console

from kbvr import pipeline
from kbvr.cli.better_depth import models_variable, pull_depth_network, suggest_better_network
from kbvr.cli.call_options import CallOptions
from kbvr.cli.interruption import is_interruption
from kbvr.cli.printing import explained, print_line, print_message, warnings_to
from kbvr.cli.progress import Report, stage_bars
from kbvr.errors import MAX_NAME_LENGTH, InputError, KbvrError, escaped, shortened
from kbvr.making.report import ExportReport, Written
from kbvr.options.export_options import ExportOptions
from kbvr.options.outputs import ONE_EYED, SCENES, DepthMapKind
from kbvr.photo.photo import GUESSED_FOV_DEG, load_photo
from kbvr.plan.file_names import names_a_file
from kbvr.plan.from_options import check_options
from kbvr.plan.output_kinds import chosen_kinds
from kbvr.plan.player_words import without_player_words
from kbvr.system.atomic_file import check_writable

STDOUT = Path("-")

VIEWABLE = (".mp4", ".webm", ".glb", ".html", ".jpg", ".png")
"""Suffixes of outputs that `kbvr view` shows."""

GOOD, BUG, BAD_INPUT = 0, 1, 2
"""Exit codes."""

LAZY_MODULES = ("kbvr.formats.video.write_video", "kbvr.nets")
"""Modules that the pipeline imports late; here they are imported before the first photo."""


@dataclass(frozen=True)
class ExportRequest:
    """One call of `kbvr export`."""

    photos: tuple[Path, ...]
    options: ExportOptions
    call: CallOptions

    @property
    def is_watched(self) -> bool:
        """Whether a person at a terminal sees progress bars and hints."""
        return sys.stderr.isatty() and not self.call.quiet and not self.call.as_json


@dataclass(frozen=True)
class Outcome:
    """The result of one photo: a report (in which outputs may have failed), or the message of an error."""

    photo: Path
    report: ExportReport | None = None
    message: str = ""
    is_bug: bool = False
    warnings: tuple[str, ...] = ()
    """Empty if there is a message, which must make sense on its own."""

    @property
    def exit_code(self) -> int:
        """The exit code of the call if this were its only photo."""
        if self.report:
            return BAD_INPUT if self.report.failed else GOOD
        return BUG if self.is_bug else BAD_INPUT

    @property
    def failures(self) -> list[tuple[str | None, str]]:
        """The outputs that could not be made, and why; None stands for all of them."""
        if self.report is None:
            return [(None, self.message)]
        return [(failure.output, explained(failure.error) or failure.message) for failure in self.report.failed]


def run_export(request: ExportRequest) -> int:
    """Export every photo and return the exit code; a photo or an output that fails does not stop the others."""
    out = request.call.out
    if (names_a_file(out) or out == STDOUT) and len(request.photos) > 1:
        raise InputError(f"-o {out} names one file, got {len(request.photos)} photos")
    return _export_to_stdout(request) if out == STDOUT else _export_all(request)


def _export_to_stdout(request: ExportRequest) -> int:
    """Export into a temporary folder and copy its only file to standard output; return the exit code."""
    if request.call.as_json or request.call.explain:
        raise InputError("-o - cannot be combined with --json and --explain: they print to standard output too")
    if sys.stdout.isatty():
        raise InputError("-o - writes the file to standard output, which is a terminal; add > or |")
    names = [file.ending for kind in chosen_kinds(request.options) for file in kind.files(request.options)]
    if len(names) != 1:
        raise InputError(f"-o - requires a single output file, got {len(names)}: {', '.join(names)}")
    with TemporaryDirectory() as folder:
        call = request.call.model_copy(update={"out": Path(folder), "quiet": True})
        code = _export_all(replace(request, call=call))
        if code == GOOD:
            sys.stdout.flush()
            files = sorted(path for path in Path(folder).rglob("*") if path.is_file())
            if len(files) != 1:  # companion files
                found = ", ".join(path.name for path in files)
                raise InputError(f"-o - requires a single output file, got {len(files)}: {found}")
            with files[0].open("rb") as file:
                shutil.copyfileobj(file, sys.stdout.buffer)
            sys.stdout.buffer.flush()
    return code


def _export_all(request: ExportRequest) -> int:
    """Export every photo into a folder or a file; return the exit code, which is the worst of all photos'."""
    for module in LAZY_MODULES:
        import_module(module)
    check_options(request.options)
    if request.call.comfort is not None:
        _check_comfort_report(request.call.comfort, request)
    if models_variable() == "auto" or request.call.pull:
        pull_depth_network(request.options, quiet=request.call.quiet, shows_bar=request.is_watched)
    outcomes = []
    exported: dict[str, Path] = {}
    for photo in request.photos:
        outcome = _export_one(photo, request, exported)
        outcomes.append(outcome)
        if outcome.report and not request.call.as_json:
            _print_report(outcome, outcome.report, request)
        for output, message in outcome.failures:
            print_message(f"{_name_of(outcome)}: {message if output is None else f'{output}: {message}'}")
    codes = {outcome.exit_code for outcome in outcomes}
    if request.call.comfort is not None:
        codes.add(_write_comfort_report(request.call.comfort, outcomes, request))
    if not request.call.quiet and not request.call.as_json:
        _print_assumed_fov(outcomes)
    if request.is_watched and any(outcome.report for outcome in outcomes):
        _print_next_step(outcomes)
        suggest_better_network(request.options)
    if request.call.as_json:
        typer.echo(json.dumps(_summary(outcomes), indent=2, allow_nan=False))
    return BUG if BUG in codes else max(codes, default=GOOD)


def _check_comfort_report(path: Path, request: ExportRequest) -> None:
    from kbvr.formats.comfort_report import chart_path, check_report_name

    check_report_name(path)
    one_eyed = {*ONE_EYED, "wiggle", "quilt", *(["stereo"] if request.options.layout == ("mono",) else [])}
    if {*request.options.outputs} <= one_eyed:
        raise InputError(
            "--comfort requires --stereo, --still or --anaglyph (other than mono, quilt, autostereogram, rgbd and flat)"
        )
    for target in (path, *(chart_path(path, photo, len(request.photos)) for photo in request.photos)):
        check_writable(target, overwrite=request.options.overwrite)


def _write_comfort_report(path: Path, outcomes: list[Outcome], request: ExportRequest) -> int:
    """Write the comfort report of the exported photos and return the exit code; if it fails, their files stay."""
    from kbvr.formats.comfort_report import write_comfort_report

    reports = {outcome.photo: outcome.report.comfort for outcome in outcomes if outcome.report}
    comforts = {photo: comfort for photo, comfort in reports.items() if comfort is not None}
    try:
        if comforts:
            write_comfort_report(comforts, path, photos=len(request.photos), overwrite=request.options.overwrite)
    except KbvrError as error:
        print_message(explained(error) or "")
        return BAD_INPUT
    return GOOD


def _export_one(photo: Path, request: ExportRequest, exported: dict[str, Path]) -> Outcome:
    """Export one photo, and add it to `exported`, which maps names of outputs to their photos."""
    bars: AbstractContextManager[Report | None]
    bars = stage_bars(photo.name, Console(stderr=True)) if request.is_watched else nullcontext()
    name = os.path.normcase(without_player_words(photo.stem))
    warnings: list[str] = []
    with warnings_to(lambda warning: warnings.append(_without_name(warning, photo))):
        try:
            if name in exported:
                # a file that is not a photo gets that error: some programs save an XMP file with each photo
                load_photo(photo, max_memory_bytes=request.options.max_memory)
                raise InputError(f"same name as {exported[name]}, whose outputs it would overwrite")
            with bars as progress:
                report = pipeline.export_photo(photo, request.call.out, request.options, progress=progress)
        except Exception as error:
            if is_interruption(error):
                raise KeyboardInterrupt from error
            explanation = explained(error)
            if explanation is not None:
                is_folder = os.path.isdir(photo)  # noqa: PTH112  False where nobody may look
                hint = f" (for all photos in it: kbvr batch {shlex.quote(str(photo))} -o OUT)" if is_folder else ""
                return Outcome(photo, message=_without_name(explanation, photo) + hint)
            traceback.print_exc()  # a bug in one photo does not stop the others either
            message = f"this is a bug in kbvr: {type(error).__name__}: {_without_name(str(error), photo)}"
            return Outcome(photo, message=message, is_bug=True)
    exported[name] = photo
    return Outcome(photo, report, warnings=tuple(warnings))


def _without_name(message: str, photo: Path) -> str:
    """Return a message without the photo's name, which is printed before every message."""
    return shortened(escaped(message).removeprefix(f"{escaped(str(photo))}: "))


def _print_report(outcome: Outcome, report: ExportReport, request: ExportRequest) -> None:
    """Print the warnings, the explanation and the files of a photo, if the options ask for them."""
    if not request.call.quiet:
        for warning in outcome.warnings:
            print_message(f"{_name_of(outcome)}: warning: {warning}")
    if request.call.explain:
        for line in report.explanation:
            print_line(line)
    if not request.call.quiet:
        for written in report.written:
            print_line(f"{written.file.path}  ({_facts(written)})")
            for companion in written.file.beside:
                print_line(f"{companion}  (belongs to {written.file.path.name})")


def _print_assumed_fov(outcomes: list[Outcome]) -> None:
    count = sum(outcome.report.is_fov_assumed for outcome in outcomes if outcome.report)
    if count:
        which = "" if len(outcomes) == 1 else f" of {count} of {len(outcomes)} photos"
        print_message(
            f"no focal length in the EXIF data{which}; assuming a {GUESSED_FOV_DEG:g} degree field of view (--fov)"
        )


def _print_next_step(outcomes: list[Outcome]) -> None:
    files = [written.file.path for outcome in outcomes if outcome.report for written in outcome.report.written]
    viewable = next((path for path in files if path.suffix in VIEWABLE), None)
    if viewable is not None:
        print_message(f"to view it: kbvr view {shlex.quote(str(viewable))} (for a headset: add --lan)")


def _facts(written: Written) -> str:
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
    return {
        "photos": [_photo_entry(outcome, outcome.report) for outcome in outcomes if outcome.report],
        "failures": [
            {"photo": str(outcome.photo), "output": output, "message": shortened(message), "bug": outcome.is_bug}
            for outcome in outcomes
            for output, message in outcome.failures
        ],
    }


def _photo_entry(outcome: Outcome, report: ExportReport) -> dict[str, Any]:
    """Return a photo's files and facts; infinity, which JSON lacks, becomes null."""
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
