"""Repair a scan of an old print: crop and straighten it, and fill scratches, dust, folds and torn corners."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Float64

from kbvr.imaging.array_types import Mask, Picture
from kbvr.imaging.tiling import padded_square, squares
from kbvr.inpaint.patches import patches
from kbvr.photo.photo import MIN_SIDE_PX, Photo
from kbvr.photo.second_view import SecondView
from kbvr.repair.border import Crop, picture_in_scan
from kbvr.repair.damage import damage_of

SAME_LEVELS = 12
"""Pixels that the fill would change by no more than this were not damaged."""

SQUARE_PX, PADDING_PX = 512, 160
"""Damage is filled square by square, from what is in the square and this far around it."""

MAX_BORDERS_APART = 0.15
"""By how much, in sides of a scan, the pictures in both views of a stereo print may differ in size."""


def repaired(photo: Photo, *, device: str = "auto", threads: int | None = None) -> Photo:
    """Return a photo without its print's border and damage; notes say what was done.

    A print without either keeps its pixels. The field of view along the long side stays. The depth in the file of a
    print that is cropped, which shows a sheet of paper, goes. The second view of a stereo print is repaired, too. A 360
    photo is never cropped.
    """
    notes: list[str] = []
    crop = picture_in_scan(photo.rgb) if photo.around is None else None
    if crop is not None and min(crop.size_px) >= MIN_SIDE_PX:
        photo = _cropped(photo, crop)
        notes.append(_crop_note(photo, crop))
    rgb = _mended(photo.rgb, device, threads)
    changed = float((rgb != photo.rgb).any(axis=2).mean())
    if changed:
        notes.append(f"damage filled in on {changed:.2%} of it")
        photo = replace(photo, rgb=rgb)
    if photo.second_view is not None:
        view = replace(photo.second_view, rgb=_mended(photo.second_view.rgb, device, threads))
        photo = replace(photo, second_view=view)
    if not notes:
        notes.append("no damage and no border found, so nothing is repaired")
    return replace(photo, notes=(*photo.notes, *notes))


def _mended(rgb: Picture, device: str, threads: int | None) -> Picture:
    """Return a picture without its damage: itself if there is none."""
    hole = damage_of(rgb, device=device, threads=threads)
    if not hole.any() or hole.all():
        return rgb
    done = filled(rgb, hole)
    done.flags.writeable = False
    return done


def filled(rgb: Picture, hole: Mask) -> Picture:
    """Return a picture whose damage is filled from what is around it, except where that is what was there."""
    done = rgb.copy()
    for y, x in squares(hole, side_px=SQUARE_PX):
        square, padded, inside = padded_square(y, x, side_px=SQUARE_PX, padding_px=PADDING_PX)
        near = np.ascontiguousarray(hole[padded])
        flat = np.zeros(near.shape, np.float32)
        part = patches(np.ascontiguousarray(rgb[padded]), flat, hole=near, source=~near)[0][inside]
        is_other = np.abs(part.astype(np.int16) - rgb[square]).max(axis=2) > SAME_LEVELS
        done[square] = np.where(is_other[..., None], part, rgb[square])
    return done


def _cropped(photo: Photo, crop: Crop) -> Photo:
    rgb = crop.of(photo.rgb)
    rgb.flags.writeable = False
    f_px = photo.f_px * max(crop.size_px) / max(photo.size_px)
    decoded_from = None
    if photo.decoded_from is not None:
        width, height = (
            round(side * whole / seen)
            for side, whole, seen in zip(crop.size_px, photo.decoded_from, photo.size_px, strict=True)
        )
        decoded_from = (width, height)
    view = photo.second_view and _second_cropped(photo.second_view, photo, crop)
    return replace(photo, rgb=rgb, f_px=f_px, decoded_from=decoded_from, embedded_depth=None, second_view=view)


def _second_cropped(view: SecondView, photo: Photo, crop: Crop) -> SecondView:
    """Return a second view without its border; if it seems to have none, as the photo is cropped."""
    own = picture_in_scan(view.rgb)
    size_px = view.rgb.shape[1::-1]
    if own is not None and _are_near(np.divide(own.size_px, size_px), np.divide(crop.size_px, photo.size_px)):
        crop = own
    elif size_px != photo.size_px:
        return view
    rgb = crop.of(view.rgb)
    rgb.flags.writeable = False
    return replace(view, rgb=rgb)


def _are_near(first: Float64[np.ndarray, "2"], second: Float64[np.ndarray, "2"]) -> bool:
    return bool(np.abs(first - second).max() < MAX_BORDERS_APART)


def _crop_note(photo: Photo, crop: Crop) -> str:
    width, height = photo.size_px
    turned = crop.turned_deg
    way = "clockwise" if turned > 0 else "anticlockwise"
    straightened = f", which was turned by {abs(turned):.1f} degrees {way}" if turned else ""
    return f"cropped to the print's picture of {width}x{height}{straightened}"
