"""The options of one export: the outputs that were chosen, with those options of the project that they use."""

from __future__ import annotations

from collections.abc import Mapping

from kbvr.options.outputs import AT_REST, LOOPS, ONE_EYED, OutputOptions
from kbvr.plan.from_options import check_options
from kbvr.plan.output_kinds import formats_of
from kbvr.studio.exporting.as_command import outputs_text
from kbvr.studio.option_texts import VIDEO_ONLY, parsed, refuse_files

DECIDED = ("overwrite", "threads", "max_memory", "device", "depth", "depth_kind")
"""Options that the studio decides."""

CROPS = ("from_crop", "to_crop", "shift_px", "zoom")
VIDEOS = ("layout", "projection", "vr180_px", "container", "codec", "name_for")


def fitting(chosen: Mapping[str, str], project: Mapping[str, str]) -> dict[str, str]:
    """Return the options of an export as texts, without any that its outputs do not use.

    Args:
        chosen: the outputs, and options that are chosen for this export; they take precedence.
        project: the options of the project; its outputs are left out.

    Raises:
        InputError: if an option cannot be used, options do not fit together, or a text names a file.
    """
    texts = {name: text for name, text in project.items() if name not in OutputOptions.model_fields}
    texts = {name: text for name, text in {**texts, **chosen}.items() if name not in DECIDED}
    refuse_files(texts)
    outputs = {name: text for name, text in texts.items() if name in OutputOptions.model_fields}
    left_out = _left_out(set(parsed(outputs).outputs), texts)
    values = {name: text for name, text in texts.items() if name not in left_out}
    options = parsed(values)
    unused = options.unused(formats_of(options))
    used = parsed({name: text for name, text in values.items() if name not in unused})
    check_options(used)
    return outputs_text(used)


def _left_out(outputs: set[str], texts: Mapping[str, str]) -> set[str]:
    """Return the names of options that outputs refuse or ignore."""
    is_vr180 = "stereo" in outputs and texts.get("projection") == "vr180"
    rules = (
        (outputs <= {*LOOPS, *AT_REST}, VIDEO_ONLY),
        ("kenburns" not in outputs and texts.get("path") != "kenburns", CROPS),
        ("stereo" not in outputs, VIDEOS if "kenburns" not in outputs else VIDEOS[:3]),
        (outputs <= {*ONE_EYED} or is_vr180, ("baseline_mm", "convergence_m", "window")),
        (texts.get("aperture_percent") == "0", ("focus",)),
        ("aspect" in texts, ("from_crop", "to_crop")),
    )
    return {name for applies, names in rules if applies for name in names}
