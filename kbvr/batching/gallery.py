"""The gallery of a batch: the outputs and files that it shows of each photo, and the site itself."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from kbvr.batching.ledger import Ledger
from kbvr.batching.ledger_rows import Row
from kbvr.batching.places import place_of
from kbvr.batching.task import OutputFile, Task
from kbvr.errors import OutputError
from kbvr.formats.spec.encoding import credit_texts
from kbvr.gallery.gallery_photo import GalleryFile, GalleryPhoto
from kbvr.gallery.photo_files import write_photo_files
from kbvr.gallery.places import INDEX
from kbvr.gallery.site import MARK, write_gallery
from kbvr.making.report import ExportReport
from kbvr.options.export_options import ExportOptions
from kbvr.photo.photo import load_photo
from kbvr.plan.from_options import pair_of

KEY_DIGITS = 32
"""Of what the gallery calls a photo: its place in the output folder, which stays if its file moves."""

GALLERY = "gallery"
"""The output that files of the gallery belong to."""

LOOP_KINDS = ("clip", "webp", "avif", "gif")
"""Formats of a loop, the smallest file first."""

LABELS: Mapping[str, str] = MappingProxyType(
    {
        "stereo": "Stereo video",
        "kenburns": "Video",
        "wiggle": "Wiggle",
        "anaglyph": "Anaglyph",
        "still": "Stereo picture",
        "quilt": "Quilt",
        "autostereogram": "Autostereogram",
        "rgbd": "RGB-D picture",
        "flat": "Photo",
        "depth-map": "Depth",
        "gltf": "3D scene",
        "html": "3D scene in a web page",
        "usdz": "3D scene for Apple devices",
        "ply": "3D mesh (PLY)",
        "obj": "3D mesh (OBJ)",
        "splats": "3D Gaussians",
    }
)
"""Output -> what it is, for people; files of other outputs are not listed."""

COMPANIONS = ("poster", "snippet", "embed")
"""Formats of files that are of no use alone."""


def with_gallery_outputs(options: ExportOptions) -> ExportOptions:
    """Return options that also make what a gallery shows: a wiggle, as MP4 if it is not chosen anyway, and a scene."""
    chosen: dict[str, Any] = {name: getattr(options, name) for name in options.model_fields_set}
    if not {"wiggle", "anaglyph"} & {*options.outputs} and "animate_as" not in chosen:
        chosen["animate_as"] = "mp4"
    chosen |= {"stereo": "stereo" in options.outputs and "stereo" in chosen, "wiggle": True}
    return ExportOptions(**chosen | ({"gltf": True} if options.profile == "layers" else {}))


def gallery_files(path: Path, root: Path, task: Task, report: ExportReport) -> tuple[tuple[Path, ...], dict[str, Any]]:
    """Write the files that the gallery shows of a photo; return their paths and the facts that it states."""
    pair, layout = pair_of(path, task.options)
    photo = load_photo(
        path,
        fov_deg=task.options.fov_deg,
        max_memory_bytes=task.max_bytes,
        keep_gps=task.options.keep_gps,
        rgbd=task.options.rgbd,
        pair=pair,
        probable_layout=layout,
        panorama=task.options.panorama,
    )
    scene = next((written.file.path for written in report.written if written.item.format == "gltf"), None)
    key = hashlib.sha256(os.fsencode(f"{task.source.folder}/{task.stem}")).hexdigest()[:KEY_DIGITS]
    facts = {"key": key, "name": photo.title, "size_px": photo.file_size_px, **credit_texts(photo.credits)}
    return write_photo_files(photo, root, key, scene=scene), facts


def refuse_foreign_gallery(out: str) -> None:
    """Check in advance that a gallery may be written.

    Raises:
        OutputError: if the output folder has an index.html that is not one of kbvr's.
    """
    index = place_of(out).read(INDEX)
    if index is not None and MARK.encode() not in index:
        raise OutputError(f"{out}/{INDEX} is not a gallery made by kbvr: rename it, or choose another folder")


def update_gallery(out: str, ledger: Ledger, *, title: str) -> None:
    """Write the site with all photos that the ledger has.

    Raises:
        OutputError: if a file cannot be written.
    """
    with place_of(out).written() as root:
        write_gallery((_photo(row, ledger) for row in ledger.rows() if row.facts), root, title=title)


def _photo(row: Row, ledger: Ledger) -> GalleryPhoto:
    facts, outputs = row.facts, ledger.outputs(row.key)
    loops = {output.format: output.path for output in outputs if output.output == "wiggle"}
    width, height = facts["size_px"]
    return GalleryPhoto(
        facts["key"],
        facts["name"],
        (width, height),
        folder=row.folder,
        date=facts.get("date", ""),
        title=facts.get("title", ""),
        caption=facts.get("caption", ""),
        author=facts.get("artist", ""),
        copyright=facts.get("copyright", ""),
        credit=facts.get("credit", ""),
        wiggle=next((loops[kind] for kind in LOOP_KINDS if kind in loops), ""),
        has_scene=any(output.output == GALLERY and "/scenes/" in output.path for output in outputs),
        files=tuple(_file(output) for output in outputs if _is_listed(output)),
    )


def _is_listed(output: OutputFile) -> bool:
    return output.output in LABELS and output.format not in COMPANIONS


def _file(output: OutputFile) -> GalleryFile:
    return GalleryFile(output.path, LABELS[output.output], output.size_bytes)
