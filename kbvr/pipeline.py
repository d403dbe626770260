"""The whole product on one page: one photo in, stereo and plain videos out.

load_photo -> the profile's depth -> surroundings_of -> planned films (moves along a path, a rig of two eyes) -> the
profile's drawing (split, fill, mattes, mesh, for what the moves can see) -> one or two cameras a frame -> write
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, fields
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kbvr.camera import Camera
from kbvr.errors import InputError
from kbvr.explanation import explain
from kbvr.films import Film, cameras_of, planned, sources_within
from kbvr.formats import load_writer
from kbvr.memory import repeats_bytes, within_memory
from kbvr.options import OUTPUTS, ExportOptions
from kbvr.output import refuse_taken
from kbvr.paths import check_keyframes, view_of
from kbvr.photo import GUESSED_FOV_DEG, load_photo
from kbvr.profiles import Drawing, profile_of
from kbvr.repeats import drawn_frames
from kbvr.stopwatch import Stopwatch
from kbvr.surroundings import surroundings_of

if TYPE_CHECKING:
    from kbvr.formats.video import VideoSummary

Progress = Callable[[str, int, int], None]
"""Told of a stage's name, what is done of it, and how much there is in all."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Written:
    """One video that was written."""

    output: str
    video: VideoSummary


@dataclass(frozen=True)
class ExportReport:
    """What was written for one photo, and what was chosen on the way."""

    photo: str
    written: tuple[Written, ...]
    stereo: dict[str, float]
    """Baseline and convergence in metres, and the parallax of nearest and farthest in output pixels and degrees; empty
    if nothing in stereo was written."""

    explanation: tuple[str, ...]
    seconds: dict[str, float]
    """Time that each stage took. Inside `video`, `render` (all threads added up) and `encode` overlap."""

    @property
    def video(self) -> VideoSummary:
        """The first video that was written."""
        return self.written[0].video


def export(
    photo: str | PathLike[str],
    out: str | PathLike[str] = ".",
    *,
    stereo: bool | None = None,
    kenburns: bool = False,
    progress: Progress | None = None,
    **options: Any,
) -> ExportReport:
    """Make a stereo video, or a plain one (kenburns), or both, of one photo in the folder `out`.

    A stereo video is made if nothing else is wanted; the other options are those of `ExportOptions`.

    Raises:
        InputError: if the photo or an option cannot be used, or no kind of output is wanted.
        OutputError: if a video exists and may not be overwritten, or cannot be written.
    """
    wanted = {"stereo": not kenburns if stereo is None else stereo, "kenburns": kenburns}
    unknown = set(options) - ({field.name for field in fields(ExportOptions) if field.init} - {"outputs"})
    if unknown:
        raise InputError(f"options must be fields of ExportOptions, got {', '.join(sorted(unknown))}")
    outputs = tuple(output for output in OUTPUTS if wanted[output])
    if not outputs:
        raise InputError("at least one kind of output must be wanted, got stereo=False and no other")
    return export_photo(Path(photo), Path(out), ExportOptions(outputs=outputs, **options), progress=progress)


def export_photo(
    photo_path: Path, out_dir: Path, options: ExportOptions, *, progress: Progress | None = None
) -> ExportReport:
    """Make the videos of one photo and return what was done.

    Raises:
        InputError: if the photo or the depth file cannot be used.
        OutputError: if a video exists and may not be overwritten, or cannot be written.
    """
    told = progress or _untold
    clock = Stopwatch()
    for path in options.paths.values():
        check_keyframes(path)
    profile = profile_of(options)
    targets = {output: out_dir / _file_name(output, photo_path.stem, options) for output in options.outputs}
    for target in targets.values():
        refuse_taken(target, overwrite=options.overwrite)
    with clock.stage("load"):
        photo = load_photo(photo_path, fov_deg=options.fov_deg)
    if photo.f_source == "guess":
        _log.warning(
            "the photo does not say its focal length: a field of view of %g degrees is assumed (--fov)",
            GUESSED_FOV_DEG,
        )
    size_px = output_size_px(photo.size_px, options.max_size_px)
    for output in options.outputs:
        _check_size(output, size_px, options)
    options = options.for_photo(photo.size_px)
    photo, said_of_memory = within_memory(photo, size_px, options.max_memory_bytes)
    told("depth", 0, 1)
    with clock.stage("depth"):
        depth = profile.depth(photo)
    told("depth", 1, 1)
    around = surroundings_of(depth)
    view = view_of(around, size_px)
    films = [planned(output, target, around, view, options) for output, target in targets.items()]
    told("layers", 0, 1)
    with clock.stage("scene"):
        drawing, said = profile.drawing(photo, depth, films, around, view)
    told("layers", 1, 1)
    with clock.stage("video"), drawing:
        kept_bytes = repeats_bytes(photo.size_px, size_px, options.max_memory_bytes)
        sources = [sources_within(film, size_px, kept_bytes) for film in films]
        written = _written(films, sources, drawing, view, options, told)
    rig = next((film.rig for film in films if film.rig), None)
    busy = {"render": drawing.busy_s, "encode": sum(one.video.encode_s for one in written)}
    return ExportReport(
        photo=str(photo_path),
        written=written,
        stereo={name: float(value) for name, value in vars(rig).items() if not isinstance(value, bool)} if rig else {},
        explanation=explain(photo, depth, around, films, (*said, *said_of_memory), options),
        seconds=clock.seconds | busy,
    )


def output_size_px(photo_size_px: tuple[int, int], max_size_px: tuple[int, int]) -> tuple[int, int]:
    """Return the size per eye: the photo's shape, within the largest size, never above its own, even both ways."""
    scale = min(1.0, *(most / own for most, own in zip(max_size_px, photo_size_px, strict=True)))
    width, height = (max(2, int(own * scale + 1e-6) // 2 * 2) for own in photo_size_px)
    return width, height


def _untold(stage: str, done: int, total: int) -> None:
    """Report progress to nobody."""


def _file_name(output: str, stem: str, options: ExportOptions) -> str:
    from kbvr.formats.mono_video import mono_video_name
    from kbvr.formats.sbs_video import video_name

    return video_name(stem, options.layout) if output == "stereo" else mono_video_name(stem)


def _check_size(output: str, size_px: tuple[int, int], options: ExportOptions) -> None:
    from kbvr.formats.mono_video import check_mono_size
    from kbvr.formats.sbs_video import check_eye_size

    if output == "stereo":
        check_eye_size(size_px, options.layout)
    else:
        check_mono_size(size_px)


def _written(
    films: list[Film],
    sources: list[list[int]],
    drawing: Drawing,
    view: Camera,
    options: ExportOptions,
    told: Progress,
) -> tuple[Written, ...]:
    """Draw the films one after the other, what comes again only once, and write them as they come."""
    drawn = [drawn_frames(own) for own in sources]
    total = sum(map(len, drawn))
    written: list[Written] = []
    for film, own, frames in zip(films, sources, drawn, strict=True):
        before = sum(map(len, drawn[: len(written)]))

        def on_frame(done: int, before: int = before) -> None:
            told("video", before + done, total)

        common: dict[str, Any] = {
            "fps": options.fps,
            "overwrite": options.overwrite,
            "sources": own,
            "on_frame": on_frame,
        }
        pictures = drawing.frames(cameras_of(film, view, frames))
        if film.rig is None:
            video = load_writer("mono-video")(pictures, film.target, **common)
        else:
            pairs = zip(pictures, pictures, strict=True)
            video = load_writer("sbs-video")(pairs, film.target, layout=options.layout, **common)
        written.append(Written(film.output, video))
    return tuple(written)
