"""What scene files share: axes, metadata, summary, and the error for a size limit."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import numpy as np

from kbvr.errors import OutputError
from kbvr.formats.spec.encoding import credit_texts
from kbvr.formats.spec.format import Facts, FileSummary, Item
from kbvr.mesh.viewable_scene import ViewableScene
from kbvr.options.export_options import FileOptions

Y_UP = np.array([1.0, -1.0, -1.0])
"""Factors from the axes of the photo's camera to those of glTF: y up, -z ahead."""


def copyright_of(facts: Facts) -> str | None:
    """Return the copyright of the photo, else its artist."""
    texts = credit_texts(facts.credits)
    return texts.get("copyright") or texts.get("artist")


def scene_metadata(viewable: ViewableScene, facts: Facts, options: FileOptions) -> dict[str, Any]:
    """Return the metadata of a scene, which viewers read too, as JSON values."""
    camera = viewable.textured_mesh.camera
    return {
        "version": version("kbvr"),
        "photo": viewable.photo,
        "size_px": list(camera.size_px),
        "f_px": camera.f_px,
        "eye_height_m": options.eye_height_m,
        "head_box_m": list(viewable.head_box.sides_m),
        "nearest_m": viewable.nearest_m,
        "farthest_m": viewable.farthest_m,
        "subject_m": viewable.subject_m,
        **_subject_box(viewable),
        "ipd_m": viewable.head_box.ipd_m,
        "depth": viewable.depth_source,
        "is_metric": viewable.is_metric,
        **credit_texts(facts.credits),
    }


def _subject_box(viewable: ViewableScene) -> dict[str, list[float]]:
    """Return the subject's left, top, right and bottom, in pixels of the photo; nothing if nothing stands out."""
    subject = viewable.subject
    if subject is None:
        return {}
    width, height = viewable.textured_mesh.camera.size_px
    sides = ((subject.left, width), (subject.top, height), (subject.right, width), (subject.bottom, height))
    return {"subject_box_px": [round(share * length_px, 1) for share, length_px in sides]}


def summary_of(
    viewable: ViewableScene, item: Item, file_bytes: int, seconds: float, content: str | None = None
) -> FileSummary:
    """Return the summary of a scene's file; `content` is the number of triangles unless given."""
    return FileSummary(
        path=item.path,
        size_px=viewable.textured_mesh.camera.size_px,
        frames=1,
        fps=0.0,
        seconds=0.0,
        bytes=file_bytes,
        encode_s=seconds,
        codec=content or f"{viewable.textured_mesh.triangle_count} triangles",
    )


def too_large(what: str, max_mb: float, smallest_bytes: int, remedy: str = "use fewer triangles") -> OutputError:
    """Return the error for a file whose smallest version exceeds a limit in million bytes."""
    return OutputError(
        f"expected {what} of at most {max_mb:g} MB, got at least {smallest_bytes / 1e6:.2f} MB: {remedy}"
    )
