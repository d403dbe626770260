"""The memory that the export of a photo takes, known before the photo is decoded."""

from __future__ import annotations

from pathlib import Path

from kbvr.options.export_options import ExportOptions
from kbvr.photo.picture_size import header_size_px
from kbvr.plan.memory_budget import export_bytes
from kbvr.plan.output_kinds import DrawnKind, SceneKind, chosen_kinds

USUAL_PX = (4000, 3000)
"""The photo of a phone."""


def export_bytes_of(path: Path, options: ExportOptions) -> int:
    """Return about how much memory the export of a photo takes; a photo that cannot be read counts as a usual one."""
    return export_bytes_for(header_size_px(path) or USUAL_PX, options)


def export_bytes_for(size_px: tuple[int, int], options: ExportOptions) -> int:
    """Return about how much memory the export of a photo of (width, height) takes."""
    kinds = chosen_kinds(options)
    drawn_px = max((kind.view_px(size_px, options) for kind in kinds if isinstance(kind, DrawnKind)), default=(1, 1))
    return export_bytes(size_px, drawn_px, is_visited=any(isinstance(kind, SceneKind) for kind in kinds))
