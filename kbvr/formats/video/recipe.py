"""How one video is made: codec, container, rate, and what it tells players of its packing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import atan, degrees
from pathlib import Path

from kbvr.errors import InputError
from kbvr.formats.packing.layouts import PACKINGS
from kbvr.formats.spec.codecs import CODECS, CONTAINERS, USUAL_QUALITY, Codec, codec_of
from kbvr.formats.spec.encoding import credit_texts
from kbvr.formats.spec.format import Facts, Item
from kbvr.formats.video.mp4_boxes import (
    apple_boxes,
    half_sphere_box,
    stereo_box,
)
from kbvr.formats.video.stereo_metadata import STEREO_TAGS, WEBM_MODES, packing_sei
from kbvr.motion.easing import MAX_FPS, MIN_FPS
from kbvr.options.export_options import FileOptions

MIN_SIDE_PX = 16
NTSC_FPS = tuple(Fraction(whole * 1000, 1001) for whole in (24, 30, 48, 60, 120))
"""Television's rates, which people write as 23.976, 29.97, 59.94 and so on."""
EQUIRECTANGULAR_PART, HALF_EQUIRECTANGULAR = 2, 3
"""FFmpeg's numbers of a part of an equirectangular picture (from the box sv3d), and of half of one (Apple's vexu)."""


@dataclass(frozen=True)
class Recipe:
    """How one video is made."""

    name: str
    """A name of CODECS."""

    container: str
    crf: float
    rate: Fraction
    size_px: tuple[int, int]
    stereo_mode: str | None
    """FFmpeg's name of Matroska's StereoMode, if the container has it."""

    sei: bytes | None
    """What key frames tell of the packing."""

    boxes: bytes
    """What is added to an MP4's sample entry."""

    credits: Mapping[str, str]
    """What the file says of who took the photo and when."""

    stereo_read: tuple[int, bool] | None
    """What FFmpeg has to find of the packing, as `VideoFacts.stereo_packing` has it."""

    spherical_read: int | None

    @property
    def codec(self) -> Codec:
        """The codec."""
        return CODECS[self.name]


def check_video(view_px: tuple[int, int], item: Item, options: FileOptions) -> None:
    """Check that views of this (width, height) fit into a video; see `Format.check`."""
    packing = PACKINGS[item.packing]
    size_px = packing.size_px(packing.even_view_px(view_px))
    shown = f"{view_px[0]}x{view_px[1]}"
    if min(size_px[0] // packing.across, size_px[1] // packing.down) < MIN_SIDE_PX:
        raise InputError(f"a view must be {MIN_SIDE_PX} px or more each way in video, got {shown} as {item.packing}")
    sized_by = "--vr180-px" if item.format == "vr180-video" else "--max-size"
    codec_of(options.codec, container_of(item.path), size_px, f"views of {shown} as {item.packing}", sized_by=sized_by)


def container_of(path: Path) -> str:
    """Return the container that a file's name asks for."""
    container = path.suffix.lower().removeprefix(".")
    if container not in CONTAINERS:
        raise InputError(f"video goes into a file that ends in .{', .'.join(CONTAINERS)}, got {path.name}")
    return container


def checked_rate(fps: float) -> Fraction:
    """Return frames per second as the fraction that is meant: one of NTSC_FPS within 0.005, else the nearest simple."""
    if not MIN_FPS <= fps <= MAX_FPS:
        raise InputError(f"the frame rate must be {MIN_FPS:g} to {MAX_FPS:g} per second, got {fps}")
    meant = (ntsc for ntsc in NTSC_FPS if abs(fps - ntsc) <= 0.005)
    return next(meant, Fraction(fps).limit_denominator(1001))


def recipe_of(
    container: str,
    rate: Fraction,
    size_px: tuple[int, int],
    item: Item,
    facts: Facts,
    options: FileOptions,
    projection: str,
) -> Recipe:
    """Return how a video of pictures of this (width, height) is made, and what it has to say."""
    name = codec_of(options.codec, container, size_px, "these")
    tag = STEREO_TAGS.get(item.packing)
    in_mp4 = container == "mp4"
    sei = None if tag is None else packing_sei(name, tag)
    boxes = stereo_box(tag.st3d) if in_mp4 and tag and tag.st3d is not None else b""
    if in_mp4 and projection == "vr180":
        boxes += half_sphere_box()
    spherical_read = EQUIRECTANGULAR_PART if in_mp4 and projection == "vr180" else None
    if in_mp4 and name == "hevc" and tag and tag.pkin and facts.baseline_m:
        view_width = size_px[0] / PACKINGS[item.packing].across * PACKINGS[item.packing].squeezed[0]
        fov_deg = 180.0 if projection == "vr180" else degrees(2 * atan(view_width / 2 / facts.f_px))
        kind = b"hequ" if projection == "vr180" else None
        spherical_read = spherical_read and HALF_EQUIRECTANGULAR
        boxes += b"".join(
            apple_boxes(tag.pkin, kind, right_first=tag.right_first, baseline_m=facts.baseline_m, fov_deg=fov_deg)
        )
    stereo_mode = tag.matroska if tag and not in_mp4 and (container == "mkv" or tag.matroska in WEBM_MODES) else None
    told = tag is not None and bool(sei or stereo_mode or (boxes and not tag.right_first))
    return Recipe(
        name=name,
        container=container,
        crf=CODECS[name].crf_of(USUAL_QUALITY if options.quality is None else options.quality),
        rate=rate,
        size_px=size_px,
        stereo_mode=stereo_mode,
        sei=sei,
        boxes=boxes,
        credits=credit_texts(facts.credits),
        stereo_read=(tag.ffmpeg, tag.right_first) if tag and told else None,
        spherical_read=spherical_read,
    )
