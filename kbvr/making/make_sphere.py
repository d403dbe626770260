"""Make the 360 stereo picture of a 360 photo."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from math import pi

from kbvr.depth.placement import DEFAULT_NEAR_M
from kbvr.errors import OptionsError, OptionText, verbatim
from kbvr.formats.spec.format import Facts
from kbvr.formats.write import write_items
from kbvr.inpaint.choose import best_filler, filler_named
from kbvr.making.plan import Job
from kbvr.making.report import ExportReport, Written
from kbvr.making.run import Run
from kbvr.nets import Opened, devices_of
from kbvr.options.export_options import ExportOptions
from kbvr.photo.photo import Photo
from kbvr.plan.from_options import baseline_m_of
from kbvr.profiles.depth_source import network_limits
from kbvr.sphere.completed import completed
from kbvr.sphere.eyes import clipped_share, seen_by_eyes, split_sphere
from kbvr.sphere.sphere_depth import estimate_sphere_depth

MAX_CLIPPED = 0.05
"""Share of a sphere that may be too near for the eyes: a few spots are not seen."""

SPHERE_STILL = "vr360"
SPHERE_FORMAT = "vr360-photo"
FLAT_ONLY = (
    "aspect",
    "segmentation",
    "softness",
    "subject_distance_m",
    "focus",
    "aperture_percent",
    "vignette",
    "budget_percent",
    "convergence_m",
    "screen",
    "max_parallax_deg",
    "window",
    "strength",
)
"""Options that a 360 photo has no use for, and that would not do what they say."""

_log = logging.getLogger(__name__)


def check_sphere(photo: Photo, jobs: Sequence[Job], options: ExportOptions) -> None:
    """Check that what is asked for can be made of a photo, which may go all around.

    Raises:
        OptionsError: if a 360 photo is to become something flat, or an ordinary photo a 360 picture.
    """
    formats = {item.format: job.kind.name for job in jobs for item in job.items}
    if photo.around is None:
        if SPHERE_FORMAT in formats:
            raise OptionsError(
                f"{{still}} {SPHERE_STILL} requires a 360 photo, and the file of {verbatim(photo.name)} does not say "
                "that it is one: {panorama} 360 says it"
            )
        return
    others = sorted({name for form, name in formats.items() if form != SPHERE_FORMAT})
    if others:
        raise OptionsError(
            f"a 360 photo can become a 360 stereo picture ({{still}} {SPHERE_STILL}) and nothing else, got "
            f"{', '.join(others)}; {{panorama}} cylinder uses an ordinary view of it"
        )
    if options.profile != "layers":
        raise OptionsError("a 360 photo requires {profile} layers")
    for name in FLAT_ONLY:
        if getattr(options, name) != ExportOptions.model_fields[name].default:
            raise OptionsError(f"{{{name}}} and a 360 photo cannot be combined")


def sphere_px(photo: Photo) -> tuple[int, int]:
    """Return the (width, height) of the whole sphere of a 360 photo, whose file may lack its top and bottom."""
    width = photo.file_size_px[0] // 2 * 2
    return width, width // 2


def make_sphere(
    photo: Photo, jobs: Sequence[Job], options: ExportOptions, run: Run, opened: Sequence[Opened]
) -> ExportReport:
    """Make the 360 stereo picture of a photo that `check_sphere` has checked; the errors are those of `export`."""
    assert photo.around is not None
    (job,) = jobs
    width = min(job.view_px[0], photo.size_px[0]) // 2 * 2
    with run.stage("depth"):
        sphere = completed(photo.rgb, photo.around, width)
        depth = estimate_sphere_depth(
            sphere,
            model=options.depth_model,
            near_m=DEFAULT_NEAR_M if options.near_m is None else options.near_m,
            quality=options.depth_quality,
            **network_limits(options),
        )
    baseline_m = baseline_m_of(options) or options.ipd_mm / 1000
    clipped = clipped_share(depth.inverse_distance, radius_m=baseline_m / 2)
    if clipped > MAX_CLIPPED:
        near = f"{100 * clipped:.0f}% of it is nearer than the eyes are apart, and is torn"
        option = "ipd_mm" if options.baseline_mm is None else "baseline_mm"
        _log.warning(OptionText(f"{verbatim(run.photo)}: {near}: a smaller {{{option}}} or a larger {{near_m}} helps"))
    nearest_m = 1 / max(float(depth.inverse_distance.max()), 1e-6)
    with run.stage("scene", title="layers"):
        filler = filler_named(options.fill, **network_limits(options))
        layers = split_sphere(sphere, depth.inverse_distance, radius_m=baseline_m / 2, filler=filler)
    with run.stage("video", title="eyes"):
        eyes = seen_by_eyes(layers, radius_m=baseline_m / 2)
        facts = Facts(width / (2 * pi), baseline_m, credits=photo.credits)
        files = run.written(job.kind.name, job.items, lambda: write_items([eyes], job.items, facts, options))
    if not files:
        raise run.failed[0].error
    distances = f"nearest {nearest_m:.3g} m; eyes {1000 * baseline_m:.3g} mm apart"
    return _report(photo, files, options, run, opened, distances)


def _report(
    photo: Photo, files: Sequence[Written], options: ExportOptions, run: Run, opened: Sequence[Opened], distances: str
) -> ExportReport:
    devices = devices_of(one.session for one in opened)
    fill = best_filler() if str(options.fill) == "auto" else str(options.fill)
    explanation = (
        *(f"photo: {note}" for note in photo.notes),
        f"depth: from 12 views around, put into one scale; {distances}",
        "stereo: full up to 55 degrees above and below the horizon, none beyond 80",
        f"fill: {fill}",
        f"networks: {'on ' + ' and '.join(devices) if devices else 'none used'}",
    )
    return ExportReport(
        photo=run.photo,
        written=tuple(files),
        stereo={},
        explanation=explanation,
        seconds=run.clock.seconds,
        failed=tuple(run.failed),
        networks=tuple(sorted({one.network for one in opened})),
    )
