"""What was chosen for a photo, and why, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from kbvr.depth.depth_map import DepthMap
from kbvr.depth.scene_depth import SceneDepth
from kbvr.geometry.camera import fov_deg_from_f_px
from kbvr.options.export_options import ExportOptions
from kbvr.options.outputs import AT_REST, LOOPS
from kbvr.photo.photo import Photo
from kbvr.plan.memory_budget import MemoryUse
from kbvr.plan.output_kinds import QUILT_PAIRS
from kbvr.plan.shots import Shot, views_of


@runtime_checkable
class SceneFacts(Protocol):
    """What a profile made of a photo."""

    def lines(self) -> list[str]:
        """Return it in words."""


@dataclass(frozen=True)
class LayersFacts:
    """A scene of layers."""

    reach_m: float
    hidden_share: float
    quads: int
    fill: str
    """What invented the hidden parts."""

    def lines(self) -> list[str]:
        """Return it in words."""
        made = f"made for moves of {self.reach_m * 1000:.0f} mm, {self.hidden_share:.1%} of it hidden and filled"
        return [f"scene: {made}, {self.quads} quads", f"fill: {self.fill}"]


@dataclass(frozen=True)
class PointsFacts:
    """A scene of points."""

    points: int
    inpainted: int

    def lines(self) -> list[str]:
        """Return it in words."""
        return [f"scene: {self.points} points, {self.inpainted} of them inpainted"]


@dataclass(frozen=True)
class Made:
    """What was decided while an export was made."""

    scene: SceneFacts | None
    drawn_on: tuple[str, ...]
    """What pictures were drawn on."""

    memory: MemoryUse | None
    """None where there was no limit."""

    devices: tuple[str, ...]
    """What networks ran on."""


def explain(
    photo: Photo,
    depth: DepthMap,
    scene_depth: SceneDepth,
    shots: Sequence[Shot],
    made: Made,
    options: ExportOptions,
) -> tuple[str, ...]:
    """Return every choice that was made for a photo, a line each."""
    width, height = photo.size_px
    fov_deg = fov_deg_from_f_px(photo.f_px, max(width, height))
    nearest, farthest = (_metres(d) for d in (scene_depth.nearest_inverse_depth, scene_depth.farthest_inverse_depth))
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
    for shot in shots:
        lines += _explained(shot, options)
    lines += [] if made.scene is None else made.scene.lines()
    lines += [f"pictures: drawn on {title}" for title in made.drawn_on if title]
    lines += [] if made.memory is None else [made.memory.line()]
    return (*lines, f"networks: ran on {' and '.join(made.devices) or 'nothing: none was needed'}")


def _explained(shot: Shot, options: ExportOptions) -> list[str]:
    """Return what was chosen for one shot."""
    end = max(shot.moves, key=lambda move: float(np.linalg.norm(move.position_m)))
    place = ", ".join(f"{value * 1000:+.0f} mm {axis}" for value, axis in zip(end.position_m, "xyz", strict=True))
    if shot.output in LOOPS:
        still = f"what is at {_metres(shot.moves[0].held_inverse_depth)} stands still"
        said = f"{shot.output}: {len(shot.moves)} views, {shot.period_s:g} s there and back; {still}"
    elif shot.path:
        said = f"{shot.output} path: {shot.path}"
    else:
        said = f"{shot.output}: the camera rests"
    lines = [f"{said}; farthest at {place}" if shot.output not in AT_REST else said]
    if shot.lens is not None:
        sharp = _metres(shot.lens.focus_inverse_depth)
        opening = f"{shot.lens.aperture_m * 1000:.1f} mm wide, sharp at {sharp}"
        lines.append(f"lens: {opening}, looked through at {shot.lens.count} places")
    rig = shot.rig
    if rig is None:
        return lines
    if shot.output == "quilt":
        steps, spread_px = views_of(shot.items) - 1, rig.farthest_parallax_px - rig.nearest_parallax_px
        lines.append(
            f"quilt: {steps + 1} views over {rig.baseline_m * 1000:.1f} mm, which is {QUILT_PAIRS:g} pairs of eyes, "
            f"focused at {_metres(1 / rig.convergence_m)}; from view to view depth shifts by {spread_px / steps:.2f} px"
        )
        return lines
    parallax = (
        f"{rig.nearest_parallax_px:+.1f} px ({rig.nearest_parallax_deg:+.2f} degrees) at the nearest, "
        f"{rig.farthest_parallax_px:+.1f} px ({rig.farthest_parallax_deg:+.2f} degrees) at the farthest"
    )
    budget = f"the budget is {shot.budget:.1%} of the width"
    chosen_by = {
        "budget": budget,
        "angle": f"{budget}, held to {rig.max_parallax_deg:g} degrees each way",
        "eyes": f"{budget}, held to what eyes {rig.screen.ipd_m * 1000:g} mm apart can follow",
        "caller": "the baseline was given",
    }[rig.decided_by]
    lines.append(f"eyes: {rig.baseline_m * 1000:.1f} mm apart, screen plane at {_metres(1 / rig.convergence_m)}")
    lines.append(f"parallax: {parallax}; {chosen_by}")
    has_screen = shot.output != "stereo" or options.projection == "flat"
    if has_screen and shot.comfort is not None and max(shot.comfort.cut_px) >= 1:
        cut = " and ".join(
            f"the {side} border by {px:.1f} px"
            for side, px in zip(("left", "right"), shot.comfort.cut_px, strict=True)
            if px >= 1
        )
        mended = "bars hide it (--window floating)" if any(shot.bars_px) else "--window floating mends it"
        lines.append(f"window: what stands before the screen is cut at {cut}; {mended}")
    return lines


def _metres(inverse_depth: float) -> str:
    return "infinity" if inverse_depth < 1e-4 else f"{1 / inverse_depth:.3g} m"
