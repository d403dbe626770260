"""What is made of a photo."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import model_validator

from kbvr.options.declare import ONCE, SPLIT, OptionGroup, option

PackedStill = Literal[
    "sbs", "sbs-half", "tb", "tb-half", "cross", "left-right", "rows", "columns", "checkerboard", "anaglyph"
]
PACKED_STILLS: tuple[str, ...] = get_args(PackedStill)
"""Stills that are plain picture files, named after their layouts."""

Still = Literal[PackedStill, "jps", "mpo", "vr180", "vr360", "spatial", "autostereogram", "rgbd", "quilt", "flat"]
DepthMapKind = Literal["png", "npy", "npz", "exr", "color"]

LOOPS = ("wiggle", "anaglyph")
"""Loops for web pages, which have their own camera moves."""

FROM_DEPTH = ("autostereogram", "rgbd", "flat", "depth-map")
"""Outputs made from the photo and its depth, without rendering."""

SCENES = ("gltf", "html", "embed", "ply", "obj", "usdz", "splats")
"""Outputs that hold a scene for other programs to draw."""

STILL_OUTPUTS = ("quilt", "autostereogram", "rgbd", "flat")
"""Stills that are outputs of their own, because they are not made of two views."""

AT_REST = ("still", "quilt", *FROM_DEPTH)
"""Outputs in which the camera does not move."""

ONE_EYED = ("kenburns", *SCENES, *FROM_DEPTH)
"""Outputs that have neither a baseline nor a screen plane."""

OUTPUTS = ("stereo", "kenburns", *LOOPS, *AT_REST, *SCENES)
"""stereo: a video for two eyes; kenburns: a plain video in which the camera moves; wiggle: a loop that shows depth
without glasses; anaglyph: a loop for coloured glasses; still: pictures for two eyes; quilt: a picture of many views;
autostereogram, rgbd, flat, depth-map: made without rendering; gltf: a scene as triangles; html: the scene in a page
with its viewer; embed: the scene for other pages; ply, obj, usdz, splats: the scene for other programs."""


class OutputOptions(OptionGroup, title="Output"):
    """What is made of a photo."""

    stereo: bool | None = option(
        None,
        "A stereo video for a headset or a 3D screen.",
        default_text="on if no other output is chosen",
        is_common=True,
    )
    kenburns: bool = option(False, "A plain (2D) video in which the camera moves.", is_common=True)
    wiggle: bool = option(
        False,
        "A looping animation that shows depth without glasses. It is written as GIF, WebP, AVIF and MP4, with a "
        "poster image and HTML to paste.",
        is_common=True,
    )
    anaglyph: bool = option(
        False, "A looping animation for coloured glasses. It is written like --wiggle.", is_common=True
    )
    still: Annotated[tuple[Still, ...], SPLIT, ONCE] | None = option(
        None,
        "Stereo pictures. jps, mpo: for 3D viewers and televisions; vr180: for headsets; vr360: a sphere for "
        "each eye, of a 360 photo; spatial: HEIC for Apple devices (experimental, requires kbvr[heic]); "
        "autostereogram: a magic-eye picture, seen without glasses; quilt: for light field displays; rgbd: the photo "
        "and its depth side by side, for Looking Glass displays; flat: the photo itself, repaired and with colours; "
        "the others are layouts, as for videos.",
        metavar="KIND[,KIND]",
        is_common=True,
    )
    depth_map: Annotated[tuple[DepthMapKind, ...], SPLIT, ONCE] | None = option(
        None,
        "The photo's depth. png: 16-bit disparity; npy, npz, exr: metres; color: a picture to look at. --depth reads "
        "all of them.",
        metavar="KIND[,KIND]",
        is_common=True,
    )
    gltf: bool = option(False, "A 3D scene (GLB) for headsets and 3D programs.", is_common=True)
    html: bool = option(False, "The scene and its viewer in one web page.", is_common=True)
    embed: bool = option(
        False,
        "The scene, to embed in your own web page. It comes with a script that shows it and HTML to paste.",
        is_common=True,
    )
    ply: bool = option(
        False, "A mesh with vertex colours. It is as detailed as --max-mb allows (default 60).", is_common=True
    )
    obj: bool = option(
        False, "A mesh with textures: an OBJ file, an MTL file, two JPEG files and one PNG file.", is_common=True
    )
    usdz: bool = option(False, "A scene for iPhone, iPad, Mac and Vision Pro. It requires kbvr[usd].", is_common=True)
    splats: bool = option(False, "A scene of 3D Gaussians, as PLY and glTF.", is_common=True)

    @model_validator(mode="after")
    def _stereo_unless_others_are_named(self) -> OutputOptions:
        if self.stereo is None:
            object.__setattr__(self, "stereo", not self.outputs)
        return self

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of OUTPUTS to make, in their order."""
        stills = {*(self.still or ())}
        chosen = {name for name in OUTPUTS if getattr(self, name, None) is True}
        chosen |= stills & {*STILL_OUTPUTS}
        chosen |= {"still"} if stills - {*STILL_OUTPUTS} else set()
        chosen |= {"depth-map"} if self.depth_map else set()
        return tuple(name for name in OUTPUTS if name in chosen)
