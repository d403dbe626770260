"""Convert options to the parameters of cameras, eyes and lens, in metres and shares."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import cast

from kbvr.formats.packing.rivalry import best_method
from kbvr.formats.spec.codecs import container_of
from kbvr.formats.spec.format import Item
from kbvr.geometry.camera import Camera
from kbvr.motion.consequences import Landmarks
from kbvr.motion.limits import LIMITS, STRENGTHS, Limits
from kbvr.motion.path_names import Strength
from kbvr.motion.path_options import PathOptions
from kbvr.motion.paths import check_keyframes
from kbvr.options.export_options import ExportOptions
from kbvr.options.outputs import AT_REST, FROM_DEPTH, LOOPS, SCENES
from kbvr.photo.pair_layout import PairLayout, PairSource
from kbvr.photo.photo import Photo
from kbvr.plan.name_endings import is_stereo_sphere_named, pair_layout_named
from kbvr.rendering.depth_of_field import Lens, lens_for
from kbvr.stereo.comfort_limits import ANAGLYPH_BUDGET, DEFAULT_BUDGET, WIGGLE_BUDGET
from kbvr.stereo.screen import Screen, screen_of

EYES_SHARE = 0.5
"""Share of the limits that two eyes use in a video; its path may use the rest. Both shift things alike, so that the
outer eye at the end of a path is within the limits."""

BUDGETS: Mapping[str, float] = MappingProxyType({"wiggle": WIGGLE_BUDGET, "anaglyph": ANAGLYPH_BUDGET})
"""Output -> default budget, if that is not DEFAULT_BUDGET."""

WITHOUT_STRENGTH = ("quilt", *FROM_DEPTH)
"""Outputs that no strength changes: they have no camera that moves, and no eyes whose distance is planned."""


def budget_of(output: str, options: ExportOptions) -> float:
    """Return the parallax range of an output, from nearest to farthest, as a share of the width."""
    if options.budget_percent is not None:
        return options.budget_percent / 100
    return BUDGETS.get(output, DEFAULT_BUDGET)


def pair_of(path: Path, options: ExportOptions) -> tuple[PairSource | Path, PairLayout | None]:
    """Return where the second view of a photo is, and the layout that its name means if the file does not say it.

    The other half of an RGB-D picture is no view, and pictures of spheres are not taken apart.
    """
    if options.rgbd is not None or is_kept_stereo_sphere(path, options):
        return "none", None
    source = options.pair_file or cast(PairSource, str(options.pair))
    return source, pair_layout_named(path.stem) if source == "auto" else None


def is_kept_stereo_sphere(path: Path, options: ExportOptions) -> bool:
    """Return whether a photo's name means both views of a sphere, and the options do not say how to take it apart."""
    return str(options.pair) == "auto" and options.rgbd is None and is_stereo_sphere_named(path.stem)


def baseline_m_of(options: ExportOptions) -> float | None:
    """Return the given baseline; None if there is none."""
    return None if options.baseline_mm is None else options.baseline_mm / 1000


def path_options(output: str, options: ExportOptions) -> PathOptions:
    """Return how the camera moves in a video or scene.

    Raises:
        InputError: if options belong to different paths.
    """
    framed = options.from_crop or options.to_crop or (options.shift_px, options.zoom) != (None, None)
    default = "keyframes" if options.keyframes else "kenburns" if framed or output == "kenburns" else "swing"
    return PathOptions(
        name=options.path or default,
        fps=options.fps,
        seconds=options.seconds,
        ease=options.ease,
        loop=options.loop,
        steps=options.steps,
        start=options.from_crop,
        end=options.to_crop,
        shift_px=options.shift_px,
        zoom=options.zoom,
        keyframes=options.keyframes,
        strength=strength_of(options),
        limit_share=1 - EYES_SHARE if output == "stereo" else 1.0,
    )


def strength_of(options: ExportOptions) -> Strength | None:
    """Return the strength of moves; None for the paper's profile, whose moves are not limited."""
    return None if options.profile == "paper" else options.strength


def sway_of(options: ExportOptions) -> tuple[float, Limits | None]:
    """Return the size of a loop's sway that is wished for, relative to the default, and its limits if there are any."""
    strength = strength_of(options)
    return (1.0, None) if strength is None else (STRENGTHS[strength], LIMITS.scaled(STRENGTHS[strength]))


def eye_limits(output: str, options: ExportOptions) -> Limits | None:
    """Return the limits of what two eyes may show; None if the options give their distance, or for the paper's profile.

    Quilts have none: their outermost views are seen only from far aside.
    """
    _, limits = sway_of(options)
    if limits is None or is_baseline_given(options):
        return None
    return limits if output in AT_REST else limits.scaled(EYES_SHARE)


def is_baseline_given(options: ExportOptions) -> bool:
    """Return whether the options give the distance between the eyes, or the parallax that decides it."""
    return options.baseline_mm is not None or options.budget_percent is not None


def unused(options: ExportOptions, formats: Collection[str]) -> list[str]:
    """Return the names of options that were given but change none of the outputs, whose files have these formats."""
    names = list(options.unused(formats))
    if options.strength != "normal" and not any(_has_strength(output, options) for output in options.outputs):
        names.append("strength")
    return names


def _has_strength(output: str, options: ExportOptions) -> bool:
    """Return whether the strength changes an output: whether its move, head box or distance of eyes is planned."""
    if strength_of(options) is None or output in WITHOUT_STRENGTH:
        return False
    if output == "anaglyph" or output in SCENES:
        return True
    has_planned_eyes = output in ("stereo", "still", "wiggle") and not is_baseline_given(options)
    return has_planned_eyes or (output not in (*LOOPS, *AT_REST) and path_options(output, options).is_planned)


def check_options(options: ExportOptions) -> None:
    """Check what can be checked before a photo is loaded.

    Raises:
        InputError: if the path's options do not fit together, or the container cannot hold the codec.
    """
    container_of(options.codec, options.container)
    for output in options.outputs:
        if output not in (*LOOPS, *AT_REST):
            check_keyframes(path_options(output, options))


def with_anaglyph_method(options: ExportOptions, photo: Photo, items: Iterable[Item]) -> ExportOptions:
    """Return the options with the anaglyph method that suits the photo, if there are anaglyphs and it is not given."""
    if options.anaglyph_colours != "auto" or all(item.packing != "anaglyph" for item in items):
        return options
    return options.model_copy(update={"anaglyph_colours": best_method(photo.rgb, options.glasses)})


def screen_for(options: ExportOptions) -> Screen:
    """Return the screen that parallax is planned for."""
    return screen_of(options.screen, ipd_m=options.ipd_mm / 1000)


def lens_of(landmarks: Landmarks, view: Camera, options: ExportOptions) -> Lens | None:
    """Return the lens of the views; None if everything is sharp."""
    blur_percent = (1.0 if options.focus else 0.0) if options.aperture_percent is None else options.aperture_percent
    if blur_percent == 0:
        return None
    scene_depth, focus = landmarks.scene_depth, landmarks.subject_inverse_depth
    if options.focus is not None:
        focus = scene_depth.inverse_depth_at(options.focus[0] / 100, options.focus[1] / 100)
    ends = scene_depth.nearest_inverse_depth, scene_depth.farthest_inverse_depth
    return lens_for(blur_percent / 100 * view.size_px[0], focus, ends, view.f_px)
