"""Video codecs: what each fits into, how large its pictures may be, and how good they are made."""

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
    """One kind of video."""

    says: str
    """What people call it."""

    encoder: str
    """FFmpeg's name."""

    containers: tuple[str, ...]
    """Those that players read it from, the usual one first."""

    crf: float
    """Constant rate factor of the usual quality; lower is better."""

    crf_per_point: float
    """By how much it falls with each point of quality."""

    crf_per_halving: float
    """About how much more of it makes half a file."""

    worst_crf: float
    crf_digits: int
    options: Mapping[str, str]
    """The encoder's, for speed and silence."""

    max_side_px: int = 8192
    """Decoders in hardware stop here."""

    max_px: int = LEVEL_6_2_PX
    min_side_px: int = 16
    tags: Mapping[str, str] = field(default_factory=dict)
    """Container -> sample entry, where FFmpeg's own choice is one that players of Apple refuse."""

    def crf_of(self, quality: float) -> float:
        """Return the rate factor of a quality from 1 to 100; USUAL_QUALITY is `crf`."""
        crf = self.crf + (USUAL_QUALITY - quality) * self.crf_per_point
        return round(min(crf, self.worst_crf), self.crf_digits)

    def holds(self, size_px: tuple[int, int]) -> bool:
        """Tell whether pictures may be of this (width, height)."""
        return (
            min(size_px) >= self.min_side_px
            and max(size_px) <= self.max_side_px
            and size_px[0] * size_px[1] <= self.max_px
        )


CODECS: Mapping[str, Codec] = MappingProxyType(
    {
        "h264": Codec("H.264", "libx264", ("mp4", "mkv"), 18, 0.4, 6, 51, 1, {"preset": "veryfast"}, 4096, 4096 * 4096),
        "hevc": Codec(
            "HEVC",
            "libx265",
            ("mp4", "mkv"),
            20,
            0.4,
            6,
            51,
            1,
            # Weighted prediction is for fades, which these films have not; with it x265 4.2 makes several videos of the
            # same pictures if they are one row of blocks (64 px) high.
            {"preset": "veryfast", "x265-params": "log-level=error:weightp=0"},
            min_side_px=64,  # its encoder refuses 30x6000, and writes past its memory at 48x32 and 48x64
            tags={"mp4": "hvc1"},
        ),
        "av1": Codec(
            "AV1",
            "libsvtav1",
            ("mp4", "mkv", "webm"),
            24,
            0.6,
            9,
            63,
            0,
            {"preset": "8"},
            min_side_px=64,  # its encoder hangs on 1024x16
        ),
        "vp9": Codec(
            "VP9",
            "libvpx-vp9",
            ("webm", "mkv", "mp4"),
            24,
            0.6,
            9,
            63,
            0,
            {"b": "0", "deadline": "good", "cpu-used": "5", "row-mt": "1"},
        ),
    }
)
"""Name -> codec, those first that more players know."""

CONTAINERS = ("mp4", "mkv", "webm")


def x264_options() -> Mapping[str, str]:
    """Return what x264 is told so that the same pictures give the same file.

    With AVX-512 its macroblock tree takes eight macroblocks of a row at once, and does not stop at the row's end: what
    memory held before decides on quality, unless pictures are a multiple of 128 px wide (x264 core 165, common/x86,
    mbtree_propagate_list_internal_avx512). With AVX2 it stops there.
    """
    return {"x264-params": "asm=avx2"} if "v4" in variants() else {}


def container_of(codec: str, container: str) -> str:
    """Return the container that is meant; either may be `auto`.

    Raises:
        InputError: if they do not go together.
    """
    if codec == "auto":
        return "mp4" if container == "auto" else container
    fitting = CODECS[codec].containers
    if container not in ("auto", *fitting):
        raise InputError(f"{CODECS[codec].says} video goes into {' or '.join(fitting)}, got the container {container}")
    return fitting[0] if container == "auto" else container


def codec_of(codec: str, container: str, size_px: tuple[int, int], what: str, *, sized_by: str = "--max-size") -> str:
    """Return the codec that is meant for pictures of this (width, height); auto takes the first that holds them.

    `what` is what makes such pictures, `sized_by` the option that makes them smaller.

    Raises:
        InputError: if none does, or if codec and container do not go together.
    """
    container_of(codec, container)
    possible = [name for name, one in CODECS.items() if container in one.containers and codec in ("auto", name)]
    if container == "webm" and codec == "auto":
        possible.remove("av1")  # Safari plays it on few machines only
    for name in possible:
        if CODECS[name].holds(size_px):
            return name
    best = CODECS[possible[-1]]
    limits = f"{best.min_side_px} to {best.max_side_px} px wide and high"
    if best.max_px < best.max_side_px**2:
        limits += f" and at most {best.max_px / 1e6:.1f} million px in all"
    remedy = f"choose another {sized_by}" + (" or --codec hevc" if codec == "h264" else "")
    raise InputError(f"{best.says} video is {limits}, but {what} make {size_px[0]}x{size_px[1]}: {remedy}")
