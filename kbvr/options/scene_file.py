"""Files that hold a scene."""

from __future__ import annotations

from typing import ClassVar, Literal

from kbvr.options.declare import OptionGroup, option

Texture = Literal["webp", "jpeg"]
Compression = Literal["none", "draco"]
Surround = Literal["none", "fade", "dome"]


class SceneFileOptions(OptionGroup):
    """Files that hold a scene."""

    title: ClassVar[str] = "Scene"

    texture: Texture = option(
        "webp",
        "The format of a scene's pictures. jpeg: the photo as JPEG and the rest as PNG, for older programs.",
        used_by=("gltf", "html"),
    )
    compress: Compression = option(
        "none",
        "How a scene's triangles are stored. draco: a third of the bytes, for programs with its decoder.",
        used_by=("gltf", "html"),
    )
    triangles: int = option(
        150_000,
        "Most triangles that a scene may have; headsets draw the default without effort.",
        least=2000,
        most=5_000_000,
        metavar="N",
        used_by=("gltf", "html", "ply", "obj", "usdz"),
    )
    surround: Surround = option(
        "dome",
        "What lies beyond the photo's border in a scene. none: nothing; fade: its colours, fading; dome: that, "
        "and a blur of them all around.",
        used_by=("gltf", "html", "ply", "obj", "usdz", "splats", "splats-gltf"),
    )
    eye_height_m: float = option(
        1.6,
        "Height of the photo's camera above the floor of a scene.",
        least=0,
        most=10,
        unit="metres",
        metavar="METRES",
        used_by=("gltf", "html", "usdz", "splats-gltf"),
    )
