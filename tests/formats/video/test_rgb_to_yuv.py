"""Pictures for video encoders: BT.709 in narrow range, as its formulas say."""

from __future__ import annotations

import numpy as np
import pytest

from kbvr.formats.video import write_video as video
from kbvr.native import library as compiled


def slow_yuv(rgb: np.ndarray) -> np.ndarray:
    """Return Y, then Cb, then Cr (4:2:0) as one flat array, by the formulas of BT.709 in floating point."""
    red, green, blue = np.moveaxis(rgb.astype(np.float64), 2, 0)
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    planes = [16 + 219 / 255 * y]
    for colour, span in ((blue, 1.8556), (red, 1.5748)):
        full = 128 + 224 / 255 * (colour - y) / span
        planes.append((full[::2, ::2] + full[::2, 1::2] + full[1::2, ::2] + full[1::2, 1::2]) / 4)
    return np.concatenate([plane.ravel() for plane in planes])


def random_picture(width: int, height: int) -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize(("width", "height"), [(2, 2), (258, 6), (600, 34)])
def test_the_kernel_agrees_with_a_slow_literal_version(width, height):
    """Within rounding, for widths that are no multiple of anything, strided planes included."""
    rgb = random_picture(width, height)
    assert np.abs(video._yuv(rgb).to_ndarray().ravel() - slow_yuv(rgb)).max() <= 0.51


@pytest.mark.parametrize(("colour", "y"), [((0, 0, 0), 16), ((255, 255, 255), 235)])
def test_black_and_white_are_the_ends_of_the_narrow_range(colour, y):
    frame = video._yuv(np.full((4, 4, 3), colour, np.uint8))
    planes = frame.to_ndarray()
    assert (planes[:4] == y).all()
    assert (planes[4:] == 128).all()
    assert (frame.colorspace, frame.color_range) == (video.BT709, video.TV_RANGE)


def test_every_instruction_set_gives_the_same_bytes(monkeypatch):
    rgb = random_picture(322, 18)
    found = []
    for variant in compiled.variants():
        monkeypatch.setattr(video, "kernel", lambda variant=variant: compiled._load(variant))
        found.append(video._yuv(rgb).to_ndarray())
    assert found
    assert all((planes == found[0]).all() for planes in found)


def test_pictures_side_by_side_are_the_same_as_one_picture():
    """For widths that are no multiple of anything, too."""
    both = random_picture(92, 10)
    assert (video._yuv(both[:, :46], both[:, 46:]).to_ndarray() == video._yuv(both).to_ndarray()).all()


def test_a_view_into_a_larger_array_is_read_correctly():
    """Its rows are not contiguous in memory."""
    rgb = random_picture(64, 16)
    part = rgb[2:12, 8:40]
    assert (video._yuv(part).to_ndarray() == video._yuv(part.copy()).to_ndarray()).all()
