"""How pictures look, in stills, videos and loops."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from kbvr.options.declare import OptionGroup, option
from kbvr.options.values import Place, Ratio, Size

PictureFile = Literal["jpeg", "png", "webp"]
QuiltDisplay = Literal["portrait", "go", "16", "32", "65"]
"""Looking Glass displays; numbers are inches across the long side."""

Pattern = Literal["dots", "photo"]
Glasses = Literal["red-cyan", "green-magenta", "amber-blue"]
"""Colours in front of the left and the right eye."""

AnaglyphColours = Literal["dubois", "true", "gray", "colour", "half-colour", "optimised"]
"""How the colours of two pictures become those of one (`kbvr.formats.packing.anaglyph`)."""

ANAGLYPHS = ("video", "picture", "gif", "webp", "avif", "clip", "poster")


class PictureOptions(OptionGroup):
    """How pictures look, in stills, videos and loops."""

    title: ClassVar[str] = "Picture"

    max_size: Size | None = option(
        None,
        "Largest picture per eye, in pixels; never larger than the photo.",
        takes="WIDTHxHEIGHT like 1920x1080, 16x16 or more",
        metavar="WxH",
        unset="1920x1080 for videos, 720x720 for --wiggle and --anaglyph",
        is_common=True,
        python="str | tuple[int, int]",
    )
    aspect: Ratio | None = option(
        None,
        "Shape of the picture, like 9:16, 4:5 or 1:1. The photo is cut to it around its subject.",
        takes="width:height, like 9:16",
        metavar="W:H",
        unset="the photo's own",
        is_common=True,
        python="str | tuple[float, float]",
    )
    quality: int | None = option(
        None,
        "Quality of videos, JPEG and WebP pictures. Every 15 points more make a video about twice as large.",
        least=1,
        most=100,
        metavar="1-100",
        unset="75 for videos, 95 for pictures",
        used_by=(
            *("video", "picture", "jps", "mpo", "vr180-photo", "spatial", "autostereogram", "vr180-video"),
            *("gltf", "html", "obj", "usdz"),
        ),
    )
    picture: PictureFile | None = option(
        None,
        "The file format of stills that are plain pictures.",
        unset="jpeg; png for rows, columns, checkerboard, quilt and autostereogram",
        used_by=("picture", "autostereogram"),
    )
    glasses: Glasses = option("red-cyan", "Colours of the glasses for anaglyphs, left eye first.", used_by=ANAGLYPHS)
    anaglyph_colours: AnaglyphColours = option(
        "dubois",
        "How the colours of anaglyphs are made. dubois: as faithful as the glasses allow; half-colour, colour: "
        "brighter, and tiring where colours are strong; gray: without colour; true: dark, without ghosts; "
        "optimised: gives up reds for comfort. true and optimised are for red-cyan glasses.",
        used_by=ANAGLYPHS,
    )
    quilt_for: QuiltDisplay = option(
        "portrait", "The Looking Glass display that a quilt is for; numbers are inches.", used_by=("picture",)
    )
    autostereogram_pattern: Pattern = option(
        "dots", "What an autostereogram repeats: random dots, or a strip of the photo.", used_by=("autostereogram",)
    )
    focus: Place | None = option(
        None,
        "Where the picture is sharp, in percent of its width and height, as in 40,60%; the rest is blurred as "
        "--aperture says.",
        takes="x,y in percent of width and height, like 40,60%",
        metavar="X,Y%",
        unset="the subject",
        python="str | tuple[float, float]",
    )
    aperture_percent: float | None = option(
        None,
        "Depth of field: the largest blur, in percent of the width. Rendering takes longer.",
        least=0,
        most=5,
        unit="percent of the width",
        flag="--aperture",
        metavar="PERCENT",
        unset="none, all is sharp; 1 with --focus",
    )
    vignette: float = option(0.0, "How much darker the corners are.", least=0, most=1, metavar="0-1")
    fill: str | Path = option(
        "auto",
        "How the areas hidden in the photo are filled in. auto: lama if it is installed, else kbvr-fill, a small "
        "network that is built in; spread: smooth colours and the texture beside them; lama, migan: LaMa and "
        "MI-GAN, which `kbvr models pull` downloads; FILE: another network's ONNX file.",
        takes="auto, a name or an ONNX file",
        metavar="auto|NAME|FILE",
        suggests=("auto", "spread", "kbvr-fill", "lama", "migan"),
    )
