"""Meshes: triangles that cover a surface once, meet without cracks, and are cut where depth jumps."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kbvr.mesh.quadtree import grid_of

CELL_PX = 2
LEVELS = 4
SIDE = CELL_PX << (LEVELS - 1)


def mesh_of(depth, *, kinds=None, present=None, stretched=None, jump=0.2, tolerance=0.25, per_px=0.01):
    """Return the mesh of an inverse depth, all of it present by default."""
    cells = tuple(side // CELL_PX for side in depth.shape)
    kinds = np.ones(cells, np.int64) if kinds is None else kinds
    present = np.ones(depth.shape, bool) if present is None else present
    grid = grid_of(
        depth.astype(np.float32),
        present,
        kinds,
        cell_px=CELL_PX,
        jump=jump,
        per_px=per_px,
        levels=LEVELS,
        stretched=np.zeros(cells, bool) if stretched is None else stretched,
    )
    return grid.mesh(tolerance)


def areas(mesh):
    """Return twice the signed area of every triangle, in cells; above 0 is counter-clockwise as the photo is seen."""
    a, b, c = (mesh.corner[mesh.triangles[:, corner]] for corner in range(3))
    (ux, uy), (vx, vy) = (b - a).T, (c - a).T
    return -(ux * vy - uy * vx)


def edges(mesh):
    """Return how often every edge is used, by its two vertices."""
    pairs = np.sort(mesh.triangles[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
    return Counter(map(tuple, pairs.tolist()))


def waves(seed, height, width):
    """Return a smooth inverse depth with waves that no two seeds share."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    across, down, phase = rng.uniform(0.02, 0.12), rng.uniform(0.02, 0.12), rng.uniform(0, 6)
    return 1 + 0.2 * np.sin(across * x + phase) * np.cos(down * y)


def drawn(mesh, shape):
    """Return the inverse depth that the triangles have at the corners of cells inside them, NaN where there is none."""
    found = np.full((shape[0] // CELL_PX + 1, shape[1] // CELL_PX + 1), np.nan)
    for triangle in mesh.triangles:
        corners, values = mesh.corner[triangle].astype(float), mesh.inverse_depth[triangle]
        x0, y0 = corners.min(axis=0).astype(int)
        x1, y1 = corners.max(axis=0).astype(int)
        x, y = np.meshgrid(np.arange(x0, x1 + 1), np.arange(y0, y1 + 1))
        basis = np.vstack([corners.T, np.ones(3)])
        weights = np.linalg.solve(basis, np.stack([x.ravel(), y.ravel(), np.ones(x.size)]))
        inside = (weights > -1e-9).all(axis=0)
        found[y.ravel()[inside], x.ravel()[inside]] = (values @ weights)[inside]
    return found


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 999), rows=st.integers(1, 4), columns=st.integers(1, 4))
def test_a_smooth_surface_is_covered_once_without_cracks(seed, rows, columns):
    """Areas add up to all cells, all triangles face the camera, and only the rim has edges of one triangle."""
    depth = waves(seed, rows * SIDE, columns * SIDE)
    mesh = mesh_of(depth)
    area = areas(mesh)
    assert (area > 0).all()
    assert area.sum() == 2 * depth.size / CELL_PX**2
    used = edges(mesh)
    assert max(used.values()) <= 2
    width, height = columns * SIDE // CELL_PX, rows * SIDE // CELL_PX
    for (first, second), count in used.items():
        ends = mesh.corner[[first, second]]
        on_rim = any((ends[:, axis] == end).all() for axis, most in ((0, width), (1, height)) for end in (0, most))
        assert count == (1 if on_rim else 2)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 999), tolerance=st.floats(0.05, 2))
def test_no_corner_is_farther_from_the_surface_than_the_tolerance(seed, tolerance):
    """The parallax of what is drawn is right to within the tolerance, by the depth of the finest mesh."""
    depth = waves(seed, 2 * SIDE, 3 * SIDE)
    finest = drawn(mesh_of(depth, tolerance=0.0), depth.shape)
    coarse = drawn(mesh_of(depth, tolerance=tolerance), depth.shape)
    assert not np.isnan(coarse).any()
    off_px = np.abs(coarse - finest) / 0.01
    assert off_px.max() <= 1.1 * tolerance + 1e-3


def test_a_plane_that_faces_the_camera_has_two_triangles_per_square():
    """Flat surfaces cost next to nothing."""
    mesh = mesh_of(np.ones((3 * SIDE, 2 * SIDE)))
    assert len(mesh.triangles) == 2 * 6
    assert np.unique(mesh.inverse_depth).tolist() == [1.0]


def test_a_tilted_plane_has_more_triangles_where_textures_would_be_uneven():
    """Inverse depth of a floor is linear on the screen, but a texture on it is not."""
    depth = np.linspace(0.2, 1.0, 4 * SIDE)[:, None].repeat(2 * SIDE, axis=1)
    counts = [len(mesh_of(depth, tolerance=tolerance).triangles) for tolerance in (0.05, 0.25, 20.0)]
    assert counts[0] > counts[1] > counts[2] == 2 * 8


@pytest.mark.parametrize("at_px", [SIDE, SIDE + 2, SIDE + 5])
def test_a_jump_cuts_the_mesh(at_px):
    """No triangle joins a card to the wall behind it, wherever the jump is."""
    depth = np.full((2 * SIDE, 3 * SIDE), 0.5)
    depth[:, :at_px] = 1.0
    corners = mesh_of(depth).inverse_depth[mesh_of(depth).triangles]
    assert (np.ptp(corners, axis=1) <= 0.3).all()
    if at_px % CELL_PX == 0:
        assert np.unique(corners).tolist() == [0.5, 1.0]


def test_between_stretched_cells_nothing_is_cut():
    """What is drawn beyond the border hangs together; where it meets the photo, depth jumps as it does there."""
    depth = np.full((2 * SIDE, 2 * SIDE), 0.5)
    depth[:SIDE] = 1.0
    stretched = np.zeros((2 * SIDE // CELL_PX,) * 2, bool)
    stretched[:, SIDE // CELL_PX :] = True
    mesh = mesh_of(depth, stretched=stretched)
    leaning = np.ptp(mesh.inverse_depth[mesh.triangles], axis=1) > 0.2
    assert leaning.any()
    assert (mesh.cell[leaning, 0] >= SIDE // CELL_PX).all()


def test_kinds_share_their_vertices_but_no_square():
    """A square never contains cells of two kinds, and the mesh is connected at their seam."""
    kinds = np.ones((SIDE // CELL_PX,) * 2, np.int64)
    kinds[:, 3:] = 2
    mesh = mesh_of(np.ones((SIDE, SIDE)), kinds=kinds)
    of = kinds[mesh.cell[:, 1], mesh.cell[:, 0]]
    for kind, (least, most) in {1: (0, 3), 2: (3, SIDE // CELL_PX)}.items():
        columns = mesh.corner[mesh.triangles[of == kind], 0]
        assert (columns.min(), columns.max()) == (least, most)
    assert areas(mesh).sum() == 2 * kinds.size
    assert sum(count == 1 for count in edges(mesh).values()) == sum(
        (mesh.corner[list(pair), axis] == end).all()
        for pair in edges(mesh)
        for axis in (0, 1)
        for end in (0, len(kinds))
    )


def test_cells_without_a_surface_are_left_out():
    """And pixels that are not present do not affect depth."""
    depth = np.ones((SIDE, SIDE))
    depth[:, 1::2] = 9.0
    present = np.zeros(depth.shape, bool)
    present[:, ::2] = True
    kinds = np.ones((SIDE // CELL_PX,) * 2, np.int64)
    kinds[2:4, 1:5] = 0
    mesh = mesh_of(depth, kinds=kinds, present=present)
    assert areas(mesh).sum() == 2 * kinds.sum()
    assert np.unique(mesh.inverse_depth).tolist() == [1.0]


def test_a_part_has_separate_vertices_for_every_piece():
    """A vertex that two pieces share becomes two."""
    mesh = mesh_of(waves(1, 2 * SIDE, 2 * SIDE))
    pieces = mesh.cell[:, 0] * CELL_PX // SIDE
    part, piece = mesh.part(np.ones(len(mesh.triangles), bool), pieces)
    assert (piece[part.triangles] == pieces[:, None]).all()
    assert (part.corner[part.triangles] == mesh.corner[mesh.triangles]).all()
    assert len(part.corner) > len(mesh.corner)
