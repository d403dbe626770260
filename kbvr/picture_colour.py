"""Colours: a decoded picture of any mode becomes sRGB, with its transparent parts laid over white."""

from __future__ import annotations

import logging
import os
from io import BytesIO

import numpy as np
from PIL import Image, ImageCms

from kbvr.errors import InputError
from kbvr.picture_file import rounded_to_8_bit, shown

_log = logging.getLogger(__name__)


def srgb_over_white(image: Image.Image, path: str | os.PathLike[str]) -> Image.Image:
    """Return RGB in sRGB.

    White, as paper: what lies under a transparent pixel was never meant to be seen, and is often black.
    Premultiplied files (TIFF's associated alpha) are divided first, so that their edges stay clean.
    """
    colours, alpha = _split_alpha(_at_most_8_bit(image, path))
    rgb = _srgb(colours, image.info.get("icc_profile"), path)
    if alpha is None:
        return rgb
    return Image.composite(rgb, Image.new("RGB", rgb.size, "white"), alpha)


def _at_most_8_bit(image: Image.Image, path: str | os.PathLike[str]) -> Image.Image:
    """Round 16-bit grey to L or LA; leave other 8-bit modes alone."""
    if image.mode in ("1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr"):
        return image
    values = np.asarray(image)
    if not image.mode.startswith("I") or values.min() < 0 or values.max() > 65535:
        raise InputError(f"{shown(path)}: wanted 8 or 16 bits of grey, RGB, palette or CMYK, got mode {image.mode}")
    grey = Image.fromarray(rounded_to_8_bit(values.astype(np.uint16)))
    clear_value = image.info.get("transparency")
    if isinstance(clear_value, int):
        grey.putalpha(Image.fromarray(np.where(values == clear_value, 0, 255).astype(np.uint8)))
    return grey


def _split_alpha(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """Return the colours in L, RGB or CMYK, and the alpha in L if there is one."""
    grey = image.mode in ("1", "L", "LA", "La")
    plain = "L" if grey else "CMYK" if image.mode == "CMYK" else "RGB"
    if not image.has_transparency_data:
        return (image if image.mode == plain else image.convert(plain)), None
    if image.mode == "La":
        image = image.convert("LA")
    straight = image.convert("LA" if grey else "RGBA")
    return straight.convert(plain), straight.getchannel("A")


def _srgb(colours: Image.Image, icc_profile: bytes | None, path: str | os.PathLike[str]) -> Image.Image:
    """Convert L, RGB or CMYK to sRGB by the file's profile; without a usable one, L and RGB are sRGB."""
    if icc_profile:
        try:
            profile = ImageCms.ImageCmsProfile(BytesIO(icc_profile))
            space = profile.profile.xcolor_space.strip()
            if space == "RGB" and colours.mode == "L":
                colours = colours.convert("RGB")
            converted = ImageCms.profileToProfile(
                colours,
                profile,
                ImageCms.createProfile("sRGB"),
                renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
                outputMode="RGB",
                flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
            )
            assert converted is not None  # only None when done in place
            return converted
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError) as error:
            _log.warning("%s: its colour profile cannot be used and is left out (%s)", shown(path), error)
    return colours.convert("RGB")
