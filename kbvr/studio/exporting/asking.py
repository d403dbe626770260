"""Exports as they are asked for: photos of projects, each with its options, and its depth as it is now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from http import HTTPStatus
from pathlib import Path

from kbvr.errors import InputError, OutputError
from kbvr.options.outputs import STILL_OUTPUTS
from kbvr.studio.exporting.batches import BatchExport
from kbvr.studio.exporting.export import Export, PhotoToExport
from kbvr.studio.exporting.fitting import fitting
from kbvr.studio.exporting.folders import batch_name, free_folder
from kbvr.studio.exporting.queue import Job
from kbvr.studio.exporting.single import SingleExport
from kbvr.studio.labels import label_of
from kbvr.studio.option_texts import parsed
from kbvr.studio.project import OPEN_ELSEWHERE, Project
from kbvr.studio.request_error import RequestError
from kbvr.studio.workspace import EXPORTS, Workspace

DEPTH = "depth.png"
"""The mended depth, in the folder of a project."""


def begin(studio: Workspace, ids: Sequence[str], chosen: Mapping[str, str], title: str = "") -> Export:
    """Queue an export of one project, or of several.

    Args:
        studio: the studio.
        ids: the projects, each once.
        chosen: the outputs, and options that take precedence over those of the projects.
        title: what people know the export by; by default the names of its outputs.

    Raises:
        RequestError: if there is no such project, or the studio is being closed.
        InputError: if the options cannot be used, a project is damaged, or another studio has it open.
        OutputError: if the folders cannot be written.
    """
    projects = [studio.projects.get(number) for number in ids]
    texts = [fitting(chosen, options_of(project)) for project in projects]
    title = title or _title(texts[0])
    with _frozen(studio, projects) as photos:
        if len(projects) == 1:
            export = Export(title, tuple(ids), texts[0], photos[0].exports, chosen=dict(chosen))
            return _queued(studio, export, SingleExport(photos[0]))
        folder = _batch_folder(studio.projects.folder.absolute())
        export = Export(title, tuple(ids), fitting(chosen, {}), folder, chosen=dict(chosen))
        return _queued(studio, export, BatchExport(photos, folder, tuple(texts)))


def begin_again(studio: Workspace, export: Export) -> Export:
    """Queue an export that has ended again, with what its projects are set to now.

    Of several photos, those are made that are not done. The errors are those of `begin`.
    """
    projects = [studio.projects.get(number) for number in export.projects]
    texts = [fitting(export.chosen, options_of(project)) for project in projects]
    with _frozen(studio, projects) as photos:
        if len(photos) != 1 or export.photos:
            return _queued(studio, export, BatchExport(photos, export.folder, tuple(texts)))
        again = Export(export.title, export.projects, texts[0], photos[0].exports, chosen=export.chosen)
        if not studio.exports.forget(export.id):
            raise RequestError(HTTPStatus.CONFLICT, "The export is still running.")
        studio.events.removed_export(export.id)
        return _queued(studio, again, SingleExport(photos[0]))


def options_of(project: Project) -> Mapping[str, str]:
    """Return the options of a project; none if it is damaged."""
    return project.content.options if project.content else {}


def photo_of(project: Project) -> PhotoToExport:
    """Return what an export needs to know of a project.

    Raises:
        InputError: if the project is damaged.
        OutputError: if what was mended last cannot be written.
    """
    if project.photo is None:
        raise InputError(project.problem)
    project.save_depth()
    folder = project.folder.absolute()
    depth = folder / DEPTH
    return PhotoToExport(project.id, project.photo.absolute(), folder / EXPORTS, depth if depth.is_file() else None)


@contextmanager
def _frozen(studio: Workspace, projects: Sequence[Project]) -> Iterator[tuple[PhotoToExport, ...]]:
    """Yield the photos with copies of their depths, which are removed if anything is raised."""
    photos: list[PhotoToExport] = []
    try:
        for project in projects:
            photo = photo_of(project)
            if len(projects) == 1 or photo.depth is not None:  # its folder is written
                project.hold()
                studio.exports.adopt(photo.exports, (project.id,))  # another studio may have added some
            elif project.is_open_elsewhere():
                raise InputError(OPEN_ELSEWHERE)
            photos.append(photo.frozen())
        yield tuple(photos)
    except BaseException as error:
        for photo in photos:
            photo.discard()
        if isinstance(error, OSError):
            raise OutputError(f"the folder of the exports cannot be written: {error.strerror or error}") from error
        raise


def _queued(studio: Workspace, export: Export, job: Job) -> Export:
    if not studio.exports.add(export, job):
        raise RequestError(HTTPStatus.CONFLICT, "The export is still running, or kbvr is being closed.")
    return export


def _batch_folder(parent: Path) -> Path:
    folder = free_folder(parent, batch_name(datetime.now()))
    folder.mkdir(parents=True)
    return folder


def _title(texts: Mapping[str, str]) -> str:
    outputs = parsed(texts).outputs
    names = ("still" if name in STILL_OUTPUTS else name.replace("-", "_") for name in outputs)
    return ", ".join(dict.fromkeys(map(label_of, names)))
