"""How the files of every output are named, and which formats and packings they have."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from kbvr.errors import InputError
from kbvr.formats.packing.layouts import INTERLEAVED, QUILTS
from kbvr.formats.spec.codecs import container_of
from kbvr.formats.spec.format import Item
from kbvr.options.export_options import ExportOptions
from kbvr.options.outputs import PACKED_STILLS

SUFFIXES = frozenset(
    (
        *(".mp4", ".mkv", ".webm", ".gif", ".webp", ".avif", ".jpg", ".jpeg", ".png", ".jps", ".mpo", ".heic"),
        *(".npy", ".npz", ".exr", ".glb", ".html", ".ply", ".obj", ".usdz"),
    )
)
"""What names of files end with."""

OTHER_SUFFIXES = frozenset((".mov", ".avi", ".m4v", ".tif", ".tiff", ".bmp", ".heif", ".stl", ".fbx", ".gltf", ".zip"))
"""What others' files end with: no folder is called so. An output folder may have any other ending."""


class File(NamedTuple):
    """One file of an output."""

    format: str
    """A name of `kbvr.formats.registry.FORMATS`."""

    packing: str
    ending: str
    """What follows the photo's name."""


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


def stereo_files(options: ExportOptions) -> list[File]:
    """Return the videos for two eyes, one a layout."""
    layouts = [one for layout in options.layout for one in (("left", "right") if layout == "left-right" else (layout,))]
    form, kind = ("vr180-video", "180-") if options.projection == "vr180" else ("video", "")
    endings = {**NAME_ENDINGS, **PLAYER_ENDINGS[options.name_for]}
    return [File(form, layout, f"{endings[kind + layout]}{_suffix(options)}") for layout in layouts]


def kenburns_files(options: ExportOptions) -> list[File]:
    """Return the plain video."""
    return [File("video", "mono", f"_kbvr{_suffix(options)}")]


def _suffix(options: ExportOptions) -> str:
    return f".{container_of(options.codec, options.container)}"


def _picture_suffix(packing: str, options: ExportOptions) -> str:
    best = "png" if packing in INTERLEAVED else "jpeg"
    return {"jpeg": ".jpg", "png": ".png", "webp": ".webp"}[options.picture or best]


def still_files(options: ExportOptions) -> list[File]:
    """Return the stills that are neither quilt nor autostereogram."""
    files: list[File] = []
    for name in options.still or ():
        if name in PACKED_STILLS:
            packings = ("left", "right") if name == "left-right" else (name,)
            files += [File("picture", one, NAME_ENDINGS[one] + _picture_suffix(one, options)) for one in packings]
        elif name in PAIR_FILES:
            files.append(PAIR_FILES[name])
    return files


def quilt_files(options: ExportOptions) -> list[File]:
    """Return the quilt."""
    quilt, packing = QUILTS[options.quilt_for], f"quilt-{options.quilt_for}"
    ending = f"_kbvr_qs{quilt.columns}x{quilt.rows}a{quilt.aspect:g}{_picture_suffix('rows', options)}"
    return [File("picture", packing, ending)]


def autostereogram_files(options: ExportOptions) -> list[File]:
    """Return the autostereogram."""
    return [File("autostereogram", "mono", f"_kbvr_autostereogram{_picture_suffix('rows', options)}")]


def depth_map_files(options: ExportOptions) -> list[File]:
    """Return the depth maps."""
    return [File("depth-map", name, DEPTH_ENDINGS[name]) for name in options.depth_map or ()]


def splat_files(_: ExportOptions) -> list[File]:
    """Return the files of Gaussians."""
    return [File("splats", "mono", "_kbvr_splats.ply"), File("splats-gltf", "mono", "_kbvr_splats.glb")]


def scene_files(form: str, suffix: str) -> Callable[[ExportOptions], list[File]]:
    """Return what returns the one file of a scene."""
    return lambda _: [File(form, "mono", f"_kbvr{suffix}")]


def embed_files(options: ExportOptions) -> list[File]:
    """Return the files for a place in a page: the scene, unless it is made anyway, and the HTML."""
    scene = [] if "gltf" in options.outputs else [File("gltf", "mono", "_kbvr.glb")]
    return [*scene, File("embed", "mono", "_kbvr_embed.html")]


PAIR_FILES: Mapping[str, File] = MappingProxyType(
    {
        "jps": File("jps", "cross", "_kbvr.jps"),
        "mpo": File("mpo", "apart", "_kbvr.mpo"),
        "vr180": File("vr180-photo", "apart", "_kbvr.vr.jpg"),
        "spatial": File("spatial", "apart", "_kbvr_spatial.heic"),
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


def wiggle_files(options: ExportOptions) -> list[File]:
    """Return the files of a wiggle."""
    return _loop_files("mono", "_kbvr_wiggle", options)


def anaglyph_files(options: ExportOptions) -> list[File]:
    """Return the files of a moving anaglyph."""
    return _loop_files("anaglyph", "_kbvr_moving_anaglyph", options)


def _loop_files(packing: str, ending: str, options: ExportOptions) -> list[File]:
    loops = [File(ANIMATION_FORMATS[kind], packing, f"{ending}.{kind}") for kind in options.animate_as]
    return [*loops, File("poster", packing, f"{ending}.jpg"), File("snippet", packing, f"{ending}.html")]


def names_a_file(out: Path) -> bool:
    """Return whether outputs are to go into a file of this name, not into a folder."""
    return out.suffix.lower() in SUFFIXES | OTHER_SUFFIXES and not out.is_dir()


def fitted_to(out: Path, options: ExportOptions) -> ExportOptions:
    """Return options with the container or the kind of picture that the name of a file asks for."""
    suffix = out.suffix.lower().removeprefix(".").replace("jpg", "jpeg")
    if not names_a_file(out):
        return options
    if suffix in ("mp4", "mkv", "webm") and options.container == "auto":
        return options.model_copy(update={"container": suffix})
    if suffix in ("jpeg", "png", "webp") and options.picture is None and options.still:
        return options.model_copy(update={"picture": suffix})
    return options


def moved_to(out: Path, items: Sequence[Item]) -> Item:
    """Return the only item there is, at a place of its own.

    Raises:
        InputError: if there is another number of items, or the name ends as no file of that kind does.
    """
    if len(items) != 1:
        names = ", ".join(item.path.name for item in items)
        raise InputError(f"{out} names one file, but this makes {len(items)}: {names}; give a folder")
    wanted, found = (path.suffix.lower().replace(".jpeg", ".jpg") for path in (items[0].path, out))
    if wanted != found:
        raise InputError(f"the name of this output must end with {wanted}, got {out}")
    return replace(items[0], path=out)
