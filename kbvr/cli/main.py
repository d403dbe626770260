"""The commands and their options. Nothing heavy is loaded before a command has been understood."""

from __future__ import annotations

import io
import logging
import re
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import typer

from kbvr.cli.interruption import is_interruption, signals_interrupt
from kbvr.cli.models import app as models_app
from kbvr.errors import InputError, KbvrError

BAD_CALL = 2
SIGNALLED = 128
"""Added to the number of the signal that ended kbvr, as shells do."""
INTERRUPTED = SIGNALLED + signal.SIGINT

app = typer.Typer(
    name="kbvr",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)

OUTPUT, PICTURE, MOTION, DEPTH, STEREO, RUN = (
    "Output",
    "Picture",
    "Motion",
    "Depth",
    "Stereo",
    "While it runs",
)

Photos: TypeAlias = Annotated[
    list[Path],
    typer.Argument(metavar="PHOTO", help="One or more photos: JPEG, PNG, WebP, TIFF, HEIC or AVIF."),
]
Stereo: TypeAlias = Annotated[
    bool,
    typer.Option("--stereo", help="Write a stereo video. Meant if you name nothing else.", rich_help_panel=OUTPUT),
]
Out: TypeAlias = Annotated[
    Path,
    typer.Option("--out", "-o", metavar="DIR", help="Folder to write to.", rich_help_panel=OUTPUT),
]
Layout: TypeAlias = Annotated[
    Literal["sbs", "sbs-half"],
    typer.Option(
        help="Both eyes side by side. sbs: in full, for headsets; sbs-half: each squeezed to half its width, "
        "for 3D televisions.",
        rich_help_panel=OUTPUT,
    ),
]
Overwrite: TypeAlias = Annotated[
    bool, typer.Option("--overwrite", help="Replace files that exist already.", rich_help_panel=OUTPUT)
]
MaxSize: TypeAlias = Annotated[
    str,
    typer.Option(
        metavar="WIDTHxHEIGHT",
        help="Largest picture per eye, in pixels; never above the photo's own size.",
        rich_help_panel=PICTURE,
    ),
]
Fov: TypeAlias = Annotated[
    float | None,
    typer.Option(
        metavar="DEG",
        help="Field of view across the photo's long side, in degrees.",
        show_default="what the photo's EXIF says, else a guess",
        rich_help_panel=PICTURE,
    ),
]
CameraPath: TypeAlias = Annotated[
    Literal["swing", "circle", "dolly", "kenburns", "static"],
    typer.Option(
        help="How the camera moves. swing: side to side; circle: round; dolly: in and out; "
        "kenburns: a slow zoom in, shifted to where it uncovers least; static: not at all.",
        rich_help_panel=MOTION,
    ),
]
Seconds: TypeAlias = Annotated[
    float, typer.Option(metavar="SECONDS", help="Length of the video.", rich_help_panel=MOTION)
]
Fps: TypeAlias = Annotated[float, typer.Option(metavar="NUMBER", help="Frames per second.", rich_help_panel=MOTION)]
DepthFile: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--depth",
        metavar="FILE",
        help="Depth of the photo: 16-bit PNG, NPY, NPZ, EXR or TIFF. Needs --depth-kind; one photo only.",
        show_default="estimated from the photo",
        rich_help_panel=DEPTH,
    ),
]
DepthKind: TypeAlias = Annotated[
    Literal["disparity", "depth-m", "inverse-depth-per-m"] | None,
    typer.Option(
        help="What --depth holds. disparity: of any scale, larger is nearer; depth-m: metres (in a PNG "
        "millimetres), larger is farther; inverse-depth-per-m: 1 / metres.",
        rich_help_panel=DEPTH,
    ),
]
DepthModel: TypeAlias = Annotated[
    str,
    typer.Option(
        metavar="auto|NAME|FILE",
        help="The network that estimates the depth. auto: depth-anything-v2-small if you have pulled it, else "
        "kbvr-depth, which is built in; NAME: one that `kbvr models list` names; FILE: an ONNX file.",
        rich_help_panel=DEPTH,
    ),
]
DepthQualityOption: TypeAlias = Annotated[
    Literal["fast", "good", "best"],
    typer.Option(
        "--depth-quality",
        help="How the depth is estimated. fast: one look; good: at the mirror image too; best: at a larger picture "
        "too, for detail.",
        rich_help_panel=DEPTH,
    ),
]
Fill: TypeAlias = Annotated[
    str,
    typer.Option(
        metavar="auto|NAME|FILE",
        help="What invents the parts that the photo hides. auto: lama if you have pulled it, else kbvr-fill, a small "
        "network that is built in; spread: smooth colours and the texture beside them; lama, migan: LaMa and MI-GAN, "
        "which `kbvr models pull` gets; FILE: another network's ONNX file.",
        rich_help_panel=PICTURE,
    ),
]
Near: TypeAlias = Annotated[
    float | None,
    typer.Option(
        "--near-m",
        metavar="METRES",
        help="Distance of the nearest things, where the depth has no scale of its own.",
        show_default="1.5",
        rich_help_panel=DEPTH,
    ),
]
Baseline: TypeAlias = Annotated[
    float | None,
    typer.Option(
        "--baseline-mm",
        metavar="MM",
        help="Distance between the two cameras, in millimetres.",
        show_default="chosen to fit --budget",
        rich_help_panel=STEREO,
    ),
]
Convergence: TypeAlias = Annotated[
    float | None,
    typer.Option(
        "--convergence-m",
        metavar="METRES",
        help="Distance of what appears on the screen itself; nearer things come out of it.",
        show_default="just behind the nearest thing in the middle",
        rich_help_panel=STEREO,
    ),
]
Budget: TypeAlias = Annotated[
    float,
    typer.Option(
        metavar="PERCENT",
        help="Disparity from nearest to farthest, in percent of the width. More is deeper, and tires.",
        rich_help_panel=STEREO,
    ),
]
Threads: TypeAlias = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="Threads to use, for the network and for rendering.",
        show_default="one per core",
        rich_help_panel=RUN,
    ),
]
Explain: TypeAlias = Annotated[
    bool,
    typer.Option("--explain", help="Print what was chosen for each photo, and why.", rich_help_panel=RUN),
]
Quiet: TypeAlias = Annotated[
    bool,
    typer.Option("--quiet", "-q", help="Print errors only (and what --explain asks for).", rich_help_panel=RUN),
]
AsJson: TypeAlias = Annotated[
    bool,
    typer.Option("--json", help="Print one JSON object about all photos, and nothing else.", rich_help_panel=RUN),
]


def _print_version(wanted: bool) -> bool:
    if not wanted:
        return wanted
    from importlib.metadata import version

    typer.echo(f"kbvr {version('kbvr')}")
    raise typer.Exit


Version: TypeAlias = Annotated[
    bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_print_version)
]


@app.callback()
def kbvr(version: Version = False) -> None:
    """Turn one photo into a stereo video for a VR headset or a 3D screen.

    Example: [bold]kbvr export --stereo photo.jpg -o out/[/bold]

    [bold]kbvr export --help[/bold] tells everything else.
    """


app.add_typer(models_app, name="models")


@app.command()
def export(
    photos: Photos,
    stereo: Stereo = False,
    out: Out = Path(),
    layout: Layout = "sbs",
    overwrite: Overwrite = False,
    max_size: MaxSize = "1920x1080",
    fov: Fov = None,
    fill: Fill = "auto",
    path: CameraPath = "swing",
    seconds: Seconds = 6.0,
    fps: Fps = 25.0,
    depth: DepthFile = None,
    depth_kind: DepthKind = None,
    depth_model: DepthModel = "auto",
    depth_quality: DepthQualityOption = "good",
    near: Near = None,
    baseline: Baseline = None,
    convergence: Convergence = None,
    budget: Budget = 3.0,
    threads: Threads = None,
    explain: Explain = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> int:
    """Write a stereo video of each photo, seen from a camera that moves a little.

    The video of cat.jpg is called cat_kbvr_LR.mp4: players see from the name, too, that it is stereo.

    Example: [bold]kbvr export --stereo cat.jpg -o out/[/bold]

    Several at once, with half the usual depth: [bold]kbvr export holiday/*.jpg -o out/ --budget 1.5[/bold]
    """
    from kbvr.cli.export import ExportRequest, run_export
    from kbvr.pipeline import ExportOptions

    _refuse_unclear_depth(len(photos), depth, depth_kind)
    del stereo  # the only kind of output so far, so it is meant whether it is named or not
    options = ExportOptions(
        layout=layout,
        path=path,
        seconds=seconds,
        fps=fps,
        max_size_px=_size_px(max_size),
        fov_deg=fov,
        depth_file=depth,
        depth_kind=depth_kind,
        baseline_m=None if baseline is None else baseline / 1000,
        convergence_m=convergence,
        budget=budget / 100,
        near_m=near,
        depth_model=depth_model,
        depth_quality=depth_quality,
        fill=fill,
        overwrite=overwrite,
        threads=threads,
    )
    return run_export(ExportRequest(tuple(photos), out, options, explain, quiet, as_json))


def _size_px(text: str) -> tuple[int, int]:
    """Return (width, height) of a text like 1920x1080."""
    size = re.fullmatch(r"([1-9]\d{0,5})[xX]([1-9]\d{0,5})", text.strip())
    if size is None:
        raise InputError(f"--max-size must be like 1920x1080, got {text!r}")
    return int(size[1]), int(size[2])


def _refuse_unclear_depth(photos: int, depth: Path | None, depth_kind: str | None) -> None:
    if depth is not None and photos > 1:
        raise InputError(f"--depth belongs to one photo, got {photos} photos")
    if depth is not None and depth_kind is None:
        raise InputError("--depth needs --depth-kind: disparity, depth-m or inverse-depth-per-m")
    if depth is None and depth_kind is not None:
        raise InputError("--depth-kind says what --depth holds, got no --depth")


def main(args: Sequence[str] | None = None) -> int:
    """Run the command line, sys.argv if none is given, and return the exit code.

    0: all is done. 1: a bug, with its traceback. 2: bad options or photos, a line each. 128 + the signal's number
    if a signal ended it: 130 after Ctrl-C.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # the terminal may lack letters of a file's name
    given = sys.argv[1:] if args is None else args
    with _warnings_logged(), signals_interrupt() as came:
        try:
            code: int = app(args if given else ["--help"], prog_name="kbvr", standalone_mode=False) or 0
        except (KeyboardInterrupt, Exception) as error:  # noqa: BLE001  bugs are raised again
            code = INTERRUPTED if came else _code_of(error)
        if code == INTERRUPTED:
            with suppress(OSError):  # the terminal may be gone
                typer.echo("kbvr: interrupted", err=True)
            return SIGNALLED + came[0] if came else INTERRUPTED
        return code


@contextmanager
def _warnings_logged() -> Iterator[None]:
    """Send what libraries warn programmers of (numpy's overflows) to `logging`, so that the terminal stays clean."""
    logging.captureWarnings(True)
    try:
        yield
    finally:
        logging.captureWarnings(False)


def _code_of(error: BaseException) -> int:
    """Return the exit code for what a command raised, a complaint told; a bug is raised again."""
    if is_interruption(error):
        return INTERRUPTED
    if isinstance(error, typer.TyperException):
        return _bad_call(f"{error.format_message()} (--help tells what there is)")
    if isinstance(error, KbvrError):
        return _bad_call(str(error))
    raise error


def _bad_call(complaint: str) -> int:
    typer.echo(f"kbvr: {' '.join(complaint.split())}", err=True)
    return BAD_CALL
