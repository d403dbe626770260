"""What can be asked for of a photo, and which files that makes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from kbvr.formats import Item
from kbvr.formats.choices import names_in
from kbvr.formats.packings import PACKINGS
from kbvr.options import ExportOptions

VIDEO_WITHIN_PX = (1920, 1080)
LOOP_WITHIN_PX = (720, 720)
"""The column of a blog."""

ANIMATION_FORMATS: Mapping[str, str] = MappingProxyType({"gif": "gif", "webp": "webp", "avif": "avif", "mp4": "clip"})
"""Name of `kbvr.formats.choices.ANIMATIONS`, which is its suffix too -> format."""

NAME_ENDINGS: Mapping[str, str] = MappingProxyType(
    {
        "mono": "_kbvr_mono",
        "left": "_kbvr_left",
        "right": "_kbvr_right",
        "sbs": "_kbvr_LR",
        "sbs-half": "_kbvr_LR_HSBS",
        "tb": "_kbvr_TB",
        "tb-half": "_kbvr_TB_HOU",
        "cross": "_kbvr_RL",
        "rows": "_kbvr_rows",
        "columns": "_kbvr_columns",
        "checkerboard": "_kbvr_checkerboard",
        "anaglyph": "_kbvr_anaglyph",
    }
)
"""Packing of a stereo video -> how its name ends, which is what players look at: SKYBOX and others know LR (left and
right side by side), TB (top and bottom), HSBS and HOU (each squeezed)."""


@dataclass(frozen=True)
class OutputKind:
    """One thing that can be asked for."""

    says: str
    files: Callable[[ExportOptions], list[tuple[str, str, str]]]
    """Format, packing and the end of the name of every file."""

    within_px: tuple[int, int]
    """Largest (width, height) of a view if nothing is said of it."""


def _stereo_files(options: ExportOptions) -> list[tuple[str, str, str]]:
    named = names_in(options.layout)
    layouts = [one for layout in named for one in (("left", "right") if layout == "left-right" else (layout,))]
    return [("video", layout, f"{NAME_ENDINGS[layout]}.mp4") for layout in layouts]


def _kenburns_files(_options: ExportOptions) -> list[tuple[str, str, str]]:
    return [("video", "mono", "_kbvr.mp4")]


def _wiggle_files(options: ExportOptions) -> list[tuple[str, str, str]]:
    return _loop_files("mono", "_kbvr_wiggle", options)


def _anaglyph_files(options: ExportOptions) -> list[tuple[str, str, str]]:
    return _loop_files("anaglyph", "_kbvr_moving_anaglyph", options)


def _loop_files(packing: str, ending: str, options: ExportOptions) -> list[tuple[str, str, str]]:
    loops = [(ANIMATION_FORMATS[kind], packing, f"{ending}.{kind}") for kind in names_in(options.animate_as)]
    return [*loops, ("poster", packing, f"{ending}.jpg"), ("snippet", packing, f"{ending}.html")]


KINDS: Mapping[str, OutputKind] = MappingProxyType(
    {
        "stereo": OutputKind("a video for two eyes", _stereo_files, VIDEO_WITHIN_PX),
        "kenburns": OutputKind("a plain video of a moving camera", _kenburns_files, VIDEO_WITHIN_PX),
        "wiggle": OutputKind("a loop for web pages that shows depth without glasses", _wiggle_files, LOOP_WITHIN_PX),
        "anaglyph": OutputKind("a loop for web pages and coloured glasses", _anaglyph_files, LOOP_WITHIN_PX),
    }
)
"""Name of `kbvr.options.OUTPUTS` -> what it is."""


def items_of(output: str, stem: str, out_dir: Path, options: ExportOptions) -> tuple[Item, ...]:
    """Return the files that an output makes of a photo of this name."""
    return tuple(
        Item(form, out_dir / f"{stem}{ending}", packing) for form, packing, ending in KINDS[output].files(options)
    )


def views_of(items: tuple[Item, ...]) -> int:
    """Return how many views an instant of these files has."""
    return max(PACKINGS[item.packing].views for item in items)


def view_size_px(output: str, photo_size_px: tuple[int, int], options: ExportOptions) -> tuple[int, int]:
    """Return a view's size: the photo's shape, within the largest size, never above its own, even both ways."""
    most_px = options.max_size_px or KINDS[output].within_px
    scale = min(1.0, *(most / own for most, own in zip(most_px, photo_size_px, strict=True)))
    width, height = (max(2, int(own * scale + 1e-6) // 2 * 2) for own in photo_size_px)
    return width, height
