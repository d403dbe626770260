"""How videos are packed, encoded and named."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import AfterValidator

from kbvr.options.declare import ONCE, SPLIT, OptionGroup, option

Layout = Literal[
    "sbs", "sbs-half", "tb", "tb-half", "cross", "mono", "left-right", "rows", "columns", "checkerboard", "anaglyph"
]
LAYOUTS: tuple[str, ...] = get_args(Layout)
"""How the two eyes share a stereo video; left-right makes two files, and mono shows the view from the middle."""

CodecName = Literal["auto", "h264", "hevc", "av1", "vp9"]
Container = Literal["auto", "mp4", "mkv", "webm"]
Projection = Literal["flat", "vr180"]
Player = Literal["any", "quest", "skybox", "deovr", "youtube", "plain"]
"""Players that recognise layouts by file name (`kbvr.plan.file_names`)."""

DEFAULT_FPS = 25.0
VR180_LAYOUTS = ("sbs", "tb", "mono")
VR180_SIDES_PX = (64, 8192)
VIDEOS = ("video", "vr180-video")
FLAT, SCENE_FILES = ("video",), ("gltf", "html", "ply", "obj", "usdz", "splats", "splats-gltf")


def _even(side_px: int) -> int:
    if side_px % 2:
        raise ValueError
    return side_px


class VideoOptions(OptionGroup, title="Video"):
    """How videos are packed, encoded and named."""

    layout: Annotated[tuple[Layout, ...], SPLIT, ONCE] = option(
        ("sbs",),
        "How the two eyes' views are arranged in the video. sbs: side by side, for headsets; sbs-half: each squeezed "
        "to half its width, for 3D televisions; tb, tb-half: the left eye above; cross: for cross-eyed viewing; rows, "
        "columns, checkerboard: interleaved, for 3D screens; anaglyph: for coloured glasses; left-right: two files; "
        "mono: one eye. Several layouts, separated by commas, share one rendering.",
        metavar="NAME[,NAME]",
        used_by=VIDEOS,
        is_common=True,
    )
    projection: Projection = option(
        "flat",
        "The surface of the video. flat: a screen; vr180: a half sphere around the viewer in a headset, which the "
        "photo fills as far as its field of view reaches. vr180 has the layouts sbs, tb and mono.",
    )
    vr180_px: Annotated[int, AfterValidator(_even)] = option(
        2048,
        "Width and height of each eye's half sphere with --projection vr180. 4096 is sharper; above 2048 the "
        "codec is hevc.",
        between=VR180_SIDES_PX,
        accepts="{} to {} pixels, even".format(*VR180_SIDES_PX),
        metavar="PX",
        used_by=("vr180-video",),
        python_type="int",
    )
    fps: float = option(DEFAULT_FPS, "Frames per second.", between=(1, 240), metavar="NUMBER", used_by=VIDEOS)
    codec: CodecName = option(
        "auto",
        "The video codec. auto: h264, which plays everywhere; hevc for pictures above 4096 px; vp9 in webm. av1 makes "
        "the smallest files.",
        used_by=VIDEOS,
    )
    container: Container = option(
        "auto",
        "The video file format. auto: mp4, or webm for vp9. webm holds vp9 and av1, for web pages.",
        used_by=FLAT,
    )
    max_mb: float | None = option(
        None,
        "Maximum size of a video or scene, in MB (1,000,000 bytes). The quality is lowered until it fits.",
        between=(0.001, 100_000),
        unit="MB",
        default_text="no limit; 8 for --gltf and the scenes of --html and --embed; 60 for --ply",
        used_by=(*VIDEOS, *SCENE_FILES),
    )
    name_for: Player = option("any", "Name stereo videos so that this player recognises their layout.", used_by=FLAT)
