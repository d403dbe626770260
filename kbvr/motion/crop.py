"""The parts of the photo between which a Ken Burns move goes."""

from __future__ import annotations

from dataclasses import dataclass

from kbvr.errors import InputError

DEFAULT_ZOOM = 1.25
DEFAULT_SHIFT_PX = 100.0


@dataclass(frozen=True)
class Crop:
    """A part of the photo: left, top, width and height, in pixels of the photo or in percent of it."""

    x: float
    y: float
    width: float
    height: float
    percent: bool = False

    def in_percent_of(self, size_px: tuple[int, int]) -> Crop:
        """Return the crop in percent of a photo of this size, so that it stays valid when the photo is resized.

        Raises:
            InputError: if the crop is empty or not inside the photo.
        """
        self.framed(size_px)
        if self.percent:
            return self
        across, down = 100 / size_px[0], 100 / size_px[1]
        return Crop(self.x * across, self.y * down, self.width * across, self.height * down, percent=True)

    def framed(self, size_px: tuple[int, int]) -> Framing:
        """Return the smallest framing of the photo's shape that contains the crop and is inside the photo.

        Raises:
            InputError: if the crop is empty or not inside the photo.
        """
        full_width, full_height = size_px
        across, down = (full_width / 100, full_height / 100) if self.percent else (1.0, 1.0)
        left, top, width, height = self.x * across, self.y * down, self.width * across, self.height * down
        fits = left >= 0 and top >= 0 and left + width <= full_width + 1e-6 and top + height <= full_height + 1e-6
        if not (fits and width > 0 and height > 0):
            unit = "%" if self.percent else " px"
            raise InputError(
                f"expected a crop inside the photo, which is {full_width}x{full_height}, "
                f"got {self.x:g},{self.y:g},{self.width:g},{self.height:g}{unit}"
            )
        share = min(1.0, max(width / full_width, height / full_height))
        u = min(max(left + width / 2, share * full_width / 2), full_width - share * full_width / 2)
        v = min(max(top + height / 2, share * full_height / 2), full_height - share * full_height / 2)
        return Framing(u - full_width / 2, v - full_height / 2, share)


@dataclass(frozen=True)
class Framing:
    """A crop of the photo's shape: its centre relative to the photo's centre, and its share of the width."""

    u_px: float
    v_px: float
    share: float
