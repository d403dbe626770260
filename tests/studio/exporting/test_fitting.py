"""An export takes those options of its project that its outputs use."""

from __future__ import annotations

import pytest

from kbvr.errors import InputError
from kbvr.studio.exporting.fitting import fitting

CROPS = {"from_crop": "0,0,80,80%", "to_crop": "10,10,80,80%"}


@pytest.mark.parametrize(
    ("chosen", "project", "kept"),
    [
        ({"wiggle": "yes"}, {"path": "orbit", "seconds": "9", "strength": "bold"}, {"strength": "bold"}),
        ({"wiggle": "yes"}, {"stereo": "yes", "gltf": "yes"}, {}),
        ({"wiggle": "yes"}, {"views": "5", "triangles": "5000"}, {"views": "5"}),
        ({"wiggle": "yes", "views": "9"}, {"views": "5"}, {}),
        ({"kenburns": "yes"}, CROPS | {"layout": "tb"}, CROPS),
        ({"kenburns": "yes", "aspect": "9:16"}, {"from_crop": "0,0,80,80%"}, {}),
        ({"gltf": "yes"}, {"baseline_mm": "50", "window": "floating", "triangles": "5000"}, {"triangles": "5000"}),
        ({"stereo": "yes", "projection": "vr180"}, {"convergence_m": "2", "window": "floating"}, {}),
        ({"stereo": "yes"}, {"convergence_m": "2", "from_crop": "0,0,80,80%"}, {"convergence_m": "2"}),
        ({"depth_map": "png"}, {"fps": "50", "loop": "no", "overwrite": "yes", "max_memory": "1GB"}, {}),
        ({"still": "sbs"}, {"focus": "10,10%", "aperture_percent": "0"}, {"aperture_percent": "0"}),
    ],
)
def test_options_that_outputs_refuse_or_ignore_are_left_out(chosen, project, kept):
    assert fitting(chosen, project) == chosen | kept


def test_what_the_export_would_refuse_is_refused_at_once():
    """The options of a path belong together, which only the plan of an export checks."""
    with pytest.raises(InputError, match="keyframes"):
        fitting({"stereo": "yes"}, {"path": "keyframes"})
    assert fitting({"wiggle": "yes"}, {"path": "keyframes"}) == {"wiggle": "yes"}


@pytest.mark.parametrize("name", ["fill", "depth_model", "segmentation"])
def test_a_project_from_elsewhere_names_no_files(name):
    with pytest.raises(InputError, match="cannot name a file here"):
        fitting({"wiggle": "yes"}, {name: "/home/me/other.onnx"})
