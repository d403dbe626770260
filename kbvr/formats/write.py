"""Several files from the same views, each written in its own thread while the next views are drawn."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from kbvr.depth.depth_map import DepthMap
from kbvr.errors import InputError
from kbvr.formats.fan_out import run_alongside
from kbvr.formats.packing.layouts import PACKINGS, Picture
from kbvr.formats.registry import load_format
from kbvr.formats.spec.format import Facts, FileSummary, Format, Item, Views
from kbvr.mesh.viewable_scene import ViewableScene
from kbvr.motion.frame_reuse import repeated
from kbvr.options.export_options import FileOptions
from kbvr.photo.photo import Photo
from kbvr.system.atomic_file import all_or_none, refuse_taken


def write_items(
    instants: Iterable[Views], items: Sequence[Item], facts: Facts, options: FileOptions
) -> list[FileSummary]:
    """Write files from sRGB views, all of one size, as they come; each file is read back.

    Where `facts.sources` says that an instant shows an earlier one, only the earlier one comes.

    The arrays must stay as they are from then on. What the instants raise is raised from here, and nothing is left of
    the files, but of those that took the place of others.

    Raises:
        InputError: no views, other sizes than the first, a size or a choice that a format cannot have.
        OutputError: a file exists, cannot be written, or did not read back as it was written.
    """
    for item in items:
        refuse_taken(item.path, overwrite=options.overwrite)
    of_files = {item for item in items if load_format(item.format).needs == "files"}
    of_views = [item for item in items if item not in of_files]
    files: dict[Item, FileSummary] = {}
    with all_or_none(paths_of(files.values()), overwrite=options.overwrite):
        run_alongside(_checked(instants), [partial(_write_one, files, item, facts, options) for item in of_views])
        for item in of_files:
            files[item] = load_format(item.format).write([files[one] for one in of_views], item, facts, options)
    return [files[item] for item in items]


def write_depth_items(
    photo: Photo, depth: DepthMap, items: Sequence[Item], facts: Facts, options: FileOptions
) -> list[FileSummary]:
    """Write files that show a photo's depth, one after the other; each file is read back. If one fails, none is left.

    Raises:
        InputError: a size or a choice that a format cannot have.
        OutputError: a file exists, cannot be written, or did not read back as it was written.
    """
    return _written_in_turn((photo, depth), items, facts, options)


def write_scene_items(
    viewable: ViewableScene, items: Sequence[Item], facts: Facts, options: FileOptions
) -> list[FileSummary]:
    """Write files that hold a scene, one after the other; each file is read back. If one fails, none is left.

    Raises:
        InputError: a choice that a format cannot have.
        OutputError: a file exists, cannot be written, or did not read back as it was written.
    """
    return _written_in_turn(viewable, items, facts, options)


def paths_of(files: Iterable[FileSummary]) -> Iterator[Path]:
    """Yield where everything lies that was written; the files are looked up when the first is asked for."""
    for file in files:
        yield file.path
        yield from file.beside


def check_items(view_px: tuple[int, int], items: Sequence[Item], options: FileOptions) -> None:
    """Check that views of this (width, height) can be written.

    Raises:
        InputError: if a format cannot hold them.
    """
    for item in items:
        load_format(item.format).check(view_px, item, options)


def _written_in_turn(source: Any, items: Sequence[Item], facts: Facts, options: FileOptions) -> list[FileSummary]:
    """Write what the formats need, one file after the other; if one fails, none is left."""
    files: dict[Item, FileSummary] = {}
    with all_or_none(paths_of(files.values()), overwrite=options.overwrite):
        for item in items:
            files[item] = load_format(item.format).write(source, item, facts, options)
    return list(files.values())


def _write_one(
    files: dict[Item, FileSummary], item: Item, facts: Facts, options: FileOptions, instants: Iterator[Views]
) -> None:
    """Write one file, and add it to the files as soon as it has its name."""
    form = load_format(item.format)
    if facts.sources is not None and not form.repeats:
        instants, facts = repeated(instants, facts.sources), replace(facts, sources=None)
    source = instants if form.needs == "views" else _packed(instants, item, form, options)
    files[item] = form.write(source, item, facts, options)


def _packed(
    instants: Iterator[Views], item: Item, form: Format, options: FileOptions
) -> Iterator[Picture | tuple[Picture, ...]]:
    packing = PACKINGS[item.packing]
    for views in instants:
        height, width = views[0].shape[:2]
        form.check((width, height), item, options)
        if form.even:
            width, height = packing.even_view_px((width, height))
        cropped = [view[:height, :width] for view in views]
        if form.takes_parts and packing.order is not None:
            yield tuple(cropped[index] for index in packing.order)
        else:
            yield packing.put(cropped, options)


def _checked(instants: Iterable[Views]) -> Iterator[Views]:
    first: tuple[int, ...] = ()
    for count, views in enumerate(instants, start=1):
        first = first or views[0].shape
        for view in views:
            if view.dtype != np.uint8 or view.shape != first or view.ndim != 3 or view.shape[2] != 3:
                wanted = f"uint8 (height, width, 3), all of one size; the first is {first}"
                raise InputError(f"views must be {wanted}, one of instant {count} is {view.dtype} {view.shape}")
        yield views
