"""Estimate the memory of an export, and shrink the photo to keep it within a limit.

The peak comes while the layers are split and filled: a fixed part (Python, libraries, the built-in networks) and a part
per pixel of the photo with its margin. Then the video is rendered: layers and depth are still in memory, with textures
and frames of the video's size. `python -m bench.scene` measures both; the figures here are a fifth above its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from kbvr.errors import InputError, OutOfMemoryError
from kbvr.imaging.resize import averaged, long_side_px
from kbvr.photo.decoding_memory import DECODER_BYTES, PROGRAM_BYTES
from kbvr.photo.photo import Photo
from kbvr.system.resources import format_bytes, has_room, processors

FIXED_BYTES = 560 * 2**20
SCENE_BYTES_A_PX = 76
"""Peak of splitting and filling, per pixel of the photo."""

VISITED_BYTES_A_PX = 150
"""The same if the scene becomes triangles too."""

HELD_BYTES_A_PX = 44
"""Photo, depth and layers during rendering."""

FILM_BYTES_A_PX = 300
"""Textures, queued frames and the encoder's pictures, per pixel of one eye's view."""

THREAD_ADDRESS_BYTES = 72 * 2**20
"""Address space per thread: glibc's 64 MiB arena and the stack."""

EXTRA_THREADS = 4
"""Threads beyond one per processor."""

REPEATS_BYTES = 256 * 2**20
"""Maximum for kept frames that the video shows again."""


@dataclass(frozen=True)
class MemoryUse:
    """Approximate memory of an export, and its limit."""

    bytes: int
    max_bytes: int
    original_px: tuple[int, int] | None
    """(width, height) of the photo before it was shrunk to stay within the limit; None if it was not shrunk."""

    def line(self) -> str:
        """Return the line of `--explain`."""
        use = f"memory: about {format_bytes(self.bytes)} of {format_bytes(self.max_bytes)}"
        if self.original_px is None:
            return use
        return f"{use}; the photo was shrunk from {_size(self.original_px)} to stay within the limit"


def export_bytes(photo_size_px: tuple[int, int], film_size_px: tuple[int, int], *, is_visited: bool = False) -> int:
    """Return the approximate peak memory of an export; video sizes are per eye, a visited scene becomes triangles."""
    photo_px, film_px = (width * height for width, height in (photo_size_px, film_size_px))
    scene = (VISITED_BYTES_A_PX if is_visited else SCENE_BYTES_A_PX) * photo_px
    return FIXED_BYTES + DECODER_BYTES + max(scene, HELD_BYTES_A_PX * photo_px + FILM_BYTES_A_PX * film_px)


def repeats_bytes(photo_size_px: tuple[int, int], film_size_px: tuple[int, int], max_bytes: int | None) -> int:
    """Return the memory for kept frames that a video shows again: what the rest of the export leaves of the limit."""
    if max_bytes is None:
        return REPEATS_BYTES
    return min(REPEATS_BYTES, max(0, max_bytes - export_bytes(photo_size_px, film_size_px)))


def within_memory(
    photo: Photo, film_size_px: tuple[int, int], max_bytes: int | None, *, is_visited: bool = False
) -> tuple[Photo, MemoryUse | None]:
    """Return the photo, shrunk if its export would exceed a memory limit, and the memory of the export.

    The photo is never made smaller than the video's views.

    Raises:
        InputError: if the smallest photo would still exceed the limit.
    """
    if max_bytes is None:
        return photo, None
    size = photo.size_px
    minimum = export_bytes(film_size_px, film_size_px, is_visited=is_visited)
    if minimum > max_bytes:
        needed = f"takes about {format_bytes(minimum)} of memory, more than {format_bytes(max_bytes)}"
        raise InputError(f"an output of {_size(film_size_px)} {needed}")
    scale = 1.0
    while export_bytes(_scaled(size, scale, film_size_px), film_size_px, is_visited=is_visited) > max_bytes:
        scale *= 0.98
    small = _scaled(size, scale, film_size_px)
    use = MemoryUse(
        export_bytes(small, film_size_px, is_visited=is_visited), max_bytes, None if small == size else size
    )
    return (photo if small == size else _resized(photo, small)), use


def refuse_without_room(
    photo_size_px: tuple[int, int], film_size_px: tuple[int, int], *, is_visited: bool = False
) -> None:
    """Check that this process can get the memory of an export and the address space of its threads.

    This is checked in advance because libraries that run out of memory may crash or report something else.

    Raises:
        OutOfMemoryError: if it cannot.
    """
    needed = export_bytes(photo_size_px, film_size_px, is_visited=is_visited) - PROGRAM_BYTES - DECODER_BYTES
    addresses = needed + THREAD_ADDRESS_BYTES * (processors() + EXTRA_THREADS)
    if has_room(needed) and has_room(addresses, for_addresses=True):
        return
    film = "" if film_size_px == (1, 1) else f" with an output of {_size(film_size_px)}"
    raise OutOfMemoryError(
        f"a photo of {_size(photo_size_px)} pixels{film} takes about {format_bytes(needed)} more memory and "
        f"{format_bytes(addresses)} of address space, which this process cannot get; use a smaller photo, set a memory "
        "limit for the export, or raise the limit of the process (ulimit -v)"
    )


def within_px(photo: Photo, max_px: int) -> Photo:
    """Return the photo, shrunk if its long side is above a limit."""
    return photo if max(photo.size_px) <= max_px else _resized(photo, long_side_px(photo.size_px, max_px))


def _resized(photo: Photo, size_px: tuple[int, int]) -> Photo:
    rgb = averaged(photo.rgb, size_px)
    rgb.flags.writeable = False
    view = photo.second_view and photo.second_view.within_px(max(size_px))
    f_px = photo.f_px * size_px[0] / photo.size_px[0]
    return replace(photo, rgb=rgb, f_px=f_px, decoded_from=None, second_view=view)


def _scaled(size_px: tuple[int, int], scale: float, min_px: tuple[int, int]) -> tuple[int, int]:
    width, height = (max(round(side * scale), minimum) for side, minimum in zip(size_px, min_px, strict=True))
    return width, height


def _size(size_px: tuple[int, int]) -> str:
    return f"{size_px[0]}x{size_px[1]}"
