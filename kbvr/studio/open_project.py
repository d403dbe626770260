"""A project that people work on: a small copy of its photo and depth in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import RLock
from typing import Protocol

from kbvr.depth.depth_map import DepthMap, seen_through
from kbvr.depth.scene_depth import scene_depth_of
from kbvr.errors import InputError
from kbvr.formats.packing.rivalry import best_method
from kbvr.motion.consequences import Landmarks
from kbvr.photo.photo import Photo
from kbvr.plan.aspect import box_around_subject, cropped_around_subject

MAX_GROUNDS = 4
"""Aspect ratios whose plans are quick at the same time."""


@dataclass(frozen=True, eq=False)
class Ground:
    """What the shots of a photo, or of a crop of it, are planned on."""

    photo: Photo
    depth: DepthMap
    landmarks: Landmarks
    file_size_px: tuple[int, int]
    """(width, height) of the whole picture in the photo's file."""

    crop: tuple[float, float, float, float] | None = None
    """Left, top, width and height of the crop, as shares of the whole photo; None for the whole photo."""

    shear: tuple[float, float] = (0.0, 0.0)
    """x and y of the crop's optical axis in the whole photo's axes, per metre of depth."""


class Editor(Protocol):
    """What mends a depth."""

    def flush(self) -> None:
        """Write the depth to the project's folder, if it has changed; OutputError if it cannot be written."""

    def close(self) -> None:
        """Write it, and end."""


class OpenProject:
    """The working copy of a project. Threads that read several of its parts hold `lock`."""

    def __init__(
        self,
        folder: Path,
        photo: Photo,
        depth: DepthMap,
        *,
        automatic_depth: DepthMap | None = None,
        is_mended: bool = False,
        options: Callable[[], Mapping[str, str]],
        depth_changed: Callable[[], None],
    ) -> None:
        self.lock = RLock()
        self.folder = folder
        self._photo = photo
        self._depth = depth
        self._automatic_depth = depth if automatic_depth is None else automatic_depth
        self._is_mended = is_mended
        self._options = options
        self._depth_changed = depth_changed
        self._depth_revision = 1
        self.editor: Editor | None = None
        """What mends the depth, once somebody has begun to."""
        self._grounds: dict[tuple[float, float] | None, Ground] = {}
        self._methods: dict[tuple[tuple[float, float] | None, str], str] = {}

    @property
    def photo(self) -> Photo:
        """The photo, at most a million pixels, with the focal length of its depth."""
        return seen_through(self._photo, self._depth)

    @property
    def depth(self) -> DepthMap:
        """The depth of the photo, placed in metres, of the photo's size."""
        return self._depth

    @property
    def automatic_depth(self) -> DepthMap:
        """The estimated depth, of the photo's size."""
        return self._automatic_depth

    @property
    def depth_revision(self) -> int:
        """Number of changes of the depth, from 1; it starts again when the project is opened again."""
        return self._depth_revision

    @property
    def is_mended(self) -> bool:
        """Whether the depth is not the estimated one."""
        return self._is_mended

    @property
    def options(self) -> Mapping[str, str]:
        """Options that differ from their defaults, as texts by their Python names."""
        return self._options()

    def set_depth(self, depth: DepthMap, *, is_mended: bool = True) -> None:
        """Replace the depth; the scene is made again when nothing has changed for a moment.

        `is_mended` is False if it is the automatic one again.

        Raises:
            InputError: if it is not of the photo's size.
        """
        if depth.inverse_depth.shape != self._depth.inverse_depth.shape:
            expected, got = self._depth.inverse_depth.shape, depth.inverse_depth.shape
            raise InputError(f"expected a depth map of shape {expected}, got {got}")
        with self.lock:
            self._depth = depth
            self._is_mended = is_mended
            self._depth_revision += 1
            self._grounds.clear()
        self._depth_changed()

    def renew(self, photo: Photo, depth: DepthMap, automatic_depth: DepthMap) -> None:
        """Replace the photo, which may have another focal length, and its depths."""
        with self.lock:
            self._photo, self._automatic_depth = photo, automatic_depth
            self.set_depth(depth, is_mended=self._is_mended)

    def anaglyph_method(self, aspect: tuple[float, float] | None, glasses: str) -> str:
        """Return the anaglyph method that suits the photo, or the crop of it with an aspect ratio.

        Raises:
            InputError: if the photo has no such crop.
        """
        method = self._methods.get((aspect, glasses))
        if method is None:
            method = self._methods[aspect, glasses] = best_method(self.ground(aspect).photo.rgb, glasses)
        return method

    def ground(self, aspect: tuple[float, float] | None) -> Ground:
        """Return what shots are planned on at an aspect ratio; None for that of the photo."""
        with self.lock:
            ground, photo, depth = self._grounds.get(aspect), self.photo, self._depth
        if ground is not None:
            return ground
        ground = _ground_of(photo, depth, aspect)  # without the lock, which strokes of a brush wait for
        with self.lock:
            if self._depth is depth:
                self._grounds[aspect] = ground
                if len(self._grounds) > MAX_GROUNDS:
                    del self._grounds[next(iter(self._grounds))]
        return ground


def _ground_of(photo: Photo, depth: DepthMap, aspect: tuple[float, float] | None) -> Ground:
    file_size_px = photo.file_size_px
    if aspect is None:
        return Ground(photo, depth, Landmarks(scene_depth_of(depth), photo.rgb), file_size_px)
    cropped, cropped_depth, subject = cropped_around_subject(photo, depth, aspect)
    landmarks = Landmarks(scene_depth_of(cropped_depth), cropped.rgb, subject)
    (x, y, crop_width, crop_height), _ = box_around_subject(photo, depth, aspect)
    width, height = photo.size_px
    crop = x / width, y / height, crop_width / width, crop_height / height
    shear = (x + (crop_width - width) / 2) / photo.f_px, (y + (crop_height - height) / 2) / photo.f_px
    return Ground(cropped, cropped_depth, landmarks, file_size_px, crop, shear)
