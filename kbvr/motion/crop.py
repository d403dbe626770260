"""Parts of the photo that a Ken Burns move goes between."""

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
        """Return the same crop of a photo of this size in percent, which stays true when the photo is made smaller.

        Raises:
            InputError: if it is empty or leaves the photo.
        """
        self.framed(size_px)
        if self.percent:
            return self
        across, down = 100 / size_px[0], 100 / size_px[1]
        return Crop(self.x * across, self.y * down, self.width * across, self.height * down, percent=True)

    def framed(self, size_px: tuple[int, int]) -> Framing:
        """Return the smallest framing of the photo's own shape that shows the whole crop and stays inside the photo.

        Raises:
            InputError: if the crop is empty or leaves the photo.
        """
        wide, high = size_px
        across, down = (wide / 100, high / 100) if self.percent else (1.0, 1.0)
        left, top, width, height = self.x * across, self.y * down, self.width * across, self.height * down
        fits = left >= 0 and top >= 0 and left + width <= wide + 1e-6 and top + height <= high + 1e-6
        if not (fits and width > 0 and height > 0):
            unit = "%" if self.percent else " px"
            raise InputError(
                f"a crop must lie inside the photo, which is {wide}x{high}, "
                f"got {self.x:g},{self.y:g},{self.width:g},{self.height:g}{unit}"
            )
        share = min(1.0, max(width / wide, height / high))
        u = min(max(left + width / 2, share * wide / 2), wide - share * wide / 2)
        v = min(max(top + height / 2, share * high / 2), high - share * high / 2)
        return Framing(u - wide / 2, v - high / 2, share)


@dataclass(frozen=True)
class Framing:
    """A crop of the photo's own shape: its centre from the photo's centre, in pixels, and its share of the width."""

    u_px: float
    v_px: float
    share: float

    @property
    def centre_px(self) -> tuple[float, float]:
        """The centre."""
        return self.u_px, self.v_px
