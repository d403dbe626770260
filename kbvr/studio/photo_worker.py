"""What is made of a photo, in another process: its working copy, its depth and its scene.

Decoders and networks run here, so that a crash costs one photo, and pages are answered meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path

from PIL import Image

from kbvr.depth.depth_map import DepthMap
from kbvr.imaging.resize import averaged, scaled_px, within_px
from kbvr.options.depth import DepthOptions
from kbvr.options.export_options import ExportOptions
from kbvr.options.run import RunOptions
from kbvr.photo.photo import Photo, load_photo
from kbvr.pipeline import plan_export, write_export
from kbvr.profiles.choose import profile_of
from kbvr.serving.thumbnail import thumbnail as thumbnail_of
from kbvr.studio.option_texts import parsed
from kbvr.system.atomic_file import atomic_write

WORKING_PIXELS = 1_000_000
"""Size of the working copy of a photo."""

STAGE_PX, STAGE_QUALITY = 2048, 90
"""Long side and JPEG quality of the photo that a page shows."""

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


def preview(photo: Photo, depth: DepthMap, scene: Path) -> None:
    """Write a scene that is made quickly, as a GLB."""
    _write_scene(photo, depth, scene, ExportOptions(gltf=True, fill="spread", triangles=60_000))


def refine(photo: Photo, depth: DepthMap, scene: Path) -> None:
    """Write a scene that is made carefully, as a GLB."""
    _write_scene(photo, depth, scene, ExportOptions(gltf=True))


def _write_scene(photo: Photo, depth: DepthMap, scene: Path, options: ExportOptions) -> None:
    write_export(plan_export(photo, depth, scene, **dict(options) | {"overwrite": True}))


def _write_jpeg(photo: Photo, path: Path, side_px: int, quality: int) -> None:
    stream = BytesIO()
    rgb = averaged(photo.rgb, within_px(photo.size_px, side_px))
    Image.fromarray(rgb).save(stream, "JPEG", quality=quality)
    with atomic_write(path, overwrite=True) as temporary:
        temporary.write_bytes(stream.getvalue())
