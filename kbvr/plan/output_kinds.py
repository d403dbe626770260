"""What can be asked for of a photo, and which files that makes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from kbvr.formats.packing.layouts import INTERLEAVED, PACKINGS, QUILTS
from kbvr.formats.spec.codecs import container_of
from kbvr.formats.spec.format import Item
from kbvr.options.export_options import ExportOptions
from kbvr.options.outputs import PACKED_STILLS
from kbvr.photo.picture_file import MAX_PIXELS

VIDEO_WITHIN_PX = (1920, 1080)
STILL_WITHIN_PX = (4096, 4096)
ANY_SIZE_PX = (MAX_PIXELS, MAX_PIXELS)
LOOP_WITHIN_PX = (720, 720)
"""The column of a blog."""

ANIMATION_FORMATS: Mapping[str, str] = MappingProxyType({"gif": "gif", "webp": "webp", "avif": "avif", "mp4": "clip"})
"""Name of `kbvr.options.loop.ANIMATIONS`, which is its suffix too -> format."""

NAME_ENDINGS: Mapping[str, str] = MappingProxyType(
    {
        "mono": "_kbvr_mono",
        "left": "_kbvr_left",
        "right": "_kbvr_right",
        "sbs": "_kbvr_LR",
        "sbs-half": "_kbvr_LR_HSBS",
        "tb": "_kbvr_TB",
        "tb-half": "_kbvr_TB_HOU",
        "cross": "_kbvr_RL",
        "rows": "_kbvr_rows",
        "columns": "_kbvr_columns",
        "checkerboard": "_kbvr_checkerboard",
        "anaglyph": "_kbvr_anaglyph",
        "180-sbs": "_kbvr_180_LR",
        "180-tb": "_kbvr_180_TB",
        "180-mono": "_kbvr_180",
    }
)
"""Packing of a stereo video, 180- before it if it is VR180 -> how its name ends, which is what players look at: SKYBOX
and others know LR (left and right side by side), TB (top and bottom), HSBS and HOU (each squeezed)."""

PLAYER_ENDINGS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "any": {},
        "quest": {"sbs-half": "_kbvr_half_LR", "tb-half": "_kbvr_half_TB"},
        "skybox": {"sbs": "_kbvr_SBS", "sbs-half": "_kbvr_HSBS", "tb": "_kbvr_OU", "tb-half": "_kbvr_HOU"},
        "deovr": {
            "sbs": "_kbvr_SBS",
            "sbs-half": "_kbvr_half_SBS",
            "tb-half": "_kbvr_half_TB",
        },
        "youtube": {layout: f"_kbvr_{layout}" for layout in NAME_ENDINGS},
        "plain": {layout: f"_kbvr_{layout}" for layout in NAME_ENDINGS},
    }
)
"""Name of `kbvr.options.video.Player` -> endings that differ from NAME_ENDINGS for it.

quest: LR, TB, RL (developers.meta.com, "VR Media Overview"). skybox: SBS, HSBS, OU, HOU, 180
(skybox.xyz/en/support/add-suffix-to-filename-to-recognize-the-correct-format; VR180 would mean a fisheye there).
deovr: SBS, TB, 180, the words of most players. youtube: what is in the file decides, not its name.
"""

VR180_DENSITY = 1.25
"""Pixels of a view in the middle, for each of the half sphere that is made of it."""


@dataclass(frozen=True)
class OutputKind:
    """One thing that can be asked for."""

    says: str
    files: Callable[[ExportOptions], list[tuple[str, str, str]]]
    """Format, packing and the end of the name of every file."""

    within_px: tuple[int, int]
    """Largest (width, height) of a view if nothing is said of it."""

    even: bool = True
    """Whether views are made even both ways, as video wants them."""


def _stereo_files(options: ExportOptions) -> list[tuple[str, str, str]]:
    layouts = [one for layout in options.layout for one in (("left", "right") if layout == "left-right" else (layout,))]
    form, kind = ("vr180-video", "180-") if options.projection == "vr180" else ("video", "")
    endings = {**NAME_ENDINGS, **PLAYER_ENDINGS[options.name_for]}
    return [(form, layout, f"{endings[kind + layout]}{_suffix(options)}") for layout in layouts]


def _kenburns_files(options: ExportOptions) -> list[tuple[str, str, str]]:
    return [("video", "mono", f"_kbvr{_suffix(options)}")]


def _suffix(options: ExportOptions) -> str:
    return f".{container_of(options.codec, options.container)}"


def _picture_suffix(packing: str, options: ExportOptions) -> str:
    best = "png" if packing in INTERLEAVED else "jpeg"
    return {"jpeg": ".jpg", "png": ".png", "webp": ".webp"}[options.picture or best]


def _still_files(options: ExportOptions) -> list[tuple[str, str, str]]:
    files = []
    for name in options.still or ():
        if name in PACKED_STILLS:
            packings = ("left", "right") if name == "left-right" else (name,)
            files += [("picture", one, NAME_ENDINGS[one] + _picture_suffix(one, options)) for one in packings]
        elif name in PAIR_FILES:
            files.append(PAIR_FILES[name])
    return files


def _quilt_files(options: ExportOptions) -> list[tuple[str, str, str]]:
    quilt, packing = QUILTS[options.quilt_for], f"quilt-{options.quilt_for}"
    ending = f"_kbvr_qs{quilt.across}x{quilt.down}a{quilt.aspect:g}{_picture_suffix('rows', options)}"
    return [("picture", packing, ending)]


def _autostereogram_files(options: ExportOptions) -> list[tuple[str, str, str]]:
    return [("autostereogram", "mono", f"_kbvr_autostereogram{_picture_suffix('rows', options)}")]


def _depth_map_files(options: ExportOptions) -> list[tuple[str, str, str]]:
    return [("depth-map", name, DEPTH_ENDINGS[name]) for name in options.depth_map or ()]


def _splat_files(_: ExportOptions) -> list[tuple[str, str, str]]:
    return [("splats", "mono", "_kbvr_splats.ply"), ("splats-gltf", "mono", "_kbvr_splats.glb")]


def _scene_files(form: str, suffix: str) -> Callable[[ExportOptions], list[tuple[str, str, str]]]:
    return lambda _: [(form, "mono", f"_kbvr{suffix}")]


def _embed_files(options: ExportOptions) -> list[tuple[str, str, str]]:
    scene = [] if "gltf" in options.outputs else [("gltf", "mono", "_kbvr.glb")]
    return [*scene, ("embed", "mono", "_kbvr_embed.html")]


PAIR_FILES: Mapping[str, tuple[str, str, str]] = MappingProxyType(
    {
        "jps": ("jps", "cross", "_kbvr.jps"),
        "mpo": ("mpo", "apart", "_kbvr.mpo"),
        "vr180": ("vr180-photo", "apart", "_kbvr.vr.jpg"),
        "spatial": ("spatial", "apart", "_kbvr_spatial.heic"),
    }
)
"""Still with a format of its own -> format, packing and the end of the file's name."""

DEPTH_ENDINGS: Mapping[str, str] = MappingProxyType(
    {
        "png": "_kbvr_depth.png",
        "npy": "_kbvr_depth_m.npy",
        "npz": "_kbvr_depth.npz",
        "exr": "_kbvr_depth.exr",
        "color": "_kbvr_depth_color.png",
    }
)
"""Kind of a depth map -> how its name ends."""


def _wiggle_files(options: ExportOptions) -> list[tuple[str, str, str]]:
    return _loop_files("mono", "_kbvr_wiggle", options)


def _anaglyph_files(options: ExportOptions) -> list[tuple[str, str, str]]:
    return _loop_files("anaglyph", "_kbvr_moving_anaglyph", options)


def _loop_files(packing: str, ending: str, options: ExportOptions) -> list[tuple[str, str, str]]:
    loops = [(ANIMATION_FORMATS[kind], packing, f"{ending}.{kind}") for kind in options.animate_as]
    return [*loops, ("poster", packing, f"{ending}.jpg"), ("snippet", packing, f"{ending}.html")]


KINDS: Mapping[str, OutputKind] = MappingProxyType(
    {
        "stereo": OutputKind("a video for two eyes", _stereo_files, VIDEO_WITHIN_PX),
        "kenburns": OutputKind("a plain video of a moving camera", _kenburns_files, VIDEO_WITHIN_PX),
        "wiggle": OutputKind("a loop for web pages that shows depth without glasses", _wiggle_files, LOOP_WITHIN_PX),
        "anaglyph": OutputKind("a loop for web pages and coloured glasses", _anaglyph_files, LOOP_WITHIN_PX),
        "still": OutputKind("pictures for two eyes", _still_files, STILL_WITHIN_PX, even=False),
        "quilt": OutputKind("a picture of many views, for light field displays", _quilt_files, STILL_WITHIN_PX),
        "autostereogram": OutputKind("a picture to look through", _autostereogram_files, VIDEO_WITHIN_PX, even=False),
        "depth-map": OutputKind("the photo's depth", _depth_map_files, ANY_SIZE_PX, even=False),
        "gltf": OutputKind("a scene to step into", _scene_files("gltf", ".glb"), ANY_SIZE_PX, even=False),
        "html": OutputKind("a page to step into the scene", _scene_files("html", ".html"), ANY_SIZE_PX, even=False),
        "embed": OutputKind("a scene for a place in a page", _embed_files, ANY_SIZE_PX, even=False),
        "ply": OutputKind("a mesh with colours", _scene_files("ply", ".ply"), ANY_SIZE_PX, even=False),
        "obj": OutputKind("a mesh with pictures", _scene_files("obj", ".obj"), ANY_SIZE_PX, even=False),
        "usdz": OutputKind("a scene for Apple's viewers", _scene_files("usdz", ".usdz"), ANY_SIZE_PX, even=False),
        "splats": OutputKind("a scene of Gaussians", _splat_files, ANY_SIZE_PX, even=False),
    }
)
"""Name of `kbvr.options.outputs.OUTPUTS` -> what it is."""


def items_of(output: str, stem: str, out_dir: Path, options: ExportOptions) -> tuple[Item, ...]:
    """Return the files that an output makes of a photo of this name."""
    return tuple(
        Item(form, out_dir / f"{stem}{ending}", packing) for form, packing, ending in KINDS[output].files(options)
    )


def views_of(items: tuple[Item, ...]) -> int:
    """Return how many views an instant of these files has."""
    return max(PACKINGS[item.packing].views for item in items)


def view_size_px(
    output: str, photo_size_px: tuple[int, int], options: ExportOptions, *, f_px: float = 0.0
) -> tuple[int, int]:
    """Return a view's size: the photo's shape, within the largest size, never above its own; even in videos.

    A quilt's views are within the display's shape too. For VR180, a photo of this focal length is not drawn much larger
    than it appears on the half sphere.
    """
    kind = KINDS[output]
    mosts_px = [options.max_size or kind.within_px]
    if output == "quilt":
        mosts_px.append(QUILTS[options.quilt_for].frame_px)
    scale = min(1.0, *(most / own for most_px in mosts_px for most, own in zip(most_px, photo_size_px, strict=True)))
    if output == "stereo" and options.projection == "vr180" and f_px:
        scale = min(scale, VR180_DENSITY * options.vr180_px / math.pi / f_px)
    if kind.even:
        width, height = (max(2, int(own * scale + 1e-6) // 2 * 2) for own in photo_size_px)
    else:
        width, height = (max(1, int(own * scale + 1e-6)) for own in photo_size_px)
    return width, height
