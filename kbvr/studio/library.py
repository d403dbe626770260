"""The projects that a studio knows: in its folder of projects, and those of photos given on the command line."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from threading import RLock

from kbvr.batching.finding.photo_names import has_photo_suffix
from kbvr.errors import InputError, OutputError
from kbvr.studio.events import Events
from kbvr.studio.folder_names import folder_name, free_path
from kbvr.studio.open_project import OpenProject
from kbvr.studio.option_texts import without_defaults
from kbvr.studio.project import Project
from kbvr.studio.project_folder import (
    SUFFIX,
    DamagedProjectError,
    ProjectFile,
    make_folder,
    photo_path,
    read_project_file,
    reference_to,
    write_project_file,
)
from kbvr.studio.request_error import RequestError, not_found
from kbvr.studio.trash import Removed, move_to_trash
from kbvr.system.atomic_file import remove_abandoned

ID_BYTES = 8


class Library:
    """Projects by their ids, in the order in which pages list them."""

    def __init__(self, folder: Path, events: Events) -> None:
        self.folder = folder
        self._events = events
        self._projects: dict[str, Project] = {}
        self._removed: dict[str, Removed] = {}
        self._known_ids: set[str] = set()
        self._lock = RLock()
        self._photos: dict[Path, Path] | None = None

    def __iter__(self) -> Iterator[Project]:
        return iter(tuple(self._projects.values()))

    def get(self, number: str) -> Project:
        """Return a project.

        Raises:
            RequestError: if there is none with this id.
        """
        project = self._projects.get(number)
        if project is None:
            raise not_found("The project")
        return project

    def find(self, number: str) -> Project | None:
        """Return a project; None if there is none with this id."""
        return self._projects.get(number)

    def opened(self, number: str) -> OpenProject:
        """Return the working copy of a project.

        Raises:
            RequestError: if there is no such project, or it is not open yet.
        """
        project = self.get(number)
        if project.open is None:
            raise RequestError(HTTPStatus.CONFLICT, project.problem or "The photo is still being prepared.")
        return project.open

    def add_given(self, paths: Sequence[Path]) -> list[Project]:
        """List photos, projects, and the photos of folders; without any, the projects in the folder of projects.

        Raises:
            InputError: if one does not exist, or there is no photo in a folder.
        """
        if not paths:
            self.read_folder()
            return []
        given = []
        for path in paths:
            if (path / "project.json").exists() or path.suffix == SUFFIX:
                given.append(self.add_folder(path))
            elif path.is_dir():
                given += [self.add_reference(photo) for photo in photos_in(path)]
            elif path.is_file():
                given.append(self.add_reference(path))
            else:
                raise InputError(f"{path}: no such file or folder")
        return given

    def read_folder(self) -> None:
        """List the projects in the folder of projects, the last changed first; what killed uploads left is removed."""
        remove_abandoned(self.folder)
        for folder in self._folders():
            self.add_folder(folder)

    def add_folder(self, folder: Path) -> Project:
        """List a project that exists; a damaged one says why."""
        content, problem = None, ""
        try:
            content = read_project_file(folder)
        except DamagedProjectError as error:
            problem = str(error)
        return self._add(folder, content, problem)

    def read_again(self, project: Project) -> None:
        """Look at a damaged project again, which may have been repaired meanwhile."""
        if project.content is None:
            with project.lock, suppress(DamagedProjectError):
                project.content = replace(read_project_file(project.folder), id=project.id)
                project.stage, project.problem = "waiting", ""

    def add_reference(self, photo: Path) -> Project:
        """List a photo that stays where it is; its project's folder is made when it is opened."""
        photo = photo.absolute()
        folders = [project.folder for project in self if project.photo == photo]
        folders += [folder for folder, known in self._photos_on_disk().items() if known == photo]
        if folders:
            return self.add_folder(folders[0])
        folder = self._free_folder(photo.stem)
        content = ProjectFile(photo.name, reference_to(photo, folder))
        return self._add(folder, content)

    def add_copy(self, name: str, suffix: str, photo: Path) -> Project:
        """Make a project of an uploaded photo, which is moved into its folder.

        Args:
            name: the name that people know it by.
            suffix: the suffix of the photo's file.
            photo: the uploaded file.

        Raises:
            OutputError: if the project cannot be written.
        """
        with self._lock:
            folder = self._free_folder(Path(name).stem)
            file = f"photo/{folder_name(Path(name).stem)}{suffix}"
            content = ProjectFile(name, file, id=secrets.token_hex(ID_BYTES))
            make_folder(folder, content, photo)
            return self._add(folder, content)

    def save(self, project: Project) -> None:
        """Write project.json, and make the project's folder if there is none.

        Raises:
            InputError: if another studio has the project open.
            OutputError: if it cannot be written.
        """
        assert project.content is not None, "a damaged project is not written"
        project.hold()
        write_project_file(project.folder, project.content)

    def set_options(self, number: str, revision: int, texts: Mapping[str, str]) -> Project:
        """Replace the options of a project, and write them.

        Raises:
            RequestError: if they are based on another revision than the current one (CONFLICT).
            InputError: if one cannot be used.
            OutputError: if the project cannot be written.
        """
        project = self.get(number)
        kept = without_defaults(texts)
        with project.lock:
            if project.content is None:
                raise RequestError(HTTPStatus.UNPROCESSABLE_ENTITY, project.problem)
            if revision != project.content.revision:
                raise RequestError(HTTPStatus.CONFLICT, "The options have been changed elsewhere, as in another tab.")
            before = project.content
            if kept == before.options:
                return project
            try:
                project.content = before.with_options(kept)
                self.save(project)
            except BaseException:
                project.content = before
                raise
        self._events.changed_project(number)
        return project

    def remove(self, number: str) -> bool:
        """Forget a project; its folder moves to the trash if it lies in the folder of projects, and else stays.

        A photo outside it stays where it is. Return whether the folder is in the trash now.

        Raises:
            InputError: if another studio has it open.
            OutputError: if it cannot be moved.
        """
        project = self.get(number)
        project.end_editing()
        with self._lock, project.lock:
            if project.folder.is_dir() and not project.has_links:
                project.hold()
                project.let_go()
            project.is_removed = True
            in_trash = None
            if project.is_own and project.folder.is_dir():
                try:
                    in_trash = move_to_trash(project.folder)
                except OutputError:
                    project.is_removed = False
                    raise
            self._removed[number] = Removed(project.folder, project.content, in_trash)
            self._projects.pop(number, None)
        self._events.removed_project(number)
        return in_trash is not None

    def bring_back(self, number: str) -> Project:
        """List a project again that was removed, under another id, with its folder where it was.

        Raises:
            RequestError: if none with this id was removed, or it is back already.
            OutputError: if its folder cannot be moved.
        """
        with self._lock:
            removed = self._removed.get(number)
            if removed is None:
                raise not_found("The project")
            folder = removed.bring_back(project.folder for project in self)
            del self._removed[number]
            return self.add_folder(folder) if folder.is_dir() else self._add(folder, removed.content)

    def _photos_on_disk(self) -> dict[Path, Path]:
        """Return the folders of projects and their photos, read once."""
        if self._photos is None:
            self._photos = {}
            for folder in self._folders():
                with suppress(DamagedProjectError):
                    self._photos[folder] = photo_path(folder, read_project_file(folder))
        return self._photos

    def _folders(self) -> list[Path]:
        """Return the folders of projects, the last changed first."""
        try:
            found = [path for path in self.folder.iterdir() if path.suffix == SUFFIX and path.is_dir()]
        except OSError:
            return []
        return sorted(found, key=_changed_s, reverse=True)

    def _add(self, folder: Path, content: ProjectFile | None, problem: str = "") -> Project:
        """List the project of a folder, unless it is listed already."""
        with self._lock:
            listed = [project for project in self if project.folder.absolute() == folder.absolute()]
            if listed:
                return listed[0]
            number = self._new_id(folder, content.id if content else "")
            content = replace(content, id=number) if content else None
            is_own = folder.absolute().parent.resolve() == self.folder.resolve()
            project = Project(number, folder, content, problem=problem, is_own=is_own)
            self._projects[number] = project
        self._events.changed_project(number)
        return project

    def _new_id(self, folder: Path, kept: str) -> str:
        """Return an id that this studio has not used for another project, not even for one that has been removed.

        It is the one that the project has kept; if there is none, or the folder is a copy, one for this folder.
        """
        of_folder = hashlib.sha256(str(folder.absolute()).encode(errors="surrogateescape")).hexdigest()[: 2 * ID_BYTES]
        free = [number for number in (kept, of_folder) if number and number not in self._known_ids]
        number = free[0] if free else secrets.token_hex(ID_BYTES)
        self._known_ids.add(number)
        return number

    def _free_folder(self, stem: str) -> Path:
        taken = {project.folder for project in self._projects.values()}
        return free_path(self.folder / f"{folder_name(stem)}{SUFFIX}", taken)


def photos_in(folder: Path) -> list[Path]:
    """Return the photos in a folder, by name.

    Raises:
        InputError: if there are none.
    """
    photos = sorted(path for path in folder.iterdir() if has_photo_suffix(path.name) and path.is_file())
    if not photos:
        raise InputError(f"{folder}: expected photos or a project, got a folder without any")
    return photos


def _changed_s(folder: Path) -> float:
    try:
        return (folder / "project.json").stat().st_mtime
    except OSError:
        return 0.0
