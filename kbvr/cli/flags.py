"""The flags of `kbvr export`: what each is called, takes and means, and how its text is understood."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

import typer

from kbvr.errors import InputError

if TYPE_CHECKING:
    from kbvr.motion.easing import Steps
    from kbvr.motion.ken_burns import Crop

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
    typer.Argument(  # one that may not be read is told when it is its turn: it does not stop the others
        metavar="PHOTO", readable=False, help="One or more photos: JPEG, PNG, WebP, TIFF, HEIC or AVIF."
    ),
]
Stereo: TypeAlias = Annotated[
    bool,
    typer.Option("--stereo", help="Write a stereo video. Meant if you name nothing else.", rich_help_panel=OUTPUT),
]
KenBurns: TypeAlias = Annotated[
    bool,
    typer.Option("--kenburns", help="Write a plain video of a moving camera.", rich_help_panel=OUTPUT),
]
Still: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--still",
        metavar="KIND[,KIND...]",
        help="Write stereo pictures. sbs, sbs-half, tb, tb-half, cross, left-right, rows, columns, checkerboard, "
        "anaglyph: as --layout says; jps, mpo: for 3D viewers and televisions; vr180: for headsets; spatial: HEIC, "
        "experimental, wants pillow-heif; autostereogram: for bare eyes; quilt: for light field displays. Several, "
        "with commas between them, are drawn once.",
        rich_help_panel=OUTPUT,
    ),
]
PictureKind: TypeAlias = Annotated[
    Literal["jpeg", "png", "webp"] | None,
    typer.Option(
        "--picture",
        help="What stills are written as that are plain pictures.",
        show_default="jpeg; png where eyes lie between each other, quilt and autostereogram",
        rich_help_panel=OUTPUT,
    ),
]
QuiltFor: TypeAlias = Annotated[
    Literal["portrait", "go", "16", "32", "65"],
    typer.Option(
        "--quilt-for", help="The Looking Glass display of a quilt; numbers are inches.", rich_help_panel=OUTPUT
    ),
]
AutostereogramPattern: TypeAlias = Annotated[
    Literal["dots", "photo"],
    typer.Option(help="What an autostereogram repeats: random dots, or a strip of the photo.", rich_help_panel=OUTPUT),
]
DepthMapKind: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--depth-map",
        metavar="KIND[,KIND...]",
        help="Write the photo's depth. png: 16 bits of disparity; npy, npz, exr: metres; color: a picture to look at. "
        "--depth reads all but the last: png with --depth-kind disparity, the others with depth-m.",
        rich_help_panel=OUTPUT,
    ),
]
Wiggle: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--wiggle",
        help="Write a loop for web pages that shows depth without glasses, a still and the HTML to paste.",
        rich_help_panel=OUTPUT,
    ),
]
Anaglyph: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--anaglyph",
        help="Write the same for coloured glasses: an anaglyph that moves a little.",
        rich_help_panel=OUTPUT,
    ),
]
Gltf: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--gltf",
        help="Write a scene of textured layers (GLB) to step into with a headset or look at in 3D programs.",
        rich_help_panel=OUTPUT,
    ),
]
Html: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--html",
        help="Write the same with its viewer as one page, to open as it is or put on any web site.",
        rich_help_panel=OUTPUT,
    ),
]
Ply: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--ply",
        help="Write a mesh with colours at its vertices, for any 3D program; as fine as --max-mb (60) lets it be.",
        rich_help_panel=OUTPUT,
    ),
]
Obj: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--obj",
        help="Write a mesh with its pictures: an OBJ, an MTL, two JPEGs and a PNG.",
        rich_help_panel=OUTPUT,
    ),
]
Usdz: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--usdz",
        help="Write a scene for iPhone, iPad, Mac and Vision Pro; wants kbvr\\[usd].",
        rich_help_panel=OUTPUT,
    ),
]
Splats: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--splats",
        help="Write a scene of 3D Gaussians, as PLY and as glTF (KHR_gaussian_splatting), for viewers of splats.",
        rich_help_panel=OUTPUT,
    ),
]
Embed: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--embed",
        help="Write the scene with the script that shows it in a web page of yours, and the HTML to paste.",
        rich_help_panel=OUTPUT,
    ),
]
Texture: TypeAlias = Annotated[
    Literal["webp", "jpeg"],
    typer.Option(
        help="For scenes: what pictures are stored as; jpeg, with PNG, is for older programs.", rich_help_panel=OUTPUT
    ),
]
Compress: TypeAlias = Annotated[
    Literal["none", "draco"],
    typer.Option(
        help="And what triangles are; draco is smaller, for programs with its decoder.", rich_help_panel=OUTPUT
    ),
]
Triangles: TypeAlias = Annotated[
    int, typer.Option(metavar="N", help="And how many triangles there may be.", rich_help_panel=OUTPUT)
]
Surround: TypeAlias = Annotated[
    Literal["none", "fade", "dome"],
    typer.Option(
        help="And what lies beyond the photo's border: nothing, its colours fading, or their blur all round too.",
        rich_help_panel=OUTPUT,
    ),
]
EyeHeight: TypeAlias = Annotated[
    float,
    typer.Option(
        "--eye-height-m",
        metavar="METRES",
        help="And how high above the floor the camera stands.",
        rich_help_panel=OUTPUT,
    ),
]
AnimateAs: TypeAlias = Annotated[
    str,
    typer.Option(
        metavar="NAME[,NAME...]",
        help="For --wiggle and --anaglyph: what to write. The HTML shows the best of them that a browser knows.",
        rich_help_panel=OUTPUT,
    ),
]
Views: TypeAlias = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="And how many views: 2 jump to and fro, more sway smoothly.",
        show_default="2; 13 for --anaglyph",
        rich_help_panel=OUTPUT,
    ),
]
Period: TypeAlias = Annotated[
    float | None,
    typer.Option(
        "--period-s",
        metavar="SECONDS",
        help="And how long it takes, there and back.",
        show_default="0.22 for 2 views, 1.5 for more, 2.4 for --anaglyph",
        rich_help_panel=OUTPUT,
    ),
]
MaxKb: TypeAlias = Annotated[
    float | None,
    typer.Option(
        "--max-kb",
        metavar="KB",
        help="And how large each file may be, in kB of 1000 bytes: pictures are made smaller, and fewer, to fit.",
        show_default="no limit",
        rich_help_panel=OUTPUT,
    ),
]
Alt: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="TEXT",
        help="And what the HTML says that it shows, for people who do not see it.",
        show_default="the photo's name",
        rich_help_panel=OUTPUT,
    ),
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
    str,
    typer.Option(
        metavar="NAME[,NAME...]",
        help="How both eyes share the stereo video. sbs: side by side, for headsets; sbs-half: each squeezed to half "
        "its width, for 3D televisions; tb, tb-half: the left eye above; cross: for crossed eyes; rows, columns, "
        "checkerboard: in turn, for 3D screens; anaglyph: for coloured glasses; left-right: two files; mono: one eye. "
        "Several, with commas between them, are drawn once.",
        rich_help_panel=OUTPUT,
    ),
]
Glasses: TypeAlias = Annotated[
    Literal["red-cyan", "green-magenta", "amber-blue"],
    typer.Option(help="For anaglyphs: the colours before the left and the right eye.", rich_help_panel=OUTPUT),
]
AnaglyphColours: TypeAlias = Annotated[
    Literal["dubois", "true", "gray", "colour", "half-colour", "optimised"],
    typer.Option(
        help="For anaglyphs: how colours are made. dubois: as right as the glasses allow; half-colour, colour: "
        "brighter, and tiring where colours are strong; gray: without colour; true: dark, without ghosts; optimised: "
        "without reds, calm. true and optimised are for red-cyan.",
        rich_help_panel=OUTPUT,
    ),
]
CodecOption: TypeAlias = Annotated[
    Literal["auto", "h264", "hevc", "av1", "vp9"],
    typer.Option(
        "--codec",
        help="How videos are encoded. auto: h264, which plays everywhere, or hevc for pictures beyond 4096 px; vp9 in "
        "webm. av1: the smallest files.",
        rich_help_panel=OUTPUT,
    ),
]
ContainerOption: TypeAlias = Annotated[
    Literal["auto", "mp4", "mkv", "webm"],
    typer.Option(
        "--container",
        help="Which file videos go into. auto: mp4, and webm for vp9. webm takes vp9 and av1, for web pages.",
        rich_help_panel=OUTPUT,
    ),
]
Quality: TypeAlias = Annotated[
    int | None,
    typer.Option(
        metavar="1-100",
        help="How good videos, JPEG and WebP pictures are; each 15 points more make videos about twice as large.",
        show_default="75 for videos, 95 for pictures",
        rich_help_panel=OUTPUT,
    ),
]
MaxMb: TypeAlias = Annotated[
    float | None,
    typer.Option(
        "--max-mb",
        metavar="MB",
        help="A video or scene that would be larger is made with lower quality, until it is not. A MB has a million "
        "bytes.",
        show_default="no limit; 8 for --gltf and the scenes of --html and --embed",
        rich_help_panel=OUTPUT,
    ),
]
Projection: TypeAlias = Annotated[
    Literal["flat", "vr180"],
    typer.Option(
        help="flat: a picture on a screen; vr180: half a sphere round the viewer of a headset, which the photo fills "
        "as far as its field of view goes. With the layouts sbs, tb and mono.",
        rich_help_panel=OUTPUT,
    ),
]
Vr180Size: TypeAlias = Annotated[
    int,
    typer.Option(
        "--vr180-px",
        metavar="PX",
        help="For vr180: width and height of each eye's half sphere. 4096 is sharper; above 2048 the codec is hevc.",
        rich_help_panel=OUTPUT,
    ),
]
NameFor: TypeAlias = Annotated[
    Literal["any", "quest", "skybox", "deovr", "youtube", "plain"],
    typer.Option(
        help="Which player the names of stereo videos tell what is in them: by how they end.", rich_help_panel=OUTPUT
    ),
]
Overwrite: TypeAlias = Annotated[
    bool, typer.Option("--overwrite", help="Replace files that exist already.", rich_help_panel=OUTPUT)
]
MaxSize: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="WIDTHxHEIGHT",
        help="Largest picture per eye, in pixels; never above the photo's own size.",
        show_default="1920x1080 for videos, 720x720 for --wiggle and --anaglyph",
        rich_help_panel=PICTURE,
    ),
]
Focus: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="X,Y",
        help="Where the picture is sharp, in percent of its width and height, as in 40,60%; the rest is blurred as "
        "--aperture says.",
        show_default="the subject",
        rich_help_panel=PICTURE,
    ),
]
Aperture: TypeAlias = Annotated[
    float | None,
    typer.Option(
        metavar="PERCENT",
        help="Depth of field: how large the blur of the most blurred is, in percent of the width. Takes more time.",
        show_default="none, all is sharp; 1 with --focus",
        rich_help_panel=PICTURE,
    ),
]
Vignette: TypeAlias = Annotated[
    float, typer.Option(metavar="0-1", help="How much darker the corners are.", rich_help_panel=PICTURE)
]
Fov: TypeAlias = Annotated[
    float | None,
    typer.Option(
        metavar="DEG",
        help="Field of view across the photo's long side, in degrees.",
        show_default="from the EXIF data, else found by moge-2-small if you have it, else 55",
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
        help="The network that estimates the depth. auto: the first that is there of moge-2-small, "
        "depth-anything-v2-small and kbvr-depth, which is built in; NAME: one that `kbvr models list` names; "
        "FILE: an ONNX file.",
        rich_help_panel=DEPTH,
    ),
]
DepthQualityOption: TypeAlias = Annotated[
    Literal["fast", "good", "best"],
    typer.Option(
        "--depth-quality",
        help="How the depth is estimated. fast: one look; good: at the mirror image too; best: at a smaller and a "
        "larger picture too.",
        rich_help_panel=DEPTH,
    ),
]
Pull: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--pull",
        help="Download the best depth network first (moge-2-small, 141 MB), or the one that --depth-model names, "
        "unless you have it. Without a connection the export uses what is there.",
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
    float | None,
    typer.Option(
        metavar="PERCENT",
        help="Disparity from nearest to farthest, in percent of the width. More is deeper, and tires.",
        show_default="3; 2.5 for --wiggle, 2 for --anaglyph",
        rich_help_panel=STEREO,
    ),
]
ScreenOption: TypeAlias = Annotated[
    str,
    typer.Option(
        "--screen",
        metavar="NAME|WIDTH@DISTANCE",
        help="What it will be watched on: phone, laptop, tv, cinema, headset (a player's virtual screen), or the "
        "screen's width and distance in metres, like 1.2@2.5. Decides how much parallax eyes can follow.",
        rich_help_panel=STEREO,
    ),
]
Ipd: TypeAlias = Annotated[
    float,
    typer.Option("--ipd-mm", metavar="MM", help="Distance between the viewer's eyes.", rich_help_panel=STEREO),
]
MaxParallax: TypeAlias = Annotated[
    float,
    typer.Option(
        "--max-parallax-deg",
        metavar="DEG",
        help="Largest parallax before and behind the screen, as the eyes see it.",
        rich_help_panel=STEREO,
    ),
]
Window: TypeAlias = Annotated[
    Literal["none", "floating"],
    typer.Option(
        help="floating: narrow black bars bring the frame forward where it cuts what stands before the screen.",
        rich_help_panel=STEREO,
    ),
]
ComfortReport: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--comfort",
        metavar="FILE.json",
        help="Write what the eyes are given, against what they can follow, with a picture of it beside.",
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
        "tensorrt may take minutes at first. With kbvr\\[gpu], auto and cuda draw on an NVIDIA GPU too.",
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
    from kbvr.motion.ken_burns import Crop

    if text is None:
        return None
    number = r"\s*(-?\d{1,6}(?:\.\d{1,6})?)\s*"
    found = re.fullmatch(",".join([number] * 4) + "(%?)", text.strip())
    if found is None:
        raise InputError(f"{flag} must be x,y,width,height in pixels, or in percent with a % at the end, got {text!r}")
    x, y, width, height = (float(found[index]) for index in range(1, 5))
    return Crop(x, y, width, height, percent=bool(found[5]))


def focus_of(text: str | None) -> tuple[float, float] | None:
    """Return the shares of width and height of a text like 40,60%; None for none.

    Raises:
        InputError: if it is not like that.
    """
    if text is None:
        return None
    found = re.fullmatch(r"\s*(\d{1,3}(?:\.\d{1,6})?)\s*,\s*(\d{1,3}(?:\.\d{1,6})?)\s*%", text)
    if found is None:
        raise InputError(f"--focus must be x,y in percent of width and height, like 40,60%, got {text!r}")
    return float(found[1]) / 100, float(found[2]) / 100


def steps_of(text: str | None) -> Steps | None:
    """Return the steps of a text like 0:8:400; None for none.

    Raises:
        InputError: if it is not like that.
    """
    from kbvr.motion.easing import Steps

    if text is None:
        return None
    found = re.fullmatch(r"(\d{1,7}(?:\.\d{1,9})?):(\d{1,7}(?:\.\d{1,9})?):(\d{1,7})", text.strip())
    if found is None:
        raise InputError(f"--steps must be first:last:frames, like 0:8:400, got {text!r}")
    return Steps(float(found[1]), float(found[2]), int(found[3]))
