"""Make the scene of a photo, in another process, and say how far it is."""

from __future__ import annotations

from pathlib import Path

from kbvr.options.export_options import ExportOptions
from kbvr.pipeline import export_photo


def make_scene(photo: Path, scene: Path, progress: Path) -> None:
    """Write a photo's scene as a GLB; the file `progress` holds the stage, its finished steps and its total steps.

    The errors are those of `kbvr.export`.
    """

    def report(stage: str, done: int, total: int) -> None:
        progress.write_text(f"{stage}\n{done}\n{total}", "utf-8")

    export_photo(photo, scene, ExportOptions(gltf=True, overwrite=True), progress=report)
