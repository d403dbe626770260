"""Explain in words what was chosen for a photo, and why."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kbvr.depth.depth_map import DepthMap
from kbvr.formats.loop.animation import lasting_s
from kbvr.formats.packing.rivalry import faults_by_method
from kbvr.geometry.camera import fov_deg_from_f_px
from kbvr.motion.consequences import FRAME_LONG_SIDE_PX, Landmarks, fills_frame
from kbvr.motion.head_box import FULL_HEAD_BOX_M, MIN_SIZE, HeadBox
from kbvr.motion.limits import STRENGTHS, Verdict
from kbvr.motion.move import Move
from kbvr.motion.subject import Subject
from kbvr.motion.zoom_to_subject import wished_zoom, zoom_that_fits
from kbvr.options.export_options import ExportOptions
from kbvr.options.outputs import LOOPS
from kbvr.photo.photo import Photo
from kbvr.plan.output_kinds import QUILT_PAIRS
from kbvr.plan.shots import Shot, views_of
from kbvr.stereo.rig import Rig


def explain(
    photo: Photo, depth: DepthMap, landmarks: Landmarks, shots: Sequence[Shot], options: ExportOptions
) -> list[str]:
    """Return the choices of a plan, one per line."""
    scene_depth = landmarks.scene_depth
    width, height = photo.size_px
    fov_deg = fov_deg_from_f_px(photo.f_px, max(width, height))
    nearest, farthest = (_metres(d) for d in (scene_depth.nearest_inverse_depth, scene_depth.farthest_inverse_depth))
    source = f"estimated by {depth.network}" if depth.network else depth.source or "from the file"
    scale = f"metric, {source}" if depth.metric else f"relative, {source}, scaled to plausible distances"
    f_source = {
        "exif": "from the EXIF data",
        "panorama": "from the panorama's metadata",
        "flag": "as given",
        "guess": "assumed",
        "network": source,
    }[photo.f_source]
    lines = [
        f"photo: {width}x{height}, focal length {photo.f_px:.0f} px ({fov_deg:.1f} degrees field of view, {f_source})",
        *(f"photo: {note}" for note in photo.notes),
        f"depth: nearest {nearest}, farthest {farthest}; {scale}",
    ]
    if shots:
        lines.append(_subject_line(landmarks.subject))
    for shot in shots:
        lines += _shot_lines(shot, landmarks, options)
    if any(item.packing == "anaglyph" for shot in shots for item in shot.items):
        lines.append(_anaglyph_line(photo, options.anaglyph_colours, options.glasses))
    return lines


def _subject_line(subject: Subject | None) -> str:
    if subject is None:
        return "subject: none stands out"
    across, down = (
        f"{100 * low:.0f}% to {100 * high:.0f}%"
        for low, high in ((subject.left, subject.right), (subject.top, subject.bottom))
    )
    return f"subject: {across} of the width, {down} of the height, {_metres(subject.inverse_depth)} away"


def _anaglyph_line(photo: Photo, colours: str, glasses: str) -> str:
    faults = faults_by_method(photo.rgb, dict.fromkeys((colours, "dubois")), glasses)
    figures = [
        f"{name} (rivalry between the eyes {fault.rivalry:.0f}, colour error {fault.colour_error:.0f})"
        for name, fault in faults.items()
    ]
    return f"anaglyph: {', compared with '.join(figures)}, for {glasses} glasses"


def _shot_lines(shot: Shot, landmarks: Landmarks, options: ExportOptions) -> list[str]:
    motion = f"{shot.output}: the camera does not move"
    if shot.output in LOOPS:
        centre, views = _metres(shot.moves[0].held_inverse_depth), len(shot.moves)
        duration_s = lasting_s(views, shot.period_s)
        motion = f"{shot.output}: {views} views, {duration_s:g} s there and back, swinging around {centre}"
    elif shot.path not in ("", "static"):
        motion = f"{shot.output}: path {shot.path}"
    end = max(shot.moves, key=lambda move: float(np.linalg.norm(move.position_m)))
    lines = [f"{motion}; {_farthest(end)}" if end.position_m.any() else motion]
    lines += _limit_lines(shot, landmarks, options)
    if shot.lens is not None:
        focus = _metres(shot.lens.focus_inverse_depth)
        aperture = f"aperture {shot.lens.aperture_m * 1000:.1f} mm, focus at {focus}"
        lines.append(f"lens: {aperture}, sampled at {shot.lens.count} points")
    rig = shot.rig
    if rig is None:
        return lines
    if shot.output == "quilt":
        steps, spread_px = views_of(shot.items) - 1, rig.farthest_parallax_px - rig.nearest_parallax_px
        lines.append(
            f"quilt: {steps + 1} views over {rig.baseline_m * 1000:.1f} mm, as wide as {QUILT_PAIRS:g} pairs of eyes, "
            f"focus at {_metres(1 / rig.convergence_m)}; {spread_px / steps:.2f} px of parallax between views"
        )
        return lines
    lines.append(f"eyes: {rig.baseline_m * 1000:.1f} mm apart, screen plane at {_metres(1 / rig.convergence_m)}")
    lines.append(_parallax_line(shot, rig))
    has_screen = shot.output != "stereo" or options.projection == "flat"
    if has_screen and shot.comfort is not None and max(shot.comfort.cut_px) >= 1:
        cuts = " and ".join(
            f"the {side} border by {px:.1f} px"
            for side, px in zip(("left", "right"), shot.comfort.cut_px, strict=True)
            if px >= 1
        )
        remedy = "a floating window hides this" if any(shot.bars_px) else "a floating window would hide this"
        lines.append(f"window: objects in front of the screen are cut at {cuts}; {remedy}")
    return lines


def _farthest(move: Move) -> str:
    """Return in words where a camera is at the end of its move."""
    ways = ((move.x_m, "right", "left"), (move.y_m, "down", "up"), (move.z_m, "forward", "back"))
    parts = [f"{1000 * abs(m):.0f} mm {plus if m > 0 else minus}" for m, plus, minus in ways if abs(m) >= 0.0005]
    return f"farthest from the photo's camera: {', '.join(parts) or 'less than 1 mm'}"


def _limit_lines(shot: Shot, landmarks: Landmarks, options: ExportOptions) -> list[str]:
    """Return what limited the move and the zoom of a shot."""
    verdict = shot.move_verdict
    if verdict is None:
        return []
    size = "full size, within all limits"
    if verdict.limited_by is not None:
        size = f"{verdict.size:.0%} of its full size, because {_limit(verdict)}; {_remedy(verdict, options)}"
    lines = [f"move: {options.strength} strength, {size}"]
    strength = STRENGTHS[options.strength]
    if shot.path == "kenburns" and zoom_that_fits(landmarks, strength) < wished_zoom(strength) - 0.005:
        zoom, wished = zoom_that_fits(landmarks, strength), wished_zoom(strength)
        reason = "so that the subject fits into the frame"
        if landmarks.subject is not None and fills_frame(landmarks.subject):
            reason = "because the subject fills the frame; its head stays inside"
        lines.append(f"zoom: {zoom:.2f} instead of {wished:.2f}, {reason}")
    return lines


def head_box_line(head_box: HeadBox) -> str:
    """Return how far a head may move in a scene, and why."""
    sideways, up, forward = (f"{side * 100:.2g}" for side in head_box.sides_m)
    line = f"head: may move {sideways} cm to the sides, {up} cm up and down, {forward} cm back and forth"
    verdict = head_box.verdict
    if verdict is not None and head_box.sides_m[0] < 0.999 * verdict.size * FULL_HEAD_BOX_M[0]:
        return f"{line}, which is as far as the layers reach"
    if verdict is None or verdict.limited_by is None:
        return line
    reason = "because " + _limit(verdict, view="what is inside the photo's border")
    if verdict.size == MIN_SIZE:
        reason = "the least that a head needs"
    return f"{line}: {verdict.size:.0%} of the full box, {reason}"


def _limit(verdict: Verdict, *, view: str = "the frame") -> str:
    """Return in words which limit of a view holds."""
    limits = verdict.limits
    return {
        "invented": f"at most {limits.invented:.1%} of {view} may show what the photo does not",
        "parallax": f"objects may shift by at most {limits.parallax:.1%} of the width against what is behind them",
        "bend_px": f"straight lines may bend by at most {limits.bend_px:.1f} px of {FRAME_LONG_SIDE_PX}",
        "lost": "the subject must stay in the frame",
    }[verdict.limited_by or ""]


def _remedy(verdict: Verdict, options: ExportOptions) -> str:
    """Return in words how to get a larger move."""
    if verdict.limited_by == "lost":
        return "a path or crops of your own have no limits"
    return "a path of your own has no limits" if options.strength == "bold" else "a bolder strength allows more"


def _parallax_line(shot: Shot, rig: Rig) -> str:
    budget = f"budget {shot.budget:.1%} of the width"
    reason = {
        "budget": budget,
        "angle": f"{budget}, limited by the maximum angle ({rig.max_parallax_deg:g} degrees)",
        "eyes": f"{budget}, limited to what eyes {rig.screen.ipd_m * 1000:g} mm apart can follow",
        "caller": "baseline as given",
    }[rig.decided_by]
    if shot.eyes_verdict is not None and shot.eyes_verdict.limited_by is not None:
        reason += f"; {shot.eyes_verdict.size:.0%} of that, because {_limit(shot.eyes_verdict)}"
    return (
        f"parallax: {rig.nearest_parallax_px:+.1f} px ({rig.nearest_parallax_deg:+.2f} degrees) at the nearest, "
        f"{rig.farthest_parallax_px:+.1f} px ({rig.farthest_parallax_deg:+.2f} degrees) at the farthest; {reason}"
    )


def _metres(inverse_depth: float) -> str:
    return "infinity" if inverse_depth < 1e-4 else f"{1 / inverse_depth:.3g} m"
