"""Make the files of a plan: depth maps, scenes and rendered pictures."""

from __future__ import annotations

from collections.abc import Sequence

from kbvr.making.plan import Plan
from kbvr.making.report import ExportReport
from kbvr.making.run import Run
from kbvr.nets import Opened, devices_of
from kbvr.plan.explain import explain, head_box_line
from kbvr.plan.memory_budget import MemoryUse
from kbvr.plan.output_kinds import SceneKind
from kbvr.profiles.choose import Profile


def make_files(
    plan: Plan, profile: Profile, run: Run, memory: MemoryUse | None, opened: Sequence[Opened]
) -> ExportReport:
    """Make all files of a plan; `opened` collects the networks that are opened meanwhile, for the report."""
    shots, scenes = plan.shots, [job for job in plan.jobs if isinstance(job.kind, SceneKind)]
    with run.clock.stage("depth files"):
        written = run.depth_files(plan)
    explanation = explain(plan.photo, plan.depth, plan.landmarks, shots, plan.options)
    busy: dict[str, float] = {}
    if shots or scenes:
        with run.stage("scene", title="layers"):
            built = profile.build(plan.photo, plan.depth, shots, plan.scene_depth, head_box=plan.head_box)
        explanation += built.explanation
        if built.layers is not None and plan.head_box is not None:
            explanation.append(head_box_line(plan.head_box.within(built.layers.reach_m, plan.scene_depth)))
        if built.layers is not None and scenes:
            with run.stage("triangles"):
                written += run.scene_files(plan, scenes, built.layers)
        if shots:
            drawn, renderers, render_s = run.drawn_files(plan, built)
            written = drawn + written
            explanation += [f"rendering: on {renderer}" for renderer in renderers if renderer]
            busy = {"render": render_s, "encode": sum(made.file.encode_s for made in written)}
    if not written:
        raise run.failed[0].error
    outputs = {made.output for made in written}
    pair = next((shot for shot in shots if shot.rig and shot.output in outputs), None)
    explanation += [] if memory is None else [memory.line()]
    devices = devices_of(one.session for one in opened)
    explanation.append(f"networks: {'on ' + ' and '.join(devices) if devices else 'none used'}")
    return ExportReport(
        photo=run.photo,
        written=tuple(written),
        stereo={name: value for name, value in vars(pair.rig).items() if isinstance(value, float)} if pair else {},
        comfort=pair.comfort if pair else None,
        explanation=tuple(explanation),
        seconds=run.clock.seconds | busy,
        failed=tuple(run.failed),
        networks=tuple(sorted({one.network for one in opened})),
        is_fov_assumed=plan.photo.f_source == "guess",
    )
