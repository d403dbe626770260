"""The names, formats and packings of each output's files."""

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
from kbvr.plan.name_endings import NAME_ENDINGS, PLAYER_ENDINGS

SUFFIXES = frozenset(
    (
        *(".mp4", ".mkv", ".webm", ".gif", ".webp", ".avif", ".jpg", ".jpeg", ".png", ".jps", ".mpo", ".heic"),
        *(".npy", ".npz", ".exr", ".glb", ".html", ".ply", ".obj", ".usdz"),
    )
)
"""Suffixes of the files that kbvr writes."""

OTHER_SUFFIXES = frozenset((".mov", ".avi", ".m4v", ".tif", ".tiff", ".bmp", ".heif", ".stl", ".fbx", ".gltf", ".zip"))
"""Suffixes of other files, which are not taken for folder names either."""


class File(NamedTuple):
    """One file of an output."""

    format: str
    """A name of `kbvr.formats.registry.FORMATS`."""

    packing: str
    ending: str
    """The rest of its name after the photo's name."""


ANIMATION_FORMATS: Mapping[str, str] = MappingProxyType({"gif": "gif", "webp": "webp", "avif": "avif", "mp4": "clip"})
"""Name of `kbvr.options.loop.ANIMATIONS`, which is also the suffix -> format."""


def stereo_files(options: ExportOptions) -> list[File]:
    """Return the videos for two eyes, one per layout."""
    pairs = [("left", "right") if layout == "left-right" else (layout,) for layout in options.layout]
    form, prefix = ("vr180-video", "180-") if options.projection == "vr180" else ("video", "")
    endings = {**NAME_ENDINGS, **PLAYER_ENDINGS[options.name_for]}
    return [
        File(form, packing, f"{endings[prefix + packing]}{_video_suffix(options)}")
        for packings in pairs
        for packing in packings
    ]


def kenburns_files(options: ExportOptions) -> list[File]:
    """Return the plain video."""
    return [File("video", "mono", f"_kbvr{_video_suffix(options)}")]


def _video_suffix(options: ExportOptions) -> str:
    return f".{container_of(options.codec, options.container)}"


def _picture_suffix(packing: str, options: ExportOptions) -> str:
    default = "png" if packing in INTERLEAVED else "jpeg"
    return {"jpeg": ".jpg", "png": ".png", "webp": ".webp"}[options.picture or default]


def still_files(options: ExportOptions) -> list[File]:
    """Return the stills of two views."""
    files: list[File] = []
    for name in options.still or ():
        if name in PACKED_STILLS:
            packings = ("left", "right") if name == "left-right" else (name,)
            files += [File("picture", p, NAME_ENDINGS[p] + _picture_suffix(p, options)) for p in packings]
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


def rgbd_files(options: ExportOptions) -> list[File]:
    """Return the RGB-D picture."""
    return [File("rgbd", "mono", f"_kbvr_rgbd{_picture_suffix('rows', options)}")]


def flat_files(options: ExportOptions) -> list[File]:
    """Return the photo itself."""
    return [File("flat", "mono", f"_kbvr_flat{_picture_suffix('mono', options)}")]


def depth_map_files(options: ExportOptions) -> list[File]:
    """Return the depth maps."""
    return [File("depth-map", name, DEPTH_ENDINGS[name]) for name in options.depth_map or ()]


def scene_files(**endings: str) -> Callable[[ExportOptions], list[File]]:
    """Return a function that returns the files of a scene output, from the endings of its formats."""
    return lambda _: [File(name.replace("_", "-"), "mono", ending) for name, ending in endings.items()]


def embed_files(options: ExportOptions) -> list[File]:
    """Return the files of an embedded scene: the GLB, unless `gltf` makes it, and the HTML."""
    scene = [] if "gltf" in options.outputs else [File("gltf", "mono", "_kbvr.glb")]
    return [*scene, File("embed", "mono", "_kbvr_embed.html")]


PAIR_FILES: Mapping[str, File] = MappingProxyType(
    {
        "jps": File("jps", "cross", "_kbvr.jps"),
        "mpo": File("mpo", "apart", "_kbvr.mpo"),
        "vr180": File("vr180-photo", "apart", "_kbvr.vr.jpg"),
        "vr360": File("vr360-photo", "tb", "_kbvr_360_TB.jpg"),
        "spatial": File("spatial", "apart", "_kbvr_spatial.heic"),
    }
)
"""Still with its own format -> file."""

DEPTH_ENDINGS: Mapping[str, str] = MappingProxyType(
    {
        "png": "_kbvr_depth.png",
        "npy": "_kbvr_depth_m.npy",
        "npz": "_kbvr_depth.npz",
        "exr": "_kbvr_depth.exr",
        "color": "_kbvr_depth_color.png",
    }
)
"""Kind of depth map -> ending."""


def loop_files(packing: str, ending: str) -> Callable[[ExportOptions], list[File]]:
    """Return a function that returns the files of a loop."""
    companions = [File("poster", packing, f"{ending}.jpg"), File("snippet", packing, f"{ending}.html")]
    return lambda options: [
        *(File(ANIMATION_FORMATS[kind], packing, f"{ending}.{kind}") for kind in options.animate_as),
        *companions,
    ]


def names_a_file(out: Path) -> bool:
    """Return whether `out` names the output file, rather than the folder to write to."""
    return out.suffix.lower() in SUFFIXES | OTHER_SUFFIXES and not out.is_dir()


def fitted_to(out: Path, options: ExportOptions) -> ExportOptions:
    """Return options with the container or picture format that the suffix of an output file implies."""
    suffix = out.suffix.lower().removeprefix(".").replace("jpg", "jpeg")
    if not names_a_file(out):
        return options
    if suffix in ("mp4", "mkv", "webm") and options.container == "auto":
        return options.model_copy(update={"container": suffix})
    if suffix in ("jpeg", "png", "webp") and options.picture is None and options.still:
        return options.model_copy(update={"picture": suffix})
    return options


def moved_to(out: Path, items: Sequence[Item]) -> Item:
    """Return the only item, with another path.

    Raises:
        InputError: if there is not exactly one item, or the path has the wrong suffix.
    """
    if len(items) != 1:
        names = ", ".join(item.path.name for item in items)
        raise InputError(f"expected a folder for {len(items)} files ({names}), got the file name {out}")
    expected, found = (path.suffix.lower().replace(".jpeg", ".jpg") for path in (items[0].path, out))
    if expected != found:
        raise InputError(f"expected an output name that ends in {expected}, got {out}")
    return replace(items[0], path=out)
