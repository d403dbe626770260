"""The whole product on one page: one photo in, one stereo video out.

load_photo -> estimate_depth or a depth file -> build_scene (split, fill, mattes, mesh)
           -> moves_along a path -> plan_rig -> two cameras a frame -> render -> write
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import UInt8

from kbvr.camera import Camera, fov_deg_from_f_px
from kbvr.depth import DEFAULT_NEAR_M, DepthMap, estimate_depth, place
from kbvr.depth_file import DepthKind, load_inverse_depth
from kbvr.depth_model import depth_network
from kbvr.errors import InputError
from kbvr.fill import best_filler, filler_named
from kbvr.formats import load_writer
from kbvr.network_depth import DEPTH_QUALITIES
from kbvr.output import refuse_taken
from kbvr.paths import PATH_NAMES, PATH_SHARE, Move, moves_along, view_of
from kbvr.photo import GUESSED_FOV_DEG, Photo, load_photo
from kbvr.render import Renderer
from kbvr.scene import Scene, build_scene, reach_m_for
from kbvr.stereo import (
    DEFAULT_BUDGET,
    MAX_PARALLAX_DEG,
    MAX_SPREAD_SHARE,
    Rig,
    eye_pair,
    largest_budget,
    plan_rig,
)
from kbvr.stopwatch import Stopwatch

if TYPE_CHECKING:
    from kbvr.formats.sbs_video import Layout, VideoSummary

Picture = UInt8[np.ndarray, "H W 3"]

Progress = Callable[[str, int, int], None]
"""Told of a stage's name, what is done of it, and how much there is in all."""

MAX_BUDGET = 0.15

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ExportOptions:
    """What may be chosen for a stereo video; every default makes a good one."""

    layout: Layout = "sbs"
    path: str = "swing"
    seconds: float = 6.0
    fps: float = 25.0
    max_size_px: tuple[int, int] = (1920, 1080)
    """Largest (width, height) per eye; the photo's own size is never exceeded."""

    fov_deg: float | None = None
    depth_file: Path | None = None
    depth_kind: DepthKind | None = None
    baseline_m: float | None = None
    convergence_m: float | None = None
    budget: float = DEFAULT_BUDGET
    """Parallax range from nearest to farthest, as a share of the width."""

    near_m: float | None = None
    depth_model: str | Path = "auto"
    """`auto`, a name or an ONNX file that `kbvr.depth_model.depth_network` takes."""

    depth_quality: str = "good"
    fill: str | Path = "auto"
    """`auto`, a name or an ONNX file that `kbvr.fill.filler_named` takes."""

    overwrite: bool = False
    threads: int | None = None

    def __post_init__(self) -> None:
        """Check every range before any work.

        Raises:
            InputError: if a value is out of its range, or only one of depth_file and depth_kind is given.
        """
        checks = (
            (self.path in PATH_NAMES, f"path must be one of {', '.join(PATH_NAMES)}, got {self.path!r}"),
            (self.layout in ("sbs", "sbs-half"), f"layout must be sbs or sbs-half, got {self.layout!r}"),
            (0.1 <= self.seconds <= 600, f"the length must be 0.1 to 600 seconds, got {self.seconds}"),
            (1 <= self.fps <= 240, f"the frame rate must be 1 to 240 per second, got {self.fps}"),
            (
                min(self.max_size_px) >= 16,
                f"the size per eye must be 16x16 or more, got {'x'.join(map(str, self.max_size_px))}",
            ),
            (
                0 < self.budget <= MAX_BUDGET,
                f"the budget must be above 0 and at most 15%, got {self.budget:.3%}",
            ),
            (self.threads is None or self.threads >= 1, f"threads must be at least 1, got {self.threads}"),
            (
                self.depth_quality in DEPTH_QUALITIES,
                f"the depth quality must be one of {', '.join(DEPTH_QUALITIES)}, got {self.depth_quality!r}",
            ),
            ((self.depth_file is None) == (self.depth_kind is None), "a depth file and its kind go together"),
            (
                self.depth_file is None or str(self.depth_model) == "auto",
                f"a depth file takes the place of a network, got both {self.depth_file} and {self.depth_model}",
            ),
        )
        for good, message in checks:
            if not good:
                raise InputError(message)
        for what, value, least, most, unit in (
            ("field of view", self.fov_deg, 1, 170, "degrees"),
            ("baseline", self.baseline_m, 0.0001, 1000, "metres"),
            ("distance of the screen plane", self.convergence_m, 0.01, 1e5, "metres"),
            ("nearest distance", self.near_m, 0.01, 1e4, "metres"),
        ):
            if value is not None and not least <= value <= most:
                raise InputError(f"the {what} must be {least:g} to {most:g} {unit}, got {value:g}")


@dataclass(frozen=True)
class ExportReport:
    """What was written for one photo, and what was chosen on the way."""

    photo: str
    video: VideoSummary
    stereo: dict[str, float]
    """Baseline and convergence in metres, and the parallax of nearest and farthest in output pixels and degrees."""

    explanation: tuple[str, ...]
    seconds: dict[str, float]
    """Time that each stage took. Inside `video`, `render` (all threads added up) and `encode` overlap."""


def export(
    photo: str | PathLike[str],
    out: str | PathLike[str] = ".",
    *,
    stereo: bool = True,
    progress: Progress | None = None,
    **options: Any,
) -> ExportReport:
    """Make a stereo video of one photo in the folder `out`; the other options are those of `ExportOptions`.

    Raises:
        InputError: if the photo or an option cannot be used, or no kind of output is wanted.
        OutputError: if the video exists and may not be overwritten, or cannot be written.
    """
    if not stereo:
        raise InputError("at least one kind of output must be wanted, got stereo=False and no other")
    unknown = set(options) - {field.name for field in fields(ExportOptions)}
    if unknown:
        raise InputError(f"options must be fields of ExportOptions, got {', '.join(sorted(unknown))}")
    return export_photo(Path(photo), Path(out), ExportOptions(**options), progress=progress)


def export_photo(
    photo_path: Path, out_dir: Path, options: ExportOptions, *, progress: Progress | None = None
) -> ExportReport:
    """Make a stereo video of one photo and return what was done.

    Raises:
        InputError: if the photo or the depth file cannot be used.
        OutputError: if the video exists and may not be overwritten, or cannot be written.
    """
    from kbvr.formats.sbs_video import check_eye_size, video_name

    told = progress or _untold
    clock = Stopwatch()
    filler = filler_named(options.fill, threads=options.threads)
    if options.depth_file is None:
        depth_network(options.depth_model, threads=options.threads)  # what is not there is told before any work
    target = out_dir / video_name(photo_path.stem, options.layout)
    refuse_taken(target, overwrite=options.overwrite)
    with clock.stage("load"):
        photo = load_photo(photo_path, fov_deg=options.fov_deg)
    if photo.f_source == "guess":
        _log.warning(
            "the photo does not say its focal length: a field of view of %g degrees is assumed (--fov)",
            GUESSED_FOV_DEG,
        )
    size_px = output_size_px(photo.size_px, options.max_size_px)
    check_eye_size(size_px, options.layout)
    told("depth", 0, 1)
    with clock.stage("depth"):
        depth = depth_for(photo, options)
    told("depth", 1, 1)
    told("layers", 0, 1)
    with clock.stage("scene"):
        scene = build_scene(photo, depth, reach_m=reach_m(depth, size_px, options), filler=filler)
    told("layers", 1, 1)
    view = view_of(scene, size_px)
    moves = moves_along(options.path, scene, frames=max(1, round(options.seconds * options.fps)))
    rig = plan_rig(
        scene,
        view,
        budget=options.budget,
        baseline_m=options.baseline_m,
        convergence_m=options.convergence_m,
        forward_m=max(move.z_m for move in moves),
    )
    with clock.stage("video"):
        density = view.f_px * moves[0].zoom / scene.camera.f_px
        with Renderer(scene, pixels_per_photo_px=density, threads=options.threads) as renderer:
            video = load_writer("sbs-video")(
                _pairs(renderer, view, rig, moves),
                target,
                fps=options.fps,
                layout=options.layout,
                overwrite=options.overwrite,
                on_frame=lambda done: told("video", done, len(moves)),
            )
    busy = {"render": renderer.busy_s, "encode": video.encode_s}
    return ExportReport(
        photo=str(photo_path),
        video=video,
        stereo={name: float(value) for name, value in vars(rig).items() if not isinstance(value, bool)},
        explanation=explain(photo, depth, scene, rig, options),
        seconds=clock.seconds | busy,
    )


def depth_for(photo: Photo, options: ExportOptions) -> DepthMap:
    """Return the depth of a photo: from the options' file, else estimated."""
    near_m = options.near_m if options.near_m is not None else DEFAULT_NEAR_M
    if options.depth_file is None or options.depth_kind is None:
        depth = estimate_depth(
            photo,
            model=options.depth_model,
            near_m=near_m,
            quality=options.depth_quality,
            threads=options.threads,
        )
        if depth.metric and options.near_m is not None:
            _log.warning("the nearest distance is not used: %s gives metres already", depth.network)
        return depth
    inverse_depth, metric = load_inverse_depth(options.depth_file, photo.size_px, kind=options.depth_kind)
    if metric and options.near_m is not None:
        _log.warning("the nearest distance is not used: the depth file is in metres already")
    if metric:
        return DepthMap(inverse_depth, photo.f_px, metric=True)
    return place(inverse_depth, None, photo, near_m=near_m)


def output_size_px(photo_size_px: tuple[int, int], max_size_px: tuple[int, int]) -> tuple[int, int]:
    """Return the size per eye: the photo's shape, within the largest size, never above its own, even both ways."""
    scale = min(1.0, *(most / own for most, own in zip(max_size_px, photo_size_px, strict=True)))
    width, height = (max(2, int(own * scale + 1e-6) // 2 * 2) for own in photo_size_px)
    return width, height


def explain(photo: Photo, depth: DepthMap, scene: Scene, rig: Rig, options: ExportOptions) -> tuple[str, ...]:
    """Return every choice that was made for a photo, a line each."""
    width, height = photo.size_px
    fov_deg = fov_deg_from_f_px(photo.f_px, max(width, height))
    nearest, farthest = (_metres(d) for d in (scene.nearest_inverse_depth, scene.farthest_inverse_depth))
    origin = f"by {depth.network}" if depth.network else "from the file"
    placed = f"placed to look believable, as the depth {origin} is relative"
    source = f"measured, {origin}" if depth.metric else placed
    hidden = float(scene.ldi.fill_mask.mean())
    parallax = (
        f"{rig.nearest_parallax_px:+.1f} px ({rig.nearest_parallax_deg:+.2f} degrees) at the nearest, "
        f"{rig.farthest_parallax_px:+.1f} px ({rig.farthest_parallax_deg:+.2f} degrees) at the farthest"
    )
    chosen_by = f"the budget is {options.budget:.1%} of the width"
    if options.baseline_m is not None:
        chosen_by = "the baseline was given"
    elif rig.held_by_angle:
        chosen_by += f", held to {MAX_PARALLAX_DEG:g} degree each way"
    made = f"made for moves of {scene.reach_m * 1000:.0f} mm, {hidden:.1%} of it hidden and filled"
    return (
        f"photo: {width}x{height}, focal length {photo.f_px:.0f} px ({fov_deg:.1f} degrees across, {photo.f_source})",
        f"depth: nearest {nearest}, farthest {farthest}; {source}",
        f"eyes: {rig.baseline_m * 1000:.1f} mm apart, screen plane at {_metres(1 / rig.convergence_m)}",
        f"parallax: {parallax}; {chosen_by}",
        f"fill: {best_filler() if str(options.fill) == 'auto' else options.fill}",
        f"path: {options.path}; the scene is {made}, {len(scene.quads)} quads",
    )


def _untold(stage: str, done: int, total: int) -> None:
    """Report progress to nobody."""


def _metres(inverse_depth: float) -> str:
    return "infinity" if inverse_depth < 1e-4 else f"{1 / inverse_depth:.3g} m"


def reach_m(depth: DepthMap, size_px: tuple[int, int], options: ExportOptions) -> float:
    """Return how far the cameras of an export will go sideways, in metres."""
    largest_eye_m = reach_m_for(depth, MAX_SPREAD_SHARE / 2)
    share = min(options.budget, largest_budget(size_px)) / 2
    eye_m = reach_m_for(depth, share) if options.baseline_m is None else min(options.baseline_m / 2, largest_eye_m)
    return eye_m + reach_m_for(depth, PATH_SHARE[options.path])


def _pairs(renderer: Renderer, view: Camera, rig: Rig, moves: list[Move]) -> Iterator[tuple[Picture, Picture]]:
    cameras = (eye for move in moves for eye in eye_pair(move.camera(view), rig, move))
    frames = renderer.frames(cameras)
    return zip(frames, frames, strict=True)
