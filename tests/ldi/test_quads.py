"""Meshing: every pixel with a surface is covered once, by quads that a slow literal version finds, too."""

from __future__ import annotations

import numpy as np
import pytest
from literal_mesh import slow_quads

from kbvr.ldi import quads as meshing
from kbvr.ldi.layered_depth_image import Layer
from kbvr.ldi.quads import TOLERANCE_PX, layer_quads
from kbvr.native import library as compiled

LIMITS = compiled.MeshLimits(tolerance=0.002, jump=0.05, per_px=0.02, forward_m=0.2, tolerance_px=TOLERANCE_PX)
HEIGHT, WIDTH = 75, 101


def bumpy_layer(name: str = "front") -> Layer:
    """A slope with a bump, a step and a hole that is no multiple of any square."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    depth = 0.3 + 0.002 * x + 0.05 * np.exp(-((x - 60) ** 2 + (y - 40) ** 2) / 80)
    depth[20:, 80:] += 0.5
    rgba = np.full((HEIGHT, WIDTH, 4), 255, np.uint8)
    rgba[33:52, 10:23, 3] = 0
    return Layer(name, rgba, depth.astype(np.float32))


@pytest.mark.parametrize(("name", "largest"), [("front", 32), ("matte", 2)])
def test_the_mesher_agrees_with_a_slow_literal_version(name, largest):
    """The same squares, their planes and growth equal up to single precision."""
    layer = bumpy_layer(name)
    quads, _ = layer_quads(layer, 1, margin_px=0, limits=LIMITS)
    slow = slow_quads(layer.inverse_depth, layer.rgba[..., 3] > 0, largest, LIMITS)
    order, slow_order = np.lexsort((quads["u"], quads["v"])), np.lexsort((slow["u"], slow["v"]))
    quads, slow = quads[order], slow[slow_order]
    assert len(quads) == len(slow)
    for field in ("u", "v", "half"):
        assert (quads[field] == slow[field]).all()
    for field in ("d", "du", "dv"):
        assert np.abs(quads[field] - slow[field]).max() < 2e-6
    assert np.abs(quads["slack_px"] - slow["slack_px"]).max() < 1e-3


def test_every_pixel_with_a_surface_is_covered_once():
    layer = bumpy_layer()
    quads, blocks = layer_quads(layer, 1, margin_px=0, limits=LIMITS)
    covered = np.zeros((HEIGHT, WIDTH), int)
    for u, v, half in zip(quads["u"], quads["v"], quads["half"], strict=True):
        covered[int(v - half) : int(v + half), int(u - half) : int(u + half)] += 1
    assert (covered == (layer.rgba[..., 3] > 0)).all()
    assert blocks["count"].sum() == len(quads)


def test_blocks_bound_their_quads():
    """In position and depth; a block's quads are consecutive, and the margin is subtracted."""
    quads, blocks = layer_quads(bumpy_layer(), 2, margin_px=7, limits=LIMITS)
    assert (blocks["first"] == np.cumsum(blocks["count"]) - blocks["count"]).all()
    assert quads["u"].min() - quads["half"].max() < 0
    for block in blocks:
        own = quads[block["first"] : block["first"] + block["count"]]
        lean = (np.abs(own["du"]) + np.abs(own["dv"])) * own["half"]
        assert block["u0"] == (own["u"] - own["half"]).min()
        assert block["v1"] == (own["v"] + own["half"]).max()
        assert block["d_min"] == (own["d"] - lean).min()
        assert block["d_max"] == (own["d"] + lean).max()


def test_every_instruction_set_gives_the_same_mesh(monkeypatch):
    meshes = []
    for variant in compiled.variants():
        monkeypatch.setattr(meshing, "kernel", lambda variant=variant: compiled._load(variant))
        meshes.append(layer_quads(bumpy_layer(), 0, margin_px=3, limits=LIMITS))
    assert meshes
    assert all((quads == meshes[0][0]).all() and (blocks == meshes[0][1]).all() for quads, blocks in meshes)


def test_a_layer_without_a_surface_has_no_quads():
    layer = bumpy_layer()
    empty = Layer("hidden", np.zeros_like(layer.rgba), layer.inverse_depth)
    quads, blocks = layer_quads(empty, 0, margin_px=0, limits=LIMITS)
    assert (len(quads), len(blocks)) == (0, 0)
