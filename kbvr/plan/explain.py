"""What was chosen for a photo, and why, in words."""

from __future__ import annotations

import numpy as np

from kbvr.depth.depth_map import DepthMap
from kbvr.depth.scene_depth import SceneDepth
from kbvr.geometry.camera import fov_deg_from_f_px
from kbvr.nets import ran_on
from kbvr.options.export_options import ExportOptions
from kbvr.options.outputs import AT_REST, LOOPS
from kbvr.photo.photo import Photo
from kbvr.plan.output_kinds import views_of
from kbvr.plan.shots import QUILT_PAIRS, Film, budget_of, path_options


def explain(
    photo: Photo,
    depth: DepthMap,
    around: SceneDepth,
    films: list[Film],
    scene: tuple[str, ...],
    options: ExportOptions,
) -> tuple[str, ...]:
    """Return every choice that was made for a photo, a line each; `scene` is what the profile tells of its scene."""
    width, height = photo.size_px
    fov_deg = fov_deg_from_f_px(photo.f_px, max(width, height))
    nearest, farthest = (_metres(d) for d in (around.nearest_inverse_depth, around.farthest_inverse_depth))
    origin = f"by {depth.network}" if depth.network else "from the file"
    placed = f"placed to look believable, as the depth {origin} is relative"
    source = f"measured, {origin}" if depth.metric else placed
    seen = {"exif": "from its EXIF data", "flag": "as given", "guess": "assumed", "network": f"found {origin}"}[
        photo.f_source
    ]
    lines = [
        f"photo: {width}x{height}, focal length {photo.f_px:.0f} px ({fov_deg:.1f} degrees across, {seen})",
        *(f"photo: {note}" for note in photo.notes),
        f"depth: nearest {nearest}, farthest {farthest}; {source}",
    ]
    for film in films:
        lines += _explained(film, options)
    return (*lines, *scene, f"networks: ran on {ran_on(options.device)}")


def _explained(film: Film, options: ExportOptions) -> list[str]:
    """Return what was chosen for one film."""
    end = max(film.moves, key=lambda move: float(np.linalg.norm(move.position_m)))
    place = ", ".join(f"{value * 1000:+.0f} mm {axis}" for value, axis in zip(end.position_m, "xyz", strict=True))
    if film.output in LOOPS:
        still = f"what is at {_metres(film.moves[0].held_inverse_depth)} stands still"
        said = f"{film.output}: {len(film.moves)} views, {film.period_s:g} s there and back; {still}"
    elif film.output not in AT_REST:
        said = f"{film.output} path: {path_options(film.output, options).name}"
    else:
        said = f"{film.output}: the camera rests"
    lines = [f"{said}; farthest at {place}" if film.output not in AT_REST else said]
    if film.lens is not None:
        sharp = _metres(film.lens.focus_inverse_depth)
        opening = f"{film.lens.aperture_m * 1000:.1f} mm wide, sharp at {sharp}"
        lines.append(f"lens: {opening}, looked through at {film.lens.count} places")
    rig = film.rig
    if rig is None:
        return lines
    if film.output == "quilt":
        steps, spread_px = views_of(film.items) - 1, rig.farthest_parallax_px - rig.nearest_parallax_px
        lines.append(
            f"quilt: {steps + 1} views over {rig.baseline_m * 1000:.1f} mm, which is {QUILT_PAIRS:g} pairs of eyes, "
            f"focused at {_metres(1 / rig.convergence_m)}; from view to view depth shifts by {spread_px / steps:.2f} px"
        )
        return lines
    parallax = (
        f"{rig.nearest_parallax_px:+.1f} px ({rig.nearest_parallax_deg:+.2f} degrees) at the nearest, "
        f"{rig.farthest_parallax_px:+.1f} px ({rig.farthest_parallax_deg:+.2f} degrees) at the farthest"
    )
    budget = f"the budget is {budget_of(film.output, options):.1%} of the width"
    chosen_by = {
        "budget": budget,
        "angle": f"{budget}, held to {rig.max_parallax_deg:g} degrees each way",
        "eyes": f"{budget}, held to what eyes {rig.screen.ipd_m * 1000:g} mm apart can follow",
        "caller": "the baseline was given",
    }[rig.decided_by]
    lines.append(f"eyes: {rig.baseline_m * 1000:.1f} mm apart, screen plane at {_metres(1 / rig.convergence_m)}")
    lines.append(f"parallax: {parallax}; {chosen_by}")
    has_screen = film.output != "stereo" or options.projection == "flat"
    if has_screen and film.comfort is not None and max(film.comfort.cut_px) >= 1:
        cut = " and ".join(
            f"the {side} border by {px:.1f} px"
            for side, px in zip(("left", "right"), film.comfort.cut_px, strict=True)
            if px >= 1
        )
        mended = "bars hide it (--window floating)" if any(film.bars_px) else "--window floating mends it"
        lines.append(f"window: what stands before the screen is cut at {cut}; {mended}")
    return lines


def _metres(inverse_depth: float) -> str:
    return "infinity" if inverse_depth < 1e-4 else f"{1 / inverse_depth:.3g} m"
