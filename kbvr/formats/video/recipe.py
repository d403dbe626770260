"""The recipe of a video: codec, container, frame rate, and the stereo and VR180 metadata."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import atan, degrees
from pathlib import Path

from kbvr.errors import InputError
from kbvr.formats.packing.layouts import PACKINGS
from kbvr.formats.spec.codecs import CODECS, CONTAINERS, USUAL_QUALITY, Codec, codec_of
from kbvr.formats.spec.format import Facts, Item
from kbvr.formats.video.mp4_boxes import apple_boxes, full_box, half_sphere_box
from kbvr.formats.video.stereo_metadata import STEREO_TAGS, WEBM_MODES, packing_sei
from kbvr.motion.easing import MAX_FPS, MIN_FPS
from kbvr.options.export_options import FileOptions
from kbvr.photo.credits import Credits

MIN_SIDE_PX = 16
NTSC_FPS = tuple(Fraction(whole * 1000, 1001) for whole in (24, 30, 48, 60, 120))
"""Frame rates of NTSC television, written as 23.976, 29.97, 59.94 and so on."""
EQUIRECTANGULAR_PART, HALF_EQUIRECTANGULAR = 2, 3
"""FFmpeg's projections: a part of a sphere (from the box sv3d), and a half sphere (from Apple's vexu)."""


@dataclass(frozen=True)
class Recipe:
    """All settings of a video."""

    name: str
    """A name of CODECS."""

    container: str
    crf: float
    rate: Fraction
    """Frames per second."""

    size_px: tuple[int, int]
    stereo_mode: str | None
    """FFmpeg's name of Matroska's StereoMode; None if the container does not support it."""

    sei: bytes | None
    """The message on the packing that is added to key frames."""

    boxes: bytes
    """The boxes that are added to an MP4's sample entry."""

    credits: Credits
    """What is known about the photo."""

    expected_packing: tuple[int, bool] | None
    """The packing as FFmpeg should report it; see `VideoFacts.stereo_packing`."""

    expected_projection: int | None
    """The projection as FFmpeg should report it; see `VideoFacts.spherical`."""

    @property
    def codec(self) -> Codec:
        """The codec."""
        return CODECS[self.name]


def check_video(view_px: tuple[int, int], item: Item, options: FileOptions) -> None:
    """Check that a video can show views of this (width, height); see `Format.check`."""
    packing = PACKINGS[item.packing]
    size_px = packing.size_px(packing.even_view_px(view_px))
    size = f"{view_px[0]}x{view_px[1]}"
    if min(size_px[0] // packing.columns, size_px[1] // packing.rows) < MIN_SIDE_PX:
        raise InputError(f"expected views of at least {MIN_SIDE_PX} px each way in video, got {size} as {item.packing}")
    setting = "VR180 size" if item.format == "vr180-video" else "maximum size"
    codec_of(options.codec, container_of(item.path), size_px, f"views of {size} as {item.packing}", setting=setting)


def container_of(path: Path) -> str:
    """Return the container that a file's name stands for.

    Raises:
        InputError: if it is none of CONTAINERS.
    """
    container = path.suffix.lower().removeprefix(".")
    if container not in CONTAINERS:
        raise InputError(f"expected a video file that ends in .{', .'.join(CONTAINERS)}, got {path.name}")
    return container


def exact_rate(fps: float) -> Fraction:
    """Return a frame rate as a fraction: the rate of NTSC_FPS within 0.005, else the nearest simple fraction.

    Raises:
        InputError: if it is out of range.
    """
    if not MIN_FPS <= fps <= MAX_FPS:
        raise InputError(f"expected a frame rate of {MIN_FPS:g} to {MAX_FPS:g} per second, got {fps}")
    ntsc = (rate for rate in NTSC_FPS if abs(fps - rate) <= 0.005)
    return next(ntsc, Fraction(fps).limit_denominator(1001))


def recipe_of(
    container: str,
    rate: Fraction,
    size_px: tuple[int, int],
    item: Item,
    facts: Facts,
    options: FileOptions,
    projection: str,
) -> Recipe:
    """Return the recipe of a video of pictures of this (width, height); `projection` is `flat` or `vr180`.

    Raises:
        InputError: if no codec supports the size or the container.
    """
    name = codec_of(options.codec, container, size_px, "these views")
    tag = STEREO_TAGS.get(item.packing)
    in_mp4 = container == "mp4"
    sei = None if tag is None else packing_sei(name, tag)
    boxes = full_box(b"st3d", bytes([tag.st3d])) if in_mp4 and tag and tag.st3d is not None else b""
    if in_mp4 and projection == "vr180":
        boxes += half_sphere_box()
    expected_projection = EQUIRECTANGULAR_PART if in_mp4 and projection == "vr180" else None
    if in_mp4 and name == "hevc" and tag and tag.pkin and facts.baseline_m:
        view_width = size_px[0] / PACKINGS[item.packing].columns * PACKINGS[item.packing].squeezed[0]
        fov_deg = 180.0 if projection == "vr180" else degrees(2 * atan(view_width / 2 / facts.f_px))
        kind = b"hequ" if projection == "vr180" else None
        expected_projection = expected_projection and HALF_EQUIRECTANGULAR
        boxes += b"".join(
            apple_boxes(tag.pkin, kind, right_first=tag.right_first, baseline_m=facts.baseline_m, fov_deg=fov_deg)
        )
    stereo_mode = tag.matroska if tag and not in_mp4 and (container == "mkv" or tag.matroska in WEBM_MODES) else None
    is_tagged = tag is not None and bool(sei or stereo_mode or (boxes and not tag.right_first))
    return Recipe(
        name=name,
        container=container,
        crf=CODECS[name].crf_of(USUAL_QUALITY if options.quality is None else options.quality),
        rate=rate,
        size_px=size_px,
        stereo_mode=stereo_mode,
        sei=sei,
        boxes=boxes,
        credits=facts.credits,
        expected_packing=(tag.ffmpeg, tag.right_first) if tag and is_tagged else None,
        expected_projection=expected_projection,
    )
