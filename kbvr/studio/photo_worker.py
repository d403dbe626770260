"""What is made of a photo, in another process: its working copy, its depth and its scene.

Decoders and networks run here, so that a crash costs one photo, and pages are answered meanwhile. Nothing is written:
files are returned as bytes.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from kbvr.depth.depth_map import DepthMap
from kbvr.errors import InputError, OptionsError
from kbvr.imaging.resize import averaged, scaled_px, within_px
from kbvr.inpaint.choose import filler_named
from kbvr.options.depth import DepthOptions
from kbvr.options.export_options import ExportOptions
from kbvr.options.old_photo import OldPhotoOptions
from kbvr.photo import decoders
from kbvr.photo.decoding_memory import FIXED_BYTES
from kbvr.photo.panorama import PanoramaKind
from kbvr.photo.photo import Photo, load_photo, photo_from_array
from kbvr.photo.picture_size import header_size_px
from kbvr.plan.name_endings import pair_layout_named
from kbvr.profiles.choose import profile_of
from kbvr.profiles.depth_source import network_limits
from kbvr.profiles.old_photo import OldPhotoSteps, for_depth_network
from kbvr.serving.thumbnail import thumbnail as thumbnail_of
from kbvr.studio.layer_pictures import LayerPicture, layer_pictures
from kbvr.studio.live_scene import LiveScene, glb_of, preview_of, refined_of
from kbvr.studio.option_texts import parsed

WORKING_PIXELS = 1_000_000
"""Size of the working copy of a photo."""

STAGE_PX, STAGE_QUALITY = 2048, 90
"""Long side and JPEG quality of the photo that a page shows."""

THUMBNAIL_PX, THUMBNAIL_QUALITY = 320, 82

PATIENCE = 10
"""Niceness of the process that makes scenes when there is time."""

MIN_DECODED_PIXELS, HALF_SIZE_BYTES_A_PX = 2_000_000, 10
"""Pixels that are enough for everything here; a memory limit below what a JPEG takes at full size."""

PHOTO_NAMES = (*OldPhotoOptions.model_fields, "fov_deg", "panorama", "device")
DEPTH_NAMES = (*OldPhotoOptions.model_fields, *DepthOptions.model_fields, "profile", "device")
SCENE_NAMES = ("fill", "surround", "fov_deg", "device")
"""Options that affect the photo itself, the depth, and the scene."""

_last: list[tuple[str, LiveScene]] = []
"""The last preview and its key, for what else is made of it."""


@dataclass(frozen=True, eq=False)
class Reading:
    """A photo that has been decoded."""

    photo: Photo
    """The working copy, of at most WORKING_PIXELS."""

    size_px: tuple[int, int]
    """(width, height) of the picture in the file."""

    shown: bytes
    """A JPEG of the photo for the page."""

    thumbnail: bytes


def ready() -> None:
    """Do nothing: the process has loaded this module."""


def warm_up() -> None:
    """Do everything once with a tiny photo, so that the first real one does not wait for networks to be loaded."""
    decoders.warm_up()
    rgb = np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8)
    photo = photo_from_array(rgb)
    glb_of(preview_of(photo, estimate(photo, {}), surround="none"))


def thumbnail(path: Path) -> bytes:
    """Return a small JPEG of a photo that nobody has opened. The errors are those of `load_photo`."""
    try:
        return thumbnail_of(path, path.suffix.lower(), "")
    except InputError:  # it may be a photo all the same; if not, this says in words what it is
        return _jpeg(load_photo(path), THUMBNAIL_PX, THUMBNAIL_QUALITY)


def read(path: Path, texts: Mapping[str, str]) -> Reading:
    """Decode a photo; repair it and give it colours if the options say so. The errors are those of `kbvr.export`."""
    photo = _loaded(path, _only(PHOTO_NAMES, texts))
    working = working_copy(photo)
    shown = _jpeg(photo, STAGE_PX, STAGE_QUALITY)
    return Reading(working, photo.file_size_px, shown, _jpeg(working, THUMBNAIL_PX, THUMBNAIL_QUALITY))


def _loaded(path: Path, options: ExportOptions) -> Photo:
    photo = quickly_loaded(path, options.fov_deg, options.panorama)
    if photo.around is not None:
        raise OptionsError(
            "a 360 photo cannot be shown here: {panorama} cylinder makes an ordinary view of it, and `kbvr export` a "
            "360 stereo picture"
        )
    steps = OldPhotoSteps(options)
    return steps.coloured(steps.repaired(photo))


def quickly_loaded(path: Path, fov_deg: float | None, panorama: PanoramaKind = "auto") -> Photo:
    """Return a photo, a large JPEG at half its size, which takes a third of the time. See `load_photo`."""
    size_px, layout = header_size_px(path) or (0, 0), pair_layout_named(path.stem)
    pixels = size_px[0] * size_px[1]
    load = partial(load_photo, path, fov_deg=fov_deg, panorama=panorama, probable_layout=layout)
    if pixels < 4 * MIN_DECODED_PIXELS:
        return load()
    limit_bytes = FIXED_BYTES + HALF_SIZE_BYTES_A_PX * pixels
    try:
        photo = load(max_memory_bytes=limit_bytes)
    except (InputError, MemoryError):  # no JPEG
        return load()
    return replace(photo, notes=tuple(note for note in photo.notes if not note.startswith("decoded at ")))


def working_copy(photo: Photo) -> Photo:
    """Return a photo at a size that can be worked on at once."""
    scale = min(1.0, (WORKING_PIXELS / (photo.size_px[0] * photo.size_px[1])) ** 0.5)
    size_px = scaled_px(photo.size_px, scale)
    rgb = averaged(photo.rgb, size_px)
    rgb.flags.writeable = False
    view = photo.second_view and photo.second_view.within_px(max(size_px))
    return replace(photo, rgb=rgb, f_px=photo.f_px * size_px[0] / photo.size_px[0], second_view=view)


def estimate(photo: Photo, texts: Mapping[str, str]) -> DepthMap:
    """Return the depth of a photo, by those of the options that affect it. The errors are those of `kbvr.export`."""
    options = _only(DEPTH_NAMES, texts)
    return profile_of(options).depth(for_depth_network(photo, options))


def preview(photo: Photo, depth: DepthMap, texts: Mapping[str, str], key: str) -> bytes:
    """Return a scene that is made quickly, as a GLB; `key` names it."""
    return glb_of(_preview(photo, depth, texts, key))


def tinted(photo: Photo, depth: DepthMap, texts: Mapping[str, str], key: str) -> bytes:
    """Return the same, with what is invented in a colour of its own."""
    return glb_of(_preview(photo, depth, texts, key), is_tinted=True)


def layers(photo: Photo, depth: DepthMap, texts: Mapping[str, str], key: str) -> list[LayerPicture]:
    """Return the pictures of its layers."""
    return layer_pictures(_preview(photo, depth, texts, key).scene.ldi)


def refine(path: Path, depth: DepthMap, texts: Mapping[str, str]) -> bytes:
    """Return a scene that is made carefully, as a GLB; `path` is that of the photo. The process becomes a patient one.

    The errors are those of `kbvr.export`.
    """
    _be_patient()
    options = _only((*PHOTO_NAMES, *SCENE_NAMES), texts)
    filler = filler_named(options.fill, **network_limits(options))
    photo = _loaded(path, options)
    return glb_of(refined_of(photo, depth, filler=filler, surround=options.surround))


def _preview(photo: Photo, depth: DepthMap, texts: Mapping[str, str], key: str) -> LiveScene:
    if not _last or _last[0][0] != key:
        _last[:] = [(key, preview_of(photo, depth, surround=_only(SCENE_NAMES, texts).surround))]
    return _last[0][1]


def _only(names: tuple[str, ...], texts: Mapping[str, str]) -> ExportOptions:
    """Return options with these names only."""
    return parsed({name: texts[name] for name in names if name in texts} | {"kenburns": "yes"})


def _be_patient() -> None:
    """Let other processes go first, where the system can do that."""
    if not hasattr(os, "nice") or os.nice(0) >= PATIENCE:
        return
    os.nice(PATIENCE)
    with suppress(OSError):  # Linux compares only processes of a session; sessions share the processor evenly
        os.setsid()
        Path("/proc/self/autogroup").write_text(str(PATIENCE), "ascii")


def _jpeg(photo: Photo, side_px: int, quality: int) -> bytes:
    stream = BytesIO()
    rgb = averaged(photo.rgb, within_px(photo.size_px, side_px))
    Image.fromarray(rgb).save(stream, "JPEG", quality=quality)
    return stream.getvalue()
