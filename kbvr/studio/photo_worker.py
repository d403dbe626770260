"""What is made of a photo, in another process: its working copy, its depth and its scene.

Decoders and networks run here, so that a crash costs one photo, and pages are answered meanwhile.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path

from PIL import Image

from kbvr.depth.depth_map import DepthMap
from kbvr.imaging.resize import averaged, scaled_px, within_px
from kbvr.inpaint.choose import filler_named
from kbvr.options.depth import DepthOptions
from kbvr.options.export_options import ExportOptions
from kbvr.options.run import RunOptions
from kbvr.photo.photo import Photo, load_photo
from kbvr.profiles.choose import profile_of
from kbvr.profiles.depth_source import network_limits
from kbvr.serving.thumbnail import thumbnail as thumbnail_of
from kbvr.studio.live_scene import glb_of, preview_of, refined_of
from kbvr.studio.option_texts import parsed
from kbvr.system.atomic_file import atomic_write

WORKING_PIXELS = 1_000_000
"""Size of the working copy of a photo."""

STAGE_PX, STAGE_QUALITY = 2048, 90
"""Long side and JPEG quality of the photo that a page shows."""

PATIENCE = 10
"""Niceness of the process that makes scenes when there is time."""

THUMBNAIL_PX, THUMBNAIL_QUALITY = 320, 82


@dataclass(frozen=True, eq=False)
class Reading:
    """A photo that has been decoded."""

    photo: Photo
    """The working copy, of at most WORKING_PIXELS."""

    size_px: tuple[int, int]
    """(width, height) of the picture in the file."""


def ready() -> None:
    """Do nothing: the process has loaded this module."""


def thumbnail(path: Path) -> bytes:
    """Return a small JPEG of a photo that nobody has opened. The errors are those of `load_photo`."""
    return thumbnail_of(path, path.suffix.lower(), "")


def read(path: Path, cache: Path, fov_deg: float | None) -> Reading:
    """Decode a photo, and write `photo.jpg` and `thumbnail.jpg` into the cache.

    The errors are those of `load_photo`.
    """
    photo = load_photo(path, fov_deg=fov_deg)
    _write_jpeg(photo, cache / "photo.jpg", STAGE_PX, STAGE_QUALITY)
    _write_jpeg(photo, cache / "thumbnail.jpg", THUMBNAIL_PX, THUMBNAIL_QUALITY)
    return Reading(working_copy(photo), photo.file_size_px)


def working_copy(photo: Photo) -> Photo:
    """Return a photo at a size that can be worked on at once."""
    scale = min(1.0, (WORKING_PIXELS / (photo.size_px[0] * photo.size_px[1])) ** 0.5)
    size_px = scaled_px(photo.size_px, scale)
    rgb = averaged(photo.rgb, size_px)
    rgb.flags.writeable = False
    return replace(photo, rgb=rgb, f_px=photo.f_px * size_px[0] / photo.size_px[0])


def estimate(photo: Photo, texts: Mapping[str, str]) -> DepthMap:
    """Return the depth of a photo, by those of the options that affect it. The errors are those of `kbvr.export`."""
    names = {*DepthOptions.model_fields, *RunOptions.model_fields}
    options = parsed({name: text for name, text in texts.items() if name in names} | {"kenburns": "yes"})
    return profile_of(options).depth(photo)


def preview(photo: Photo, depth: DepthMap, texts: Mapping[str, str], scene: Path) -> None:
    """Write a scene that is made quickly, as a GLB."""
    _write(scene, glb_of(preview_of(photo, depth, surround=_scene_options(texts).surround)))


def refine(path: Path, depth: DepthMap, texts: Mapping[str, str], scene: Path) -> None:
    """Write a scene that is made carefully, as a GLB; `path` is that of the photo. The process becomes a patient one.

    The errors are those of `kbvr.export`.
    """
    _be_patient()
    options = _scene_options(texts)
    filler = filler_named(options.fill, **network_limits(options))
    photo = load_photo(path, fov_deg=options.fov_deg)
    _write(scene, glb_of(refined_of(photo, depth, filler=filler, surround=options.surround)))


def _scene_options(texts: Mapping[str, str]) -> ExportOptions:
    """Return the options that affect a scene."""
    names = ("fill", "surround", "fov_deg", *RunOptions.model_fields)
    return parsed({name: texts[name] for name in names if name in texts} | {"kenburns": "yes"})


def _be_patient() -> None:
    """Let other processes go first, where the system can do that."""
    if hasattr(os, "nice") and os.nice(0) < PATIENCE:
        os.nice(PATIENCE)


def _write(path: Path, content: bytes) -> None:
    with atomic_write(path, overwrite=True) as temporary:
        temporary.write_bytes(content)


def _write_jpeg(photo: Photo, path: Path, side_px: int, quality: int) -> None:
    stream = BytesIO()
    rgb = averaged(photo.rgb, within_px(photo.size_px, side_px))
    Image.fromarray(rgb).save(stream, "JPEG", quality=quality)
    _write(path, stream.getvalue())
