"""How much memory an export takes, and how small a photo has to be made for it to take no more than it may.

The peak comes while the layers are cut and filled: a fixed part (Python, libraries, the built-in networks at work) and
so much for every pixel of the photo with its margin. Then the film is drawn: layers and depth are still there, with
textures and frames in the film's size. `python -m bench.scene` measures both; the figures here are its own and a
fifth more.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from kbvr.errors import InputError, OutOfMemoryError
from kbvr.imaging.resize import averaged, long_side_px
from kbvr.photo.decoding_memory import DECODER_BYTES, PROGRAM_BYTES
from kbvr.photo.photo import Photo
from kbvr.system.resources import format_bytes as shown_bytes
from kbvr.system.resources import has_room, processors

FIXED_BYTES = 560 * 2**20
SCENE_BYTES_A_PX = 76
"""Peak of cutting and filling, for each pixel of the photo."""

VISITED_BYTES_A_PX = 150
"""The same if triangles are made of the scene too."""

HELD_BYTES_A_PX = 44
"""Photo, depth and layers, while the film is drawn."""

FILM_BYTES_A_PX = 300
"""Textures, frames ahead and the encoder's pictures, for each pixel of the film's pictures (per eye)."""

THREAD_ADDRESS_BYTES = 72 * 2**20
"""What a thread reserves of the addresses: glibc's 64 MiB to allocate from, and its stack."""

EXTRA_THREADS = 4
"""So many more threads than processors work at once."""

REPEATS_BYTES = 256 * 2**20
"""At most so much is kept of pictures that a film shows again."""


@dataclass(frozen=True)
class MemoryUse:
    """About how much memory an export takes."""

    bytes: int
    most_bytes: int
    larger_px: tuple[int, int] | None
    """(width, height) that the photo had before it was made smaller for that; None if it was not."""

    def line(self) -> str:
        """Return it in words."""
        told = f"memory: about {shown_bytes(self.bytes)} of {shown_bytes(self.most_bytes)}"
        if self.larger_px is None:
            return told
        return f"{told}, for which the photo of {_size(self.larger_px)} was made smaller"


def export_bytes(photo_size_px: tuple[int, int], film_size_px: tuple[int, int], *, is_visited: bool = False) -> int:
    """Return about how much memory the export of a photo of this size takes at most; film sizes are per eye.

    A scene that is visited becomes triangles.
    """
    photo_px, film_px = (width * height for width, height in (photo_size_px, film_size_px))
    scene = (VISITED_BYTES_A_PX if is_visited else SCENE_BYTES_A_PX) * photo_px
    return FIXED_BYTES + DECODER_BYTES + max(scene, HELD_BYTES_A_PX * photo_px + FILM_BYTES_A_PX * film_px)


def repeats_bytes(photo_size_px: tuple[int, int], film_size_px: tuple[int, int], max_bytes: int | None) -> int:
    """Return how much may be kept of pictures that a film shows again: what the rest of the export leaves."""
    if max_bytes is None:
        return REPEATS_BYTES
    return min(REPEATS_BYTES, max(0, max_bytes - export_bytes(photo_size_px, film_size_px)))


def within_memory(
    photo: Photo, film_size_px: tuple[int, int], max_bytes: int | None, *, is_visited: bool = False
) -> tuple[Photo, MemoryUse | None]:
    """Return the photo, made smaller if its export would take too much memory, and how much it takes within a limit.

    It is never made smaller than the film's pictures.

    Raises:
        InputError: if even that would take too much.
    """
    if max_bytes is None:
        return photo, None
    size = photo.size_px
    least = export_bytes(film_size_px, film_size_px, is_visited=is_visited)
    if least > max_bytes:
        needed = f"takes about {shown_bytes(least)} of memory, more than {shown_bytes(max_bytes)}"
        raise InputError(f"a film of {_size(film_size_px)} {needed}")
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
    """Check that this process can get the memory of an export, and the addresses that its threads reserve beside it.

    Libraries that run out of memory may end the process, or write of anything else but that: so it is not left to them.

    Raises:
        OutOfMemoryError: if it cannot.
    """
    needed = export_bytes(photo_size_px, film_size_px, is_visited=is_visited) - PROGRAM_BYTES - DECODER_BYTES
    addresses = needed + THREAD_ADDRESS_BYTES * (processors() + EXTRA_THREADS)
    if has_room(needed) and has_room(addresses, for_addresses=True):
        return
    film = "" if film_size_px == (1, 1) else f" in a film of {_size(film_size_px)}"
    raise OutOfMemoryError(
        f"a photo of {_size(photo_size_px)} pixels{film} takes about {shown_bytes(needed)} more memory, and "
        f"{shown_bytes(addresses)} of address space, which this process cannot get; a smaller photo, less memory "
        "(max_memory_bytes) or a higher limit (ulimit -v) would help"
    )


def within_px(photo: Photo, most_px: int) -> Photo:
    """Return the photo, made smaller if its long side has more than so many pixels."""
    return photo if max(photo.size_px) <= most_px else _resized(photo, long_side_px(photo.size_px, most_px))


def _resized(photo: Photo, size_px: tuple[int, int]) -> Photo:
    rgb = averaged(photo.rgb, size_px)
    rgb.flags.writeable = False
    return replace(photo, rgb=rgb, f_px=photo.f_px * size_px[0] / photo.size_px[0], decoded_from=None)


def _scaled(size_px: tuple[int, int], scale: float, least_px: tuple[int, int]) -> tuple[int, int]:
    width, height = (max(round(side * scale), least) for side, least in zip(size_px, least_px, strict=True))
    return width, height


def _size(size_px: tuple[int, int]) -> str:
    return f"{size_px[0]}x{size_px[1]}"
