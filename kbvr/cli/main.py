"""The commands and their options. Nothing heavy is loaded before a command has been understood."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from kbvr.cli.doctor import doctor
from kbvr.cli.flags import (
    Alt,
    Anaglyph,
    AnaglyphColours,
    AnimateAs,
    Aperture,
    AsJson,
    AutostereogramPattern,
    Baseline,
    Budget,
    CameraPath,
    CodecOption,
    ComfortReport,
    Compress,
    ContainerOption,
    Convergence,
    DepthFile,
    DepthKind,
    DepthMapKind,
    DepthModel,
    DepthQualityOption,
    DeviceOption,
    EaseOption,
    Embed,
    Explain,
    EyeHeight,
    Fill,
    Focus,
    Fov,
    Fps,
    FromCrop,
    Glasses,
    Gltf,
    Html,
    Ipd,
    KenBurns,
    KeyframesFile,
    Layout,
    Loop,
    MaxKb,
    MaxMb,
    MaxMemory,
    MaxParallax,
    MaxSize,
    NameFor,
    Near,
    Obj,
    Out,
    Overwrite,
    Period,
    Photos,
    PictureKind,
    Ply,
    Profile,
    Projection,
    Pull,
    Quality,
    Quiet,
    QuiltFor,
    ScreenOption,
    Seconds,
    Segmentation,
    Shift,
    Softness,
    Splats,
    StepsOption,
    Stereo,
    Still,
    SubjectDistance,
    Surround,
    Texture,
    Threads,
    ToCrop,
    Triangles,
    Usdz,
    Views,
    Vignette,
    Vr180Size,
    Wiggle,
    Window,
    Zoom,
    crop_of,
    focus_of,
    size_px_of,
    steps_of,
)
from kbvr.cli.formats import formats
from kbvr.cli.interruption import INTERRUPTED, is_interruption, signals_interrupt
from kbvr.cli.models import app as models_app
from kbvr.cli.printing import complain, explained
from kbvr.cli.streams import dependable_streams
from kbvr.cli.view import view
from kbvr.errors import InputError, OutOfMemoryError
from kbvr.photo import decoders
from kbvr.system.resources import has_room, processors, shown_bytes

BAD_CALL = 2

LIBRARY_ADDRESS_BYTES, LIBRARY_THREAD_ADDRESS_BYTES, MOST_LIBRARY_THREADS = 770 * 10**6, 180 * 10**6, 64
"""Addresses that the libraries take when they are loaded, and for each further thread of OpenBLAS (loaded twice)."""

app = typer.Typer(
    name="kbvr",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


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
    """Turn one photo into a stereo video for a VR headset or a 3D screen, or into a plain video of a moving camera.

    Example: [bold]kbvr export --stereo photo.jpg -o out/[/bold]

    [bold]kbvr export --help[/bold] tells everything else.
    """


app.add_typer(models_app, name="models")
app.command()(doctor)
app.command()(formats)
app.command()(view)


@app.command()
def export(
    photos: Photos,
    stereo: Stereo = False,
    kenburns: KenBurns = False,
    still: Still = None,
    depth_map: DepthMapKind = None,
    wiggle: Wiggle = False,
    anaglyph: Anaglyph = False,
    gltf: Gltf = False,
    html: Html = False,
    embed: Embed = False,
    ply: Ply = False,
    obj: Obj = False,
    usdz: Usdz = False,
    splats: Splats = False,
    profile: Profile = "layers",
    out: Out = Path(),
    layout: Layout = "sbs",
    glasses: Glasses = "red-cyan",
    anaglyph_colours: AnaglyphColours = "dubois",
    picture: PictureKind = None,
    quality: Quality = None,
    quilt_for: QuiltFor = "portrait",
    autostereogram_pattern: AutostereogramPattern = "dots",
    animate_as: AnimateAs = "gif,webp,avif,mp4",
    views: Views = None,
    period: Period = None,
    max_kb: MaxKb = None,
    alt: Alt = None,
    texture: Texture = "webp",
    compress: Compress = "none",
    triangles: Triangles = 150_000,
    surround: Surround = "dome",
    eye_height: EyeHeight = 1.6,
    codec: CodecOption = "auto",
    container: ContainerOption = "auto",
    max_mb: MaxMb = None,
    projection: Projection = "flat",
    vr180_px: Vr180Size = 2048,
    name_for: NameFor = "any",
    overwrite: Overwrite = False,
    max_size: MaxSize = None,
    fov: Fov = None,
    focus: Focus = None,
    aperture: Aperture = None,
    vignette: Vignette = 0.0,
    fill: Fill = "auto",
    path: CameraPath = None,
    seconds: Seconds = None,
    fps: Fps = 25.0,
    ease: EaseOption = None,
    loop: Loop = None,
    steps: StepsOption = None,
    from_crop: FromCrop = None,
    to_crop: ToCrop = None,
    shift: Shift = None,
    zoom: Zoom = None,
    keyframes: KeyframesFile = None,
    depth: DepthFile = None,
    depth_kind: DepthKind = None,
    depth_model: DepthModel = "auto",
    depth_quality: DepthQualityOption = "good",
    pull: Pull = False,
    segmentation: Segmentation = None,
    softness: Softness = None,
    near: Near = None,
    subject_distance: SubjectDistance = None,
    baseline: Baseline = None,
    convergence: Convergence = None,
    budget: Budget = None,
    screen: ScreenOption = "tv",
    ipd: Ipd = 63.0,
    max_parallax: MaxParallax = 1.0,
    window: Window = "none",
    comfort: ComfortReport = None,
    threads: Threads = None,
    max_memory: MaxMemory = None,
    device: DeviceOption = "auto",
    explain: Explain = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> int:
    """Write a stereo video of each photo, or a plain one, seen from a camera that moves; or stereo pictures.

    The stereo video of cat.jpg is called cat_kbvr_LR.mp4, for players look at the name; the plain one cat_kbvr.mp4.

    Example: [bold]kbvr export --stereo cat.jpg -o out/[/bold]

    Loops for a blog, with the HTML to paste: [bold]kbvr export --wiggle cat.jpg -o out/[/bold]

    A slow zoom: [bold]kbvr export --kenburns cat.jpg -o out/[/bold]

    A scene for a headset, and a page to look about in it: [bold]kbvr export --gltf --html cat.jpg -o out/[/bold]

    Pictures for a 3D viewer and for coloured glasses: [bold]kbvr export --still mpo,anaglyph cat.jpg -o out/[/bold]

    Several at once, with half the usual depth: [bold]kbvr export holiday/*.jpg -o out/ --budget 1.5[/bold]
    """
    _refuse_too_few_addresses()
    decoders.warm_up()
    from kbvr.cli.export import ExportRequest, run_export
    from kbvr.motion.ken_burns import DEFAULT_SHIFT_PX, DEFAULT_ZOOM
    from kbvr.plan.memory_budget import bytes_of
    from kbvr.plan.options import ExportOptions, outputs_at_rest

    _refuse_unclear_depth(len(photos), depth, depth_kind)
    named = {
        "stereo": stereo,
        "kenburns": kenburns,
        "wiggle": wiggle,
        "anaglyph": anaglyph,
        "gltf": gltf,
        "html": html,
        "embed": embed,
        "ply": ply,
        "obj": obj,
        "usdz": usdz,
        "splats": splats,
    }
    wanted = (*(name for name, asked in named.items() if asked), *outputs_at_rest(still, depth_map))
    options = ExportOptions(
        outputs=wanted or ("stereo",),
        profile=profile,
        layout=layout,
        glasses=glasses,
        anaglyph_colours=anaglyph_colours,
        still=still,
        picture=picture,
        quality=quality,
        quilt_for=quilt_for,
        autostereogram_pattern=autostereogram_pattern,
        depth_map=depth_map,
        animate_as=animate_as,
        views=views,
        period_s=period,
        max_kb=max_kb,
        alt=alt,
        texture=texture,
        compress=compress,
        triangles=triangles,
        surround=surround,
        eye_height_m=eye_height,
        codec=codec,
        container=container,
        max_mb=max_mb,
        projection=projection,
        vr180_px=vr180_px,
        name_for=name_for,
        path=path,
        seconds=seconds,
        fps=fps,
        ease=ease,
        loop=loop,
        steps=steps_of(steps),
        start_crop=crop_of(from_crop, "--from"),
        end_crop=crop_of(to_crop, "--to"),
        shift_px=DEFAULT_SHIFT_PX if shift is None else shift,
        zoom=DEFAULT_ZOOM if zoom is None else zoom,
        keyframes=keyframes,
        max_size_px=None if max_size is None else size_px_of(max_size),
        fov_deg=fov,
        focus=focus_of(focus),
        blur_share=(1.0 if focus else 0.0) / 100 if aperture is None else aperture / 100,
        vignette=vignette,
        depth_file=depth,
        depth_kind=depth_kind,
        baseline_m=None if baseline is None else baseline / 1000,
        convergence_m=convergence,
        budget=None if budget is None else budget / 100,
        screen=screen,
        ipd_m=ipd / 1000,
        max_parallax_deg=max_parallax,
        window=window,
        near_m=near,
        subject_distance_m=subject_distance,
        depth_model=depth_model,
        depth_quality=depth_quality,
        segmentation=segmentation,
        softness=softness,
        fill=fill,
        overwrite=overwrite,
        threads=threads,
        max_memory_bytes=None if max_memory is None else bytes_of(max_memory),
        device=device,
    )
    return run_export(ExportRequest(tuple(photos), out, options, explain, quiet, as_json, comfort, pull))


def _refuse_too_few_addresses() -> None:
    """Refuse a limit (`ulimit -v`) under which the libraries cannot be loaded: some of them crash where they notice."""
    threads = min(processors(), MOST_LIBRARY_THREADS)
    needed = LIBRARY_ADDRESS_BYTES + LIBRARY_THREAD_ADDRESS_BYTES * (threads - 1)
    if not has_room(needed, for_addresses=True):
        raise OutOfMemoryError(
            f"kbvr needs about {shown_bytes(needed)} of address space with {threads} processors, more than it may have "
            "here; a higher limit (ulimit -v) or fewer processors (taskset) would help"
        )


def _refuse_unclear_depth(photos: int, depth: Path | None, depth_kind: str | None) -> None:
    if depth is not None and photos > 1:
        raise InputError(f"--depth belongs to one photo, got {photos} photos")
    if depth is not None and depth_kind is None:
        raise InputError("--depth needs --depth-kind: disparity, depth-m or inverse-depth-per-m")
    if depth is None and depth_kind is not None:
        raise InputError("--depth-kind says what --depth holds, got no --depth")


def main(args: Sequence[str] | None = None) -> int:
    """Run the command line, sys.argv if none is given, and return the exit code.

    0: all is done. 1: a bug, with its traceback. 2: bad options or photos, or outputs that cannot be made while others
    are, a line each; or results that could not be printed. 128 + the signal's number if a signal ended it: 130 after
    Ctrl-C; but that is how a person ends `kbvr view`: 0. A signal ends the process from here if the command line is
    sys.argv, or if what is at work does not let go of the main thread.
    """
    given = sys.argv[1:] if args is None else args
    with dependable_streams() as lost, _warnings_logged(), signals_interrupt() as interruption:
        try:
            code: int = app(args if given else ["--help"], prog_name="kbvr", standalone_mode=False) or 0
        except (KeyboardInterrupt, Exception) as error:  # noqa: BLE001  bugs are raised again
            code = INTERRUPTED if interruption.came else _code_of(error)
        if code == INTERRUPTED:
            code = interruption.code
            interruption.tell(lambda: complain("interrupted"))
            if args is None:
                os._exit(code)  # Python would wait for threads that are still in compiled code
        return code or (BAD_CALL if lost else code)


@contextmanager
def _warnings_logged() -> Iterator[None]:
    """Keep the terminal clean of what libraries tell programmers, by warnings (numpy's overflows) and by `logging`."""
    silent = logging.NullHandler()  # where there is no handler at all, warnings go to stderr
    logging.getLogger().addHandler(silent)
    logging.captureWarnings(True)
    try:
        yield
    finally:
        logging.captureWarnings(False)
        logging.getLogger().removeHandler(silent)


def _code_of(error: BaseException) -> int:
    """Return the exit code for what a command raised, a complaint told; a bug is raised again."""
    if is_interruption(error):
        return INTERRUPTED
    if isinstance(error, typer.TyperException):
        complaint = error.format_message().replace("Value error, ", "")  # what pydantic puts before it
        return _bad_call(f"{complaint} (--help tells what there is)")
    explanation = explained(error)
    if explanation is None:
        raise error
    return _bad_call(explanation)


def _bad_call(complaint: str) -> int:
    complain(complaint)
    return BAD_CALL
