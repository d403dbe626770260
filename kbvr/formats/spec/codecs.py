"""Video codecs: containers, limits on picture size, and quality settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from kbvr.errors import InputError
from kbvr.native.library import variants

USUAL_QUALITY = 75.0
LEVEL_6_2_PX = 35_651_584
"""Largest picture of level 6.2, 8192x4352: H.265 table A.8, AV1 annex A.3, VP9's levels."""


@dataclass(frozen=True)
class Codec:
    """A video codec and its encoder's settings."""

    label: str
    """Its common name."""

    encoder: str
    """FFmpeg's name of the encoder."""

    containers: tuple[str, ...]
    """Those that players support, the default first."""

    crf: float
    """Constant rate factor at USUAL_QUALITY; lower is better."""

    crf_per_point: float
    """Decrease of the rate factor per point of quality."""

    crf_per_halving: float
    """Increase of the rate factor that halves the file, approximately."""

    worst_crf: float
    crf_digits: int
    options: Mapping[str, str]
    """Encoder options: speed and log level."""

    max_side_px: int = 8192
    """Limit of hardware decoders."""

    max_px: int = LEVEL_6_2_PX
    min_side_px: int = 16
    tags: Mapping[str, str] = field(default_factory=dict)
    """Container -> sample entry, where Apple's players refuse FFmpeg's default."""

    def crf_of(self, quality: float) -> float:
        """Return the rate factor of a quality from 1 to 100."""
        crf = self.crf + (USUAL_QUALITY - quality) * self.crf_per_point
        return round(min(crf, self.worst_crf), self.crf_digits)

    def supports(self, size_px: tuple[int, int]) -> bool:
        """Return whether the codec supports pictures of this (width, height)."""
        return (
            min(size_px) >= self.min_side_px
            and max(size_px) <= self.max_side_px
            and size_px[0] * size_px[1] <= self.max_px
        )


HEVC_OPTIONS = {"preset": "veryfast", "x265-params": "log-level=error:weightp=0"}
"""Weighted prediction is meant for fades, which these videos lack; with it x265 4.2 is not deterministic for pictures
that are one row of blocks (64 px) high."""

VP9_OPTIONS = {"b": "0", "deadline": "good", "cpu-used": "5", "row-mt": "1"}

CODECS: Mapping[str, Codec] = MappingProxyType(
    {
        "h264": Codec("H.264", "libx264", ("mp4", "mkv"), 18, 0.4, 6, 51, 1, {"preset": "veryfast"}, 4096, 4096 * 4096),
        # Its encoder refuses 30x6000, and writes past its memory at 48x32 and 48x64.
        "hevc": Codec(
            "HEVC", "libx265", ("mp4", "mkv"), 20, 0.4, 6, 51, 1, HEVC_OPTIONS, min_side_px=64, tags={"mp4": "hvc1"}
        ),
        # Its encoder hangs on 1024x16.
        "av1": Codec("AV1", "libsvtav1", ("mp4", "mkv", "webm"), 24, 0.6, 9, 63, 0, {"preset": "8"}, min_side_px=64),
        "vp9": Codec("VP9", "libvpx-vp9", ("webm", "mkv", "mp4"), 24, 0.6, 9, 63, 0, VP9_OPTIONS),
    }
)
"""Name -> codec, the most widely supported first."""

CONTAINERS = ("mp4", "mkv", "webm")


def x264_options() -> Mapping[str, str]:
    """Return the options that make x264 deterministic.

    With AVX-512 its macroblock tree processes eight macroblocks of a row at once and runs past the end of the row, so
    that uninitialised memory affects quality unless the width is a multiple of 128 px (x264 core 165, common/x86,
    mbtree_propagate_list_internal_avx512). AVX2 stops at the end.
    """
    return {"x264-params": "asm=avx2"} if "v4" in variants() else {}


def container_of(codec: str, container: str) -> str:
    """Return the container to use; either argument may be `auto`.

    Raises:
        InputError: if the container does not support the codec.
    """
    if codec == "auto":
        return "mp4" if container == "auto" else container
    supported = CODECS[codec].containers
    if container not in ("auto", *supported):
        raise InputError(f"expected the container {' or '.join(supported)} for {CODECS[codec].label}, got {container}")
    return supported[0] if container == "auto" else container


def codec_of(codec: str, container: str, size_px: tuple[int, int], what: str, *, setting: str = "maximum size") -> str:
    """Return the codec to use for pictures of this (width, height); `auto` is the first that supports them.

    Errors name the views that the pictures are made of (`what`) and the setting that changes the size.

    Raises:
        InputError: if no codec supports the size, or the container does not support the codec.
    """
    container_of(codec, container)
    candidates = [name for name, entry in CODECS.items() if container in entry.containers and codec in ("auto", name)]
    if container == "webm" and codec == "auto":
        candidates.remove("av1")  # Safari plays it on few machines only
    for name in candidates:
        if CODECS[name].supports(size_px):
            return name
    best = CODECS[candidates[-1]]
    limits = f"a width and height of {best.min_side_px} to {best.max_side_px} px"
    if best.max_px < best.max_side_px**2:
        limits += f" and at most {best.max_px / 1e6:.1f} million px in total"
    remedy = f"choose another {setting}" + (" or HEVC" if codec == "h264" else "")
    size = f"{size_px[0]}x{size_px[1]} from {what}"
    raise InputError(f"expected {limits} in {best.label} video, got {size}: {remedy}")
