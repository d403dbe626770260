"""How the camera moves in a video."""

from __future__ import annotations

from pathlib import Path

from kbvr.motion.crop import DEFAULT_SHIFT_PX, DEFAULT_ZOOM
from kbvr.motion.path_names import Ease, PathName, Strength
from kbvr.options.declare import OptionGroup, option
from kbvr.options.values import CropText, StepsText

CROP = "x,y,width,height in pixels, or in percent with a % at the end"
CROP_TYPE = "str | tuple[float, float, float, float] | Crop"


class MotionOptions(OptionGroup, title="Motion"):
    """How the camera moves in a video."""

    path: PathName | None = option(
        None,
        "How the camera moves. swing: from side to side; circle: in a circle; orbit: around the subject; dolly: in; "
        "dolly-zoom: back while zooming in; kenburns: from one crop to another; flight: deep into the picture; "
        "keyframes: as --keyframes says; static: not at all.",
        default_text="kenburns for --kenburns, else swing",
        metavar="NAME",
        is_common=True,
    )
    strength: Strength = option(
        "normal",
        "How large camera moves are. In a scene, it is how far a head may move. Moves are made smaller if they would "
        "show many flaws; gentle allows fewer, bold allows more; --explain tells why. Values that you give, such as "
        "--zoom, are kept.",
        is_common=True,
    )
    seconds: float | None = option(
        None, "Length of the video.", between=(0.1, 600), unit="seconds", default_text="6", is_common=True
    )
    ease: Ease | None = option(
        None,
        "How the camera speeds up and slows down. smooth: at rest at both ends; in: starts at rest; out: ends at "
        "rest; linear: at a constant speed.",
        default_text="smooth",
    )
    loop: bool | None = option(
        None,
        "Move there and back, so that the video repeats without a jump. --one-way: move there only.",
        off_flag="--one-way",
        default_text="--loop; --one-way for flight and keyframes",
    )
    steps: StepsText | None = option(
        None,
        "N frames, spaced evenly from A to B along the path: 0 is its start, 1 its end. Beyond 1 the camera "
        "continues, and slows down before it hits anything.",
        accepts="first:last:frames, like 0:8:400",
        metavar="A:B:N",
        python_type="str | tuple[float, float, int] | Steps",
    )
    from_crop: CropText | None = option(
        None,
        "The part of the photo that a kenburns path starts with, in pixels, or in percent as in 0,10,80,80%.",
        accepts=CROP,
        flag="--from",
        metavar="X,Y,W,H",
        default_text="chosen automatically",
        python_type=CROP_TYPE,
    )
    to_crop: CropText | None = option(
        None,
        "The part of the photo that a kenburns path ends with.",
        accepts=CROP,
        flag="--to",
        metavar="X,Y,W,H",
        default_text="chosen automatically",
        python_type=CROP_TYPE,
    )
    shift_px: float | None = option(
        None,
        "How far the end of a kenburns path may be shifted when it is chosen automatically, in pixels, if the photo's "
        "long side were 1024 px.",
        accepts="0 or more pixels",
        flag="--shift",
        metavar="PX",
        default_text=f"as the subject and --strength allow; with --zoom, {DEFAULT_SHIFT_PX:g}",
        python_type="float",
    )
    zoom: float | None = option(
        None,
        "How much smaller than its start the end of a kenburns path is when it is chosen automatically.",
        accepts="1 or more",
        metavar="FACTOR",
        default_text=f"{DEFAULT_ZOOM:g}, or less if the subject would not fit",
        python_type="float",
    )
    keyframes: Path | None = option(
        None, "A JSON file with your own camera path.", accepts="a JSON file", metavar="FILE"
    )
