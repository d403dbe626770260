"""The second view of a photo: what the other eye, or another step to the side, has seen."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from kbvr.errors import InputError, OptionText, verbatim
from kbvr.photo.decode import DecodedPhoto
from kbvr.photo.decoding_process import decoded_photo
from kbvr.photo.pair_layout import PAIR_SOURCES, PairLayout, PairSource, StatedLayout
from kbvr.photo.picture_file import display_name

_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class SecondView:
    """A picture of what a photo shows, taken from a little to the side."""

    rgb: UInt8[np.ndarray, "H W 3"] = field(repr=False)
    """Upright sRGB; read-only. It covers about the photo's field of view, at any size."""

    source: str
    """Where it comes from, in words."""

    def within_px(self, max_px: int) -> SecondView:
        """Return the view, shrunk if its long side is above a limit."""
        from kbvr.imaging.resize import shrunk

        rgb = shrunk(self.rgb, max_px)
        rgb.flags.writeable = False
        return replace(self, rgb=rgb)


def with_second_view(
    decoded: DecodedPhoto,
    path: str | os.PathLike[str],
    source: PairSource | Path,
    probable: PairLayout | None,
    max_bytes: int | None,
) -> tuple[DecodedPhoto, SecondView | None]:
    """Return the left view of a decoded photo and the other one, or the photo as it is and None.

    `probable` is the layout that the file's name means; it counts if the halves show the same thing.

    Raises:
        InputError: if the source is an unknown word, or the file of the second view cannot be used.
    """
    if isinstance(source, Path) and not source.suffix and not source.exists():
        raise InputError(f"expected a pair of {', '.join(PAIR_SOURCES)} or a file, got {display_name(source)!r}")
    if isinstance(source, Path):
        return decoded, _view(decoded_photo(source, max_bytes).rgb, display_name(source.name))
    if source not in PAIR_SOURCES:
        raise InputError(f"expected a pair of {', '.join(PAIR_SOURCES)} or a file, got {source!r}")
    if source == "none":
        return decoded, None
    if decoded.second is not None and source in ("auto", "mpo"):
        return decoded, _view(decoded.second, "the second picture of its MPO")
    if source == "mpo":
        _log.warning("%s: it holds no second picture of its size: used as a single photo", display_name(path))
        return decoded, None
    layout: StatedLayout | None = source if source != "auto" else decoded.layout or _checked(decoded, probable, path)
    if layout is None or min(decoded.rgb.shape[:2]) < 2:
        return decoded, None
    from kbvr.photo import halves

    first, second = halves.split(decoded.rgb, layout)
    return _first_view(decoded, first), _view(second, f"in the same picture, {layout}")


def _checked(decoded: DecodedPhoto, probable: PairLayout | None, path: str | os.PathLike[str]) -> PairLayout | None:
    """Return a layout that a name means if the picture confirms it; warn of what else it looks like."""
    from kbvr.photo import halves

    if probable is None and Path(path).suffix.lower() == ".jps":
        probable = "cross"
    if probable is not None:
        if halves.are_alike(decoded.rgb, probable):
            return probable
        name = verbatim(display_name(path))
        why = f"its name means a pair ({probable}), but its halves do not show the same thing"
        _log.warning(OptionText(f"{name}: {why}: used as a single photo; {{pair}} {probable} takes it as a pair"))
        return None
    found = halves.probable_layout(decoded.rgb)
    if found is not None:
        name = verbatim(display_name(path))
        _log.warning(OptionText(f"{name}: its halves look like the views of two eyes: if so, use {{pair}} {found}"))
    return None


def _first_view(decoded: DecodedPhoto, rgb: UInt8[np.ndarray, "H W 3"]) -> DecodedPhoto:
    full_px = decoded.reduced_from
    if full_px is not None:
        width, height = (
            round(view * full / whole)
            for view, full, whole in zip(rgb.shape[1::-1], full_px, decoded.rgb.shape[1::-1], strict=True)
        )
        full_px = width, height
    return replace(decoded, rgb=rgb, reduced_from=full_px, depth=None)


def _view(rgb: UInt8[np.ndarray, "H W 3"], source: str) -> SecondView:
    rgb.flags.writeable = False
    return SecondView(rgb, source)
