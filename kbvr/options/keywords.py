"""The keywords of `kbvr.export`, for editors and type checkers; made by docs/make_options.py."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from typing import Literal, TypedDict

from kbvr.motion.crop import Crop
from kbvr.motion.path_names import Steps


class ExportKeywords(TypedDict, total=False):
    """Every option of an export; docs/options.md says what each does. Texts are read as on the command line."""

    stereo: bool | None
    kenburns: bool
    wiggle: bool
    anaglyph: bool
    still: str | Sequence[str] | None
    depth_map: str | Sequence[str] | None
    gltf: bool
    html: bool
    embed: bool
    ply: bool
    obj: bool
    usdz: bool
    splats: bool
    layout: str | Sequence[str]
    projection: Literal["flat", "vr180"]
    vr180_px: int
    fps: float
    codec: Literal["auto", "h264", "hevc", "av1", "vp9"]
    container: Literal["auto", "mp4", "mkv", "webm"]
    max_mb: float | None
    name_for: Literal["any", "quest", "skybox", "deovr", "youtube", "plain"]
    max_size: int | str | tuple[int, int] | None
    aspect: str | tuple[float, float] | None
    quality: int | None
    picture: Literal["jpeg", "png", "webp"] | None
    glasses: Literal["red-cyan", "green-magenta", "amber-blue"]
    anaglyph_colours: Literal["auto", "dubois", "true", "gray", "colour", "half-colour", "optimised"]
    quilt_for: Literal["portrait", "go", "16", "32", "65"]
    autostereogram_pattern: Literal["dots", "photo"]
    focus: str | tuple[float, float] | None
    aperture_percent: float | None
    vignette: float
    fill: str | PathLike[str]
    animate_as: str | Sequence[str]
    views: int | None
    period_s: float | None
    max_kb: float | None
    alt: str | None
    texture: Literal["webp", "jpeg"]
    compress: Literal["none", "draco"]
    triangles: int
    surround: Literal["none", "fade", "dome"]
    eye_height_m: float
    fit: Literal["contain", "cover", "subject"] | None
    autoplay: bool
    page_url: str | None
    path: Literal["static", "swing", "circle", "orbit", "dolly", "dolly-zoom", "kenburns", "flight", "keyframes"] | None
    strength: Literal["gentle", "normal", "bold"]
    seconds: float | None
    ease: Literal["smooth", "linear", "in", "out"] | None
    loop: bool | None
    steps: str | tuple[float, float, int] | Steps | None
    from_crop: str | tuple[float, float, float, float] | Crop | None
    to_crop: str | tuple[float, float, float, float] | Crop | None
    shift_px: float | None
    zoom: float | None
    keyframes: str | PathLike[str] | None
    budget_percent: float | None
    baseline_mm: float | None
    convergence_m: float | None
    screen: str
    ipd_mm: float
    max_parallax_deg: float
    window: Literal["none", "floating"]
    repair: bool
    restore_contrast: bool
    colorize: str | PathLike[str] | None
    colorize_strength: float
    depth: str | PathLike[str] | None
    depth_kind: Literal["disparity", "relative", "relative-inverted", "depth-m", "inverse-depth-per-m", "kbvr"] | None
    rgbd: Literal["left", "right"] | None
    pair: str | PathLike[str]
    ignore_embedded_depth: bool
    depth_model: str | PathLike[str]
    depth_quality: Literal["fast", "good", "best"]
    fov_deg: float | None
    panorama: Literal["auto", "360", "cylinder", "none"]
    near_m: float | None
    subject_distance_m: float | None
    segmentation: str | PathLike[str] | None
    softness: float | None
    overwrite: bool
    keep_gps: bool
    profile: Literal["layers", "paper"]
    threads: int | None
    max_memory: int | str | None
    device: Literal["auto", "cpu", "cuda", "tensorrt", "directml", "coreml", "openvino"]
