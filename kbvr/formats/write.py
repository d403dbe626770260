"""Write files. Those of the same views are encoded in parallel threads while the next views are rendered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from kbvr.errors import InputError
from kbvr.formats.fan_out import fan_out
from kbvr.formats.packing.layouts import PACKINGS, Picture
from kbvr.formats.registry import load_format
from kbvr.formats.spec.format import Facts, FileSummary, Format, Item, Views
from kbvr.motion.frame_reuse import repeated
from kbvr.options.export_options import FileOptions
from kbvr.system.atomic_file import all_or_none, check_writable


def write_items(
    instants: Iterable[Views], items: Sequence[Item], facts: Facts, options: FileOptions
) -> list[FileSummary]:
    """Write files from sRGB views of one size, as they are rendered, and verify each file.

    Instants that only repeat an earlier one (`facts.sources`) are not passed. Arrays must not change once they were
    passed. If anything fails, the renderer included, no file is left, unless it has replaced another one.

    Raises:
        InputError: if there are no views, their sizes differ, or a format does not support a size or an option.
        OutputError: if a file exists, cannot be written, or fails verification.
    """
    for item in items:
        check_writable(item.path, overwrite=options.overwrite)
    from_files = {item for item in items if load_format(item.format).needs == "files"}
    from_views = [item for item in items if item not in from_files]
    files: dict[Item, FileSummary] = {}
    with all_or_none(paths_of(files.values()), overwrite=options.overwrite):
        fan_out(_checked(instants), [partial(_write_item, files, item, facts, options) for item in from_views])
        for item in from_files:
            files[item] = load_format(item.format).write([files[view] for view in from_views], item, facts, options)
    return [files[item] for item in items]


def write_in_turn(source: Any, items: Sequence[Item], facts: Facts, options: FileOptions) -> list[FileSummary]:
    """Write and verify files of a scene, or of a photo and its depth (`Format.needs`). If one fails, none is left.

    Raises:
        InputError: if a format does not support the size or an option.
        OutputError: if a file exists, cannot be written, or fails verification.
    """
    files: dict[Item, FileSummary] = {}
    with all_or_none(paths_of(files.values()), overwrite=options.overwrite):
        for item in items:
            files[item] = load_format(item.format).write(source, item, facts, options)
    return list(files.values())


def paths_of(files: Iterable[FileSummary]) -> Iterator[Path]:
    """Yield the paths of files and of the files that belong to them; `files` is read only when iteration begins."""
    for file in files:
        yield file.path
        yield from file.beside


def check_items(view_px: tuple[int, int], items: Sequence[Item], options: FileOptions) -> None:
    """Check that views of this (width, height) can be written.

    Raises:
        InputError: if a format does not support them.
    """
    for item in items:
        load_format(item.format).check(view_px, item, options)


def _write_item(
    files: dict[Item, FileSummary], item: Item, facts: Facts, options: FileOptions, instants: Iterator[Views]
) -> None:
    """Write a file, and add it to `files` as soon as it is complete, so that a later failure can remove it."""
    file_format = load_format(item.format)
    if facts.sources is not None and not file_format.repeats:
        instants, facts = repeated(instants, facts.sources), replace(facts, sources=None)
    source = instants if file_format.needs == "views" else _packed(instants, item, file_format, options)
    files[item] = file_format.write(source, item, facts, options)


def _packed(
    instants: Iterator[Views], item: Item, file_format: Format, options: FileOptions
) -> Iterator[Picture | tuple[Picture, ...]]:
    packing = PACKINGS[item.packing]
    for views in instants:
        height, width = views[0].shape[:2]
        file_format.check((width, height), item, options)
        if file_format.even:
            width, height = packing.even_view_px((width, height))
        cropped = [view[:height, :width] for view in views]
        if file_format.takes_parts and packing.order is not None:
            yield tuple(cropped[index] for index in packing.order)
        else:
            yield packing.pack(cropped, options)


def _checked(instants: Iterable[Views]) -> Iterator[Views]:
    first: tuple[int, ...] = ()
    for count, views in enumerate(instants, start=1):
        first = first or views[0].shape
        for view in views:
            if view.dtype != np.uint8 or view.shape != first or view.ndim != 3 or view.shape[2] != 3:
                expected = f"uint8 views (height, width, 3) of one size, the first of them {first}"
                raise InputError(f"expected {expected}, got {view.dtype} {view.shape} in instant {count}")
        yield views
