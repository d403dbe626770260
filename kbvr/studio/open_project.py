"""A project that people work on: a small copy of its photo and depth in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from threading import RLock

from kbvr.depth.depth_map import DepthMap, seen_through
from kbvr.depth.scene_depth import scene_depth_of
from kbvr.errors import InputError
from kbvr.motion.consequences import Landmarks
from kbvr.photo.photo import Photo


class OpenProject:
    """The working copy of a project. Threads that read several of its parts hold `lock`."""

    def __init__(
        self,
        folder: Path,
        photo: Photo,
        depth: DepthMap,
        *,
        is_mended: bool,
        options: Callable[[], Mapping[str, str]],
        depth_changed: Callable[[], None],
    ) -> None:
        self.lock = RLock()
        self.folder = folder
        self._photo = photo
        self._depth = depth
        self._is_mended = is_mended
        self._options = options
        self._depth_changed = depth_changed
        self._depth_revision = 1
        self._landmarks: Landmarks | None = None

    @property
    def photo(self) -> Photo:
        """The photo, at most a million pixels, with the focal length of its depth."""
        return seen_through(self._photo, self._depth)

    @property
    def depth(self) -> DepthMap:
        """The depth of the photo, placed in metres, of the photo's size."""
        return self._depth

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
            self._landmarks = None
        self._depth_changed()

    @property
    def landmarks(self) -> Landmarks:
        """What moves are planned for, of the current depth."""
        with self.lock:
            if self._landmarks is None:
                self._landmarks = Landmarks(scene_depth_of(self._depth), self._photo.rgb)
            return self._landmarks
