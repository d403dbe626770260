"""The flags of `kbvr export`: what each is called, takes and means, and how its text is understood."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

import typer

from kbvr.errors import InputError

if TYPE_CHECKING:
    from kbvr.kenburns import Crop
    from kbvr.timing import Steps

OUTPUT, PICTURE, MOTION, DEPTH, STEREO, RUN = (
    "Output",
    "Picture",
    "Motion",
    "Depth",
    "Stereo",
    "While it runs",
)

Photos: TypeAlias = Annotated[
    list[Path],
    typer.Argument(metavar="PHOTO", help="One or more photos: JPEG, PNG, WebP, TIFF, HEIC or AVIF."),
]
Stereo: TypeAlias = Annotated[
    bool,
    typer.Option("--stereo", help="Write a stereo video. Meant if you name nothing else.", rich_help_panel=OUTPUT),
]
KenBurns: TypeAlias = Annotated[
    bool,
    typer.Option("--kenburns", help="Write a plain video of a moving camera.", rich_help_panel=OUTPUT),
]
Profile: TypeAlias = Annotated[
    Literal["layers", "paper"],
    typer.Option(
        help="layers: kbvr's own way; paper: the 3D Ken Burns method of 2019, with its authors' networks if you have "
        "them (`python -m export kenburns`).",
        rich_help_panel=OUTPUT,
    ),
]
Out: TypeAlias = Annotated[
    Path,
    typer.Option("--out", "-o", metavar="DIR", help="Folder to write to.", rich_help_panel=OUTPUT),
]
Layout: TypeAlias = Annotated[
    Literal["sbs", "sbs-half"],
    typer.Option(
        help="Both eyes side by side. sbs: in full, for headsets; sbs-half: each squeezed to half its width, "
        "for 3D televisions.",
        rich_help_panel=OUTPUT,
    ),
]
Overwrite: TypeAlias = Annotated[
    bool, typer.Option("--overwrite", help="Replace files that exist already.", rich_help_panel=OUTPUT)
]
MaxSize: TypeAlias = Annotated[
    str,
    typer.Option(
        metavar="WIDTHxHEIGHT",
        help="Largest picture per eye, in pixels; never above the photo's own size.",
        rich_help_panel=PICTURE,
    ),
]
Fov: TypeAlias = Annotated[
    float | None,
    typer.Option(
        metavar="DEG",
        help="Field of view across the photo's long side, in degrees.",
        show_default="what the photo's EXIF says, else a guess",
        rich_help_panel=PICTURE,
    ),
]
CameraPath: TypeAlias = Annotated[
    Literal["swing", "circle", "orbit", "dolly", "dolly-zoom", "kenburns", "flight", "keyframes", "static"] | None,
    typer.Option(
        help="How the camera moves. swing: side to side; circle: round; orbit: around the subject; dolly: in; "
        "dolly-zoom: back while zooming in; kenburns: from one crop to another; flight: deep into the picture; "
        "keyframes: as --keyframes says; static: not at all.",
        show_default="kenburns for --kenburns, else swing",
        rich_help_panel=MOTION,
    ),
]
Seconds: TypeAlias = Annotated[
    float | None,
    typer.Option(metavar="SECONDS", help="Length of the video.", show_default="6", rich_help_panel=MOTION),
]
Fps: TypeAlias = Annotated[float, typer.Option(metavar="NUMBER", help="Frames per second.", rich_help_panel=MOTION)]
EaseOption: TypeAlias = Annotated[
    Literal["smooth", "linear", "in", "out"] | None,
    typer.Option(
        "--ease",
        help="How the camera speeds up and slows down. smooth: at rest at both ends; in: starts at rest; out: ends at "
        "rest; linear: always as fast.",
        show_default="smooth",
        rich_help_panel=MOTION,
    ),
]
Loop: TypeAlias = Annotated[
    bool | None,
    typer.Option(
        "--loop/--one-way",
        help="There and back, so that the video can be repeated without a jump, or one way.",
        show_default="--loop; --one-way for flight and keyframes",
        rich_help_panel=MOTION,
    ),
]
FromCrop: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--from",
        metavar="X,Y,W,H",
        help="For kenburns: the part of the photo to start with, in pixels, or in percent as in 0,10,80,80%.",
        show_default="found",
        rich_help_panel=MOTION,
    ),
]
ToCrop: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--to", metavar="X,Y,W,H", help="And the part to end with.", show_default="found", rich_help_panel=MOTION
    ),
]
Shift: TypeAlias = Annotated[
    float | None,
    typer.Option(
        metavar="PX",
        help="For kenburns: how far the end may be shifted when it is found, in pixels of a picture 1024 px long.",
        show_default="100",
        rich_help_panel=MOTION,
    ),
]
Zoom: TypeAlias = Annotated[
    float | None,
    typer.Option(
        metavar="FACTOR",
        help="For kenburns: how much smaller the end is than the start when it is found.",
        show_default="1.25",
        rich_help_panel=MOTION,
    ),
]
StepsOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--steps",
        metavar="A:B:N",
        help="N frames, evenly from A to B along the path: 0 is its start, 1 its end. Beyond 1 the camera goes on and "
        "slows down before it runs into something.",
        rich_help_panel=MOTION,
    ),
]
KeyframesFile: TypeAlias = Annotated[
    Path | None,
    typer.Option("--keyframes", metavar="FILE", help="JSON file of a camera path of your own.", rich_help_panel=MOTION),
]
DepthFile: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--depth",
        metavar="FILE",
        help="Depth of the photo: 16-bit PNG, NPY, NPZ, EXR or TIFF. Needs --depth-kind; one photo only.",
        show_default="estimated from the photo",
        rich_help_panel=DEPTH,
    ),
]
DepthKind: TypeAlias = Annotated[
    Literal["disparity", "depth-m", "inverse-depth-per-m"] | None,
    typer.Option(
        help="What --depth holds. disparity: of any scale, larger is nearer; depth-m: metres (in a PNG "
        "millimetres), larger is farther; inverse-depth-per-m: 1 / metres.",
        rich_help_panel=DEPTH,
    ),
]
DepthModel: TypeAlias = Annotated[
    str,
    typer.Option(
        metavar="auto|NAME|FILE",
        help="The network that estimates the depth. auto: depth-anything-v2-small if you have pulled it, else "
        "kbvr-depth, which is built in; NAME: one that `kbvr models list` names; FILE: an ONNX file.",
        rich_help_panel=DEPTH,
    ),
]
DepthQualityOption: TypeAlias = Annotated[
    Literal["fast", "good", "best"],
    typer.Option(
        "--depth-quality",
        help="How the depth is estimated. fast: one look; good: at the mirror image too; best: at a larger picture "
        "too, for detail.",
        rich_help_panel=DEPTH,
    ),
]
Fill: TypeAlias = Annotated[
    str,
    typer.Option(
        metavar="auto|NAME|FILE",
        help="What invents the parts that the photo hides. auto: lama if you have pulled it, else kbvr-fill, a small "
        "network that is built in; spread: smooth colours and the texture beside them; lama, migan: LaMa and MI-GAN, "
        "which `kbvr models pull` gets; FILE: another network's ONNX file.",
        rich_help_panel=PICTURE,
    ),
]
Segmentation: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="NAME|FILE",
        help="An instance segmentation (maskrcnn, or an ONNX file) that makes people, animals and cars stand upright.",
        show_default="none; maskrcnn with --profile paper, if it is there",
        rich_help_panel=DEPTH,
    ),
]
Softness: TypeAlias = Annotated[
    float | None,
    typer.Option(
        metavar="0-1",
        help="How much of its own relief such an object keeps.",
        show_default="0.5; 0 with --profile paper",
        rich_help_panel=DEPTH,
    ),
]
Near: TypeAlias = Annotated[
    float | None,
    typer.Option(
        "--near-m",
        metavar="METRES",
        help="Distance of the nearest things, where the depth has no scale of its own.",
        show_default="1.5",
        rich_help_panel=DEPTH,
    ),
]
SubjectDistance: TypeAlias = Annotated[
    float | None,
    typer.Option(
        "--subject-distance",
        metavar="METRES",
        help="Distance of the subject, where the depth has no scale of its own; in place of --near-m.",
        rich_help_panel=DEPTH,
    ),
]
Baseline: TypeAlias = Annotated[
    float | None,
    typer.Option(
        "--baseline-mm",
        metavar="MM",
        help="Distance between the two cameras, in millimetres.",
        show_default="chosen to fit --budget",
        rich_help_panel=STEREO,
    ),
]
Convergence: TypeAlias = Annotated[
    float | None,
    typer.Option(
        "--convergence-m",
        metavar="METRES",
        help="Distance of what appears on the screen itself; nearer things come out of it.",
        show_default="just behind the nearest thing in the middle",
        rich_help_panel=STEREO,
    ),
]
Budget: TypeAlias = Annotated[
    float,
    typer.Option(
        metavar="PERCENT",
        help="Disparity from nearest to farthest, in percent of the width. More is deeper, and tires.",
        rich_help_panel=STEREO,
    ),
]
Threads: TypeAlias = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="Threads to use, for the network and for rendering.",
        show_default="one per core",
        rich_help_panel=RUN,
    ),
]
MaxMemory: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--max-memory",
        metavar="SIZE",
        help="About how much memory may be used at most, like 2GB: larger photos are made smaller, as --explain tells.",
        show_default="no limit",
        rich_help_panel=RUN,
    ),
]
DeviceOption: TypeAlias = Annotated[
    Literal["auto", "cpu", "cuda", "tensorrt", "directml", "coreml", "openvino"],
    typer.Option(
        "--device",
        help="What networks run on. auto: the fastest that works (kbvr doctor tells), else the CPU; "
        "tensorrt may take minutes at first. With kbvr[gpu], auto and cuda draw on an NVIDIA GPU too.",
        rich_help_panel=RUN,
    ),
]
Explain: TypeAlias = Annotated[
    bool,
    typer.Option("--explain", help="Print what was chosen for each photo, and why.", rich_help_panel=RUN),
]
Quiet: TypeAlias = Annotated[
    bool,
    typer.Option("--quiet", "-q", help="Print errors only (and what --explain asks for).", rich_help_panel=RUN),
]
AsJson: TypeAlias = Annotated[
    bool,
    typer.Option("--json", help="Print one JSON object about all photos, and nothing else.", rich_help_panel=RUN),
]


def size_px_of(text: str) -> tuple[int, int]:
    """Return (width, height) of a text like 1920x1080.

    Raises:
        InputError: if it is not like that.
    """
    size = re.fullmatch(r"([1-9]\d{0,5})[xX]([1-9]\d{0,5})", text.strip())
    if size is None:
        raise InputError(f"--max-size must be like 1920x1080, got {text!r}")
    return int(size[1]), int(size[2])


def crop_of(text: str | None, flag: str) -> Crop | None:
    """Return the crop of a text like 10,20,300,200 or 0,10,80,80%; None for none.

    Raises:
        InputError: if it is not like that.
    """
    from kbvr.kenburns import Crop

    if text is None:
        return None
    number = r"\s*(-?\d{1,6}(?:\.\d{1,6})?)\s*"
    found = re.fullmatch(",".join([number] * 4) + "(%?)", text.strip())
    if found is None:
        raise InputError(f"{flag} must be x,y,width,height in pixels, or in percent with a % at the end, got {text!r}")
    x, y, width, height = (float(found[index]) for index in range(1, 5))
    return Crop(x, y, width, height, percent=bool(found[5]))


def steps_of(text: str | None) -> Steps | None:
    """Return the steps of a text like 0:8:400; None for none.

    Raises:
        InputError: if it is not like that.
    """
    from kbvr.timing import Steps

    if text is None:
        return None
    found = re.fullmatch(r"(\d{1,7}(?:\.\d{1,9})?):(\d{1,7}(?:\.\d{1,9})?):(\d{1,7})", text.strip())
    if found is None:
        raise InputError(f"--steps must be first:last:frames, like 0:8:400, got {text!r}")
    return Steps(float(found[1]), float(found[2]), int(found[3]))
