"""Files that hold a scene."""

from __future__ import annotations

from typing import Literal

from kbvr.options.declare import OptionGroup, option

Texture = Literal["webp", "jpeg"]
Compression = Literal["none", "draco"]
Surround = Literal["none", "fade", "dome"]


class SceneFileOptions(OptionGroup, title="Scene"):
    """Files that hold a scene."""

    texture: Texture = option(
        "webp",
        "The format of a scene's textures. jpeg: the photo as JPEG, the rest as PNG and no extension of glTF that a "
        "program must know, for older programs.",
        used_by=("gltf", "html"),
    )
    compress: Compression = option(
        "none",
        "How a scene's triangles are compressed. draco: triangles take a third of the space, "
        "for programs that can decode it.",
        used_by=("gltf", "html"),
    )
    triangles: int = option(
        150_000,
        "Maximum number of triangles in a scene. Headsets handle the default easily.",
        between=(2000, 5_000_000),
        metavar="N",
        used_by=("gltf", "html", "ply", "obj", "usdz"),
    )
    surround: Surround = option(
        "dome",
        "What a scene shows beyond the photo's border. none: nothing; fade: its colours, fading out; dome: also a "
        "blur of them all around.",
        used_by=("gltf", "html", "ply", "obj", "usdz", "splats", "splats-gltf"),
    )
    eye_height_m: float = option(
        1.6,
        "Height of the camera above the floor of a scene.",
        between=(0, 10),
        unit="metres",
        used_by=("gltf", "html", "usdz", "splats-gltf"),
    )
