"""Opening a project: its photo, its depth as far as that is stored, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kbvr.depth.depth_map import DepthMap
from kbvr.errors import InputError
from kbvr.photo.photo import Photo
from kbvr.studio.photo_worker import DEPTH_NAMES, Reading
from kbvr.studio.project import Project, Stage
from kbvr.studio.project_folder import DamagedProjectError
from kbvr.studio.stored_depth import read_stored_depth, write_stored_depth
from kbvr.system.input_file import sha256_of_input

AUTOMATIC, MENDED = "automatic_depth.png", "depth.png"
"""Files of the estimated depth, and of the depth once it has been mended."""


@dataclass(frozen=True, eq=False)
class Found:
    """The working copy of a project."""

    photo: Photo
    depth: DepthMap
    automatic_depth: DepthMap
    is_mended: bool


class Opening:
    """Opens projects with the help of another process."""

    def __init__(
        self, call: Callable[..., Any], enter: Callable[[Project, Stage], None], save: Callable[[Project], None]
    ) -> None:
        """Give the worker's functions, what tells pages of a stage, and what writes project.json."""
        self._call, self._enter, self._save = call, enter, save

    def open(self, project: Project) -> Found:
        """Read a project's photo and its depth; estimate that if it is not stored for the options.

        Raises:
            DamagedProjectError: if something is missing, damaged or does not fit; nothing is changed then.
            InputError: if the photo cannot be used.
        """
        self._enter(project, "reading")
        before = project.content
        self._check_photo(project)
        reading = self._read(project)
        self._enter(project, "depth")
        automatic_depth = self._automatic(project, reading.photo)
        mended = project.folder / MENDED
        depth = automatic_depth
        if mended.exists():
            try:
                depth = read_stored_depth(mended, reading.photo)
            except InputError:
                raise DamagedProjectError(
                    f"{MENDED}, the mended depth, is damaged. Put a copy of it back, or rename it to go on with the "
                    "estimated depth."
                ) from None
        with project.lock:
            if project.content != before:
                self._save(project)
        return Found(reading.photo, depth, automatic_depth, is_mended=mended.exists())

    def estimate_again(self, project: Project) -> tuple[Photo, DepthMap]:
        """Return the photo and its estimated depth for the current options. The errors are those of `kbvr.export`."""
        reading = self._read(project)
        return reading.photo, self._estimated(project, reading.photo)

    def store(self, project: Project) -> None:
        """Write the estimated depth of an open project, with the options that it was estimated for.

        Raises:
            OutputError: if it cannot be written.
        """
        with project.lock:
            opened, content = project.open, project.content
            if opened is None or content is None or project.is_removed:
                return
            depth, options = opened.automatic_depth, depth_options(content.options)
        path = project.folder / AUTOMATIC
        if path.exists() and content.depth_options == options:
            return
        write_stored_depth(path, depth)
        with project.lock:
            if project.content is not None and not project.is_removed:
                project.content = replace(project.content, depth_options=options)
                self._save(project)

    def _check_photo(self, project: Project) -> None:
        """Check that the photo is the one that the project was made of; note its hash if that is another one."""
        path, content = check_there(project), project.content
        assert content is not None
        sha256 = sha256_of_input(path, "a photo")
        if content.photo_sha256 and sha256 != content.photo_sha256 and (project.folder / MENDED).exists():
            raise DamagedProjectError(
                f"The photo {content.photo_name} has changed since its depth was mended. Put the original photo back, "
                f"or rename {MENDED} in the project's folder to start again with the new one."
            )
        if sha256 != content.photo_sha256:
            with project.lock:
                if project.content is not None:
                    project.content = replace(project.content, photo_sha256=sha256, depth_options=None)

    def _read(self, project: Project) -> Reading:
        assert project.content is not None
        reading: Reading = self._call("read", project.photo, dict(project.content.options))
        with project.lock:
            project.size_px = reading.size_px
        project.keep("photo.jpg", reading.shown)
        project.keep("thumbnail.jpg", reading.thumbnail)
        return reading

    def _automatic(self, project: Project, photo: Photo) -> DepthMap:
        """Return the stored estimate if it is of this photo and these options, else a new one."""
        path, content = project.folder / AUTOMATIC, project.content
        assert content is not None
        if path.exists() and content.depth_options == depth_options(content.options):
            try:
                return read_stored_depth(path, photo)
            except InputError:
                path.unlink(missing_ok=True)  # it can be made again
        return self._estimated(project, photo)

    def _estimated(self, project: Project, photo: Photo) -> DepthMap:
        assert project.content is not None
        depth: DepthMap = self._call("estimate", photo, dict(project.content.options))
        return depth


def check_there(project: Project) -> Path:
    """Return the path of a project's photo.

    Raises:
        DamagedProjectError: if there is no file.
    """
    path = project.photo
    if path is None:
        raise DamagedProjectError(project.problem)
    if not path.is_file():
        raise DamagedProjectError(f"The photo {project.name} is missing. It was expected at {path}.")
    return path


def depth_options(options: Mapping[str, str]) -> dict[str, str]:
    """Return those of some options that affect the depth."""
    return {name: options[name] for name in DEPTH_NAMES if name in options}
