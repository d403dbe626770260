"""How pictures look, in stills, videos and loops."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from kbvr.options.declare import OptionGroup, option
from kbvr.options.values import MAX_ASPECT, Aspect, Place, Size

PictureFile = Literal["jpeg", "png", "webp"]
QuiltDisplay = Literal["portrait", "go", "16", "32", "65"]
"""Looking Glass displays; numbers are sizes in inches."""

Pattern = Literal["dots", "photo"]
Glasses = Literal["red-cyan", "green-magenta", "amber-blue"]
"""The filter colours of the left and the right eye."""

AnaglyphColours = Literal["auto", "dubois", "true", "gray", "colour", "half-colour", "optimised"]
"""Methods of `kbvr.formats.packing.anaglyph`; auto is replaced by one of them for each photo."""

ANAGLYPHS = ("video", "picture", "gif", "webp", "avif", "clip", "poster")


class PictureOptions(OptionGroup, title="Picture"):
    """How pictures look, in stills, videos and loops."""

    max_size: Size | None = option(
        None,
        "Maximum picture size per eye, in pixels; never above the photo's size.",
        accepts="WIDTHxHEIGHT like 1920x1080, or one number for both, 16 or more",
        metavar="WxH",
        default_text="1920x1080 for videos and autostereograms, 4096x4096 for other stills, 720x720 for --wiggle and "
        "--anaglyph",
        is_common=True,
        python_type="int | str | tuple[int, int]",
    )
    aspect: Aspect | None = option(
        None,
        "Shape of the picture, like 9:16, 4:5 or 1:1. The photo is cropped around its subject.",
        accepts=f"width:height from 1:{MAX_ASPECT:g} to {MAX_ASPECT:g}:1, like 9:16",
        metavar="W:H",
        default_text="the photo's shape",
        is_common=True,
        python_type="str | tuple[float, float]",
    )
    quality: int | None = option(
        None,
        "Quality of videos, JPEG and WebP pictures. Each 15 points more make a video about twice as large.",
        between=(1, 100),
        metavar="1-100",
        default_text="75 for videos, 95 for pictures",
        used_by=(
            *(
                "video",
                "picture",
                "jps",
                "mpo",
                "vr180-photo",
                "vr360-photo",
                "spatial",
                "autostereogram",
                "rgbd",
                "flat",
                "vr180-video",
            ),
            *("gltf", "html", "obj", "usdz"),
        ),
    )
    picture: PictureFile | None = option(
        None,
        "The file format of stills that are plain pictures.",
        default_text="jpeg; png for rows, columns, checkerboard, quilt, autostereogram and rgbd",
        used_by=("picture", "autostereogram", "rgbd", "flat"),
    )
    glasses: Glasses = option("red-cyan", "Colours of the anaglyph glasses, left eye first.", used_by=ANAGLYPHS)
    anaglyph_colours: AnaglyphColours = option(
        "auto",
        "How the colours of anaglyphs are made. auto: dubois, or the method that suits the photo's colours clearly "
        "better, for example half-colour if much of it is red; dubois: calm, with the faintest ghosts; half-colour, "
        "colour: more colour, but tiring where colours are strong; gray: without colour; true: dark, without ghosting; "
        "optimised: less red, for comfort. true and optimised require red-cyan glasses.",
        used_by=ANAGLYPHS,
    )
    quilt_for: QuiltDisplay = option(
        "portrait", "The Looking Glass display that a quilt is for; 16, 32 and 65 are inches.", used_by=("picture",)
    )
    autostereogram_pattern: Pattern = option(
        "dots", "What an autostereogram repeats: random dots or a strip of the photo.", used_by=("autostereogram",)
    )
    focus: Place | None = option(
        None,
        "The point in focus, in percent of the width and height, as in 40,60%. --aperture sets how much the rest is "
        "blurred.",
        accepts="x,y in percent of width and height, like 40,60%",
        metavar="X,Y%",
        default_text="the subject",
        python_type="str | tuple[float, float]",
    )
    aperture_percent: float | None = option(
        None,
        "Depth of field: the largest blur, in percent of the width. Rendering takes longer.",
        between=(0, 5),
        unit="percent of the width",
        flag="--aperture",
        metavar="PERCENT",
        default_text="0, all is sharp; 1 with --focus",
    )
    vignette: float = option(0.0, "How much darker the corners are.", between=(0, 1), metavar="0-1")
    fill: str | Path = option(
        "auto",
        "How areas that the photo hides are filled. auto: lama if it is installed, else patches; patches: pieces of "
        "what is visible around them, which continue lines and textures; spread: smooth colours with nearby texture; "
        "kbvr-fill: a small built-in network, smooth; lama, migan: LaMa and MI-GAN, which `kbvr models pull` "
        "downloads; FILE: another network's ONNX file.",
        accepts="auto, a name or an ONNX file",
        metavar="auto|NAME|FILE",
        suggestions=("auto", "patches", "spread", "kbvr-fill", "lama", "migan"),
    )
