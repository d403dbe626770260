"""The textured mesh: a scene as textured triangles, complete and where it should be."""

from functools import cache

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scenes import card_before_wall, checkerboard, depth_of, photo_of

from kbvr.errors import InputError
from kbvr.formats.scene.quantized import RATIO, slabs_of
from kbvr.geometry.camera import camera_of_photo
from kbvr.ldi.scene import build_scene
from kbvr.mesh.backdrop import dome_of
from kbvr.mesh.texture_atlas import FRAME_PX, PIECE_PX, SLOT_PX, Pieces, atlas_of, in_atlas
from kbvr.mesh.textured_mesh import textured_mesh_of


@cache
def card_relief(surround="dome"):
    """Return the textured mesh of a card before a wall."""
    photo, depth = card_before_wall()
    return photo, textured_mesh_of(build_scene(photo, depth, reach_m=0.1), photo, surround=surround)


def parts_of(textured_mesh):
    return {part.name: part for part in textured_mesh.parts}


def at_px(textured_mesh, part):
    """Return where the photo's camera sees vertices."""
    camera, points = textured_mesh.camera, part.points_m.astype(np.float64)
    return camera.f_px * points[:, :2] / points[:, 2:] + (camera.cx_px, camera.cy_px)


def test_every_part_is_where_its_layer_is():
    """The card is at 1 m, the wall at 4 m, what is hidden a hair's breadth behind the wall."""
    _, textured_mesh = card_relief()
    depths = {name: {round(float(z), 2) for z in part.points_m[:, 2]} for name, part in parts_of(textured_mesh).items()}
    assert depths["front"] == {1.0, 4.0}
    assert depths["matte"] == {1.0}
    assert depths["hidden"] == {4.01}
    assert depths["border"] == {4.0}


def test_the_front_shows_the_photo_where_it_is():
    """Every vertex of the front has the texture's place that the photo's camera sees it at."""
    photo, textured_mesh = card_relief()
    front = parts_of(textured_mesh)["front"]
    height, width = textured_mesh.photo.shape[:2]
    assert np.allclose(at_px(textured_mesh, front), front.uv * (width, height), atol=1e-3)
    assert (textured_mesh.photo[: photo.size_px[1], : photo.size_px[0]] == photo.rgb).all()


@pytest.mark.parametrize("cell_px", [2, 4, 8])
def test_the_smallest_squares_are_as_small_as_asked(cell_px):
    """Corners lie on a grid of that size; where a slope needs many squares, coarse ones are fewer."""
    slope = np.tile(np.linspace(0.2, 1, 120) ** 2, (80, 1))
    photo, depth = photo_of(checkerboard(120, 80)), depth_of(slope)
    scene = build_scene(photo, depth, reach_m=0.5)
    front = parts_of(textured_mesh_of(scene, photo, surround="none", cell_px=cell_px))["front"]
    places = np.rint(front.uv * (120, 80)).astype(int)
    assert (places % cell_px == 0).all()
    assert (places % (2 * cell_px) != 0).any()


@pytest.mark.parametrize("name", ["matte", "hidden", "border"])
def test_pieces_of_the_atlas_show_what_is_at_their_place(name):
    """A part's texture, looked up at its triangles' middles, is the layer's there: blue wall, red card.

    Cells at the end of the hidden layer may hold some of the card that is before them.
    """
    photo, textured_mesh = card_relief()
    part = parts_of(textured_mesh)[name]
    height, width = textured_mesh.atlas.shape[:2]
    x, y = (part.uv[part.triangles].mean(axis=1) * (width, height)).astype(int).T
    colours = textured_mesh.atlas[y, x]
    seen = colours[colours[:, 3] > 200, :3].astype(int)
    assert len(seen) > 10
    wanted = photo.rgb[0, 0] if name != "matte" else photo.rgb[50, 60]
    assert (np.abs(seen - wanted).max(axis=1) < 40).mean() > (0.9 if name == "hidden" else 0.999)


def test_matte_and_front_hang_together_and_leave_no_gap():
    """Together they cover the photo: every pixel's middle lies in a triangle of one of them, or in the hidden layer."""
    photo, textured_mesh = card_relief()
    width, height = photo.size_px
    covered = np.zeros((height, width), np.uint8)
    for name in ("front", "matte", "hidden"):
        part = parts_of(textured_mesh)[name]
        for triangle in at_px(textured_mesh, part)[part.triangles]:
            cv2.fillConvexPoly(covered, np.rint(triangle * 16).astype(np.int32) - 8, 1, shift=4)
    assert covered.all()


def test_no_triangle_spans_the_jump():
    """Nothing is stretched between card and wall."""
    _, textured_mesh = card_relief()
    for part in textured_mesh.parts:
        if part.name not in ("dome", "border"):
            inverse_depth = 1 / part.points_m[:, 2][part.triangles]
            assert (np.ptp(inverse_depth, axis=1) < 0.1).all(), part.name


def test_matte_and_front_are_both_opaque_where_they_meet():
    """Viewers interpolate texels: nothing behind shines through dots along the seam inside a disc's outline."""
    y, x = np.mgrid[:120, :160]
    disc = np.hypot(x - 80, y - 60) < 40
    rgb = np.where(disc[..., None], (230, 230, 220), (20, 30, 40)).astype(np.uint8)
    scene = build_scene(photo_of(rgb), depth_of(np.where(disc, 1.0, 0.25)), reach_m=0.1)
    textured_mesh = textured_mesh_of(scene, photo_of(rgb))
    front, matte = (parts_of(textured_mesh)[name] for name in ("front", "matte"))
    seam = {tuple(point) for point in front.points_m.round(4).tolist()}
    at_seam = np.array([tuple(point) in seam for point in matte.points_m.round(4).tolist()])
    assert at_seam.sum() > 50
    place = matte.uv[at_seam] * textured_mesh.atlas.shape[1::-1] - 0.5
    four = [textured_mesh.atlas[y, x] for y, x in _around(place)]
    assert np.min(four, axis=0)[:, 3].min() == 255
    assert np.min(four, axis=0)[:, :3].min() > 200


def _around(place):
    """Yield the rows and columns of the four texels around places (x, y)."""
    for down in (0, 1):
        for right in (0, 1):
            column, row = (np.floor(place) + np.array([right, down])).astype(int).T
            yield row, column


def test_what_is_invented_behind_things_is_one_sheet():
    """A filler may invent a step; there the hidden layer is stretched, since nothing is behind a cut."""
    photo, depth = card_before_wall()

    def stepped(rgb, inverse_depth, *, hole, source):
        invented = inverse_depth.copy()
        invented[hole] = np.where(np.nonzero(hole)[0] % 16 < 8, 0.25, 0.7)
        return rgb, invented

    scene = build_scene(photo, depth, reach_m=0.1, filler=stepped)
    hidden = parts_of(textured_mesh_of(scene, photo))["hidden"]
    spans = np.ptp(1 / hidden.points_m[hidden.triangles, 2], axis=1)
    assert (spans > 0.2).any()
    corners = np.rint(at_px(scene, hidden)).astype(int)
    depths_at = {}
    for corner, z in zip(map(tuple, corners), hidden.points_m[:, 2], strict=True):
        depths_at.setdefault(corner, set()).add(round(float(z), 2))
    assert len(depths_at) > 100
    assert max(map(len, depths_at.values())) == 1


def test_triangles_face_the_camera():
    """Viewers leave out what is seen from behind; so the dome faces inward."""
    _, textured_mesh = card_relief()
    for part in textured_mesh.parts:
        a, b, c = (part.points_m[part.triangles[:, corner]].astype(np.float64) for corner in range(3))
        outward = np.cross(b - a, c - a)  # y is down: counter-clockwise as seen is towards the camera if negative
        towards = (outward * a).sum(axis=1)
        assert (towards < 0).all(), part.name


def test_the_border_fades_to_nothing_and_the_dome_is_behind_everything():
    """There is no cliff: whole at the photo's border, nothing at the margin's end."""
    photo, textured_mesh = card_relief()
    border, dome = parts_of(textured_mesh)["border"], parts_of(textured_mesh)["dome"]
    at, alpha = at_px(textured_mesh, border), border.alpha
    beyond = np.maximum(-at, at - np.array(photo.size_px)).max(axis=1)
    assert alpha[beyond <= 0.01].min() == 255
    assert alpha[np.isclose(beyond, beyond.max())].max() == 0
    farthest = max(np.linalg.norm(part.points_m, axis=1).max() for part in textured_mesh.parts if part.name != "dome")
    assert np.linalg.norm(dome.points_m, axis=1).min() > farthest


def test_without_a_surround_there_is_none():
    """Fade has no dome, none has neither."""
    assert {"dome", "border"} & {*parts_of(card_relief("fade")[1])} == {"border"}
    assert not {"dome", "border"} & {*parts_of(card_relief("none")[1])}
    photo, depth = card_before_wall()
    with pytest.raises(InputError, match="surround must be one of none, fade, dome, got 'ball'"):
        textured_mesh_of(build_scene(photo, depth), photo, surround="ball")


def test_fewer_triangles_are_coarser_and_too_few_are_refused():
    """The budget is kept by larger errors first, then by larger cells."""
    height, width = 200, 300
    y, x = np.mgrid[:height, :width]
    photo = photo_of(checkerboard(width, height))
    depth = depth_of(0.5 + 0.2 * np.sin(x / 9) * np.cos(y / 7))
    scene = build_scene(photo, depth, reach_m=0.1)
    fine, coarse = (textured_mesh_of(scene, photo, surround="none", max_triangles=most) for most in (100_000, 6_000))
    assert coarse.triangle_count <= 6_000 < fine.triangle_count
    assert coarse.tolerance_px > fine.tolerance_px
    with pytest.raises(InputError, match="needs more than 10 triangles"):
        textured_mesh_of(scene, photo, surround="none", max_triangles=10)


@given(width=st.integers(16, 90), height=st.integers(16, 90), reach_m=st.floats(0.001, 0.4))
def test_any_size_of_photo_has_a_relief(width, height, reach_m):
    """Odd sizes too; the front never reaches beyond its texture."""
    photo = photo_of(checkerboard(width, height))
    y, x = np.mgrid[:height, :width]
    depth = depth_of(np.where((x > width // 2) & (y > height // 3), 1.0, 0.2))
    textured_mesh = textured_mesh_of(build_scene(photo, depth, reach_m=reach_m), photo)
    for part in textured_mesh.parts:
        assert np.isfinite(part.points_m).all()
        assert (part.uv >= 0).all()
        assert (part.uv <= 1).all()
    assert max(textured_mesh.atlas.shape[:2]) <= 4096


def test_an_atlas_contains_pieces_and_their_surroundings():
    """Each slot is the piece with its frame, cut from where it belongs; beyond the picture its border goes on."""
    rng = np.random.default_rng(3)
    picture = rng.integers(0, 256, (3 * PIECE_PX, 4 * PIECE_PX, 4), np.uint8)
    pieces = Pieces(picture, np.array([0, 3, 1]), np.array([0, 2, 1]), 1)
    atlas = atlas_of([pieces])
    wide = np.pad(picture, ((FRAME_PX, FRAME_PX), (FRAME_PX, FRAME_PX), (0, 0)), mode="edge")
    for slot, (column, row) in enumerate(zip(pieces.columns, pieces.rows, strict=True)):
        y, x = (place * SLOT_PX for place in divmod(slot, 2))
        wanted = wide[row * PIECE_PX : row * PIECE_PX + SLOT_PX, column * PIECE_PX : column * PIECE_PX + SLOT_PX]
        assert (atlas[y : y + SLOT_PX, x : x + SLOT_PX] == wanted).all()
        corner = in_atlas(np.zeros((1, 2), np.float32), np.array([slot]), 3)[0] * atlas.shape[1::-1]
        assert np.allclose(corner, (x + FRAME_PX, y + FRAME_PX), atol=1e-4)


def test_the_dome_continues_the_photo_and_is_darker_behind_the_viewer():
    """Ahead it has the photo's colours in their places; behind it is as bright as MIN_BRIGHTNESS."""
    rgb = np.empty((120, 160, 3), np.uint8)
    rgb[:60], rgb[60:] = (90, 120, 200), (60, 100, 40)
    dome = dome_of(rgb, camera_of_photo((160, 120), 140.0), radius_m=100.0)
    colours = dome.pieces.rgba[..., :3].astype(int)
    height, width = colours.shape[:2]
    above, below = colours[height // 2 - 16, width // 2], colours[height // 2 + 16, width // 2]
    assert np.abs(above - rgb[0, 0]).max() < 25
    assert np.abs(below - rgb[-1, 0]).max() < 25
    assert colours[height // 2 - 16, 0].sum() < 0.4 * above.sum()
    assert np.allclose(np.linalg.norm(dome.points_m, axis=1), 100, rtol=1e-5)


@given(seed=st.integers(0, 10_000))
def test_rounded_vertices_of_two_meshes_stay_in_one_place(seed):
    """What meets before rounding meets after it, to the bit; and nobody moves by more than half a step."""
    rng = np.random.default_rng(seed)
    shared = rng.uniform(1, 3, (6, 3)) * 10.0 ** rng.uniform(0, 3, (6, 1))
    meshes = []
    for _ in range(2):
        own = rng.uniform(1, 3, (20, 3)) * 10.0 ** rng.uniform(0, 3, (20, 1))
        points = np.concatenate([shared, own]).astype(np.float32)
        meshes.append((points, rng.permuted(np.arange(26))[:24].reshape(-1, 3).astype(np.int64)))
    places: dict[int, set[bytes]] = {}
    for slabs, (points, triangles) in zip(slabs_of(meshes), meshes, strict=True):
        assert sum(len(slab.triangles) for slab in slabs) == len(triangles)
        steps = sorted({slab.step_m for slab in slabs})
        assert all(np.log(large / steps[0]) / np.log(RATIO) % 1 < 1e-9 for large in steps)
        for slab in slabs:
            there = slab.steps.astype(np.float32) * np.float32(slab.step_m)
            for vertex, place, wanted in zip(slab.vertex, there, points[slab.vertex], strict=True):
                places.setdefault(int(vertex) if vertex < 6 else -1, set()).add(place.tobytes())
                coarse = max(other.step_m for other in slabs if vertex in other.vertex)
                if vertex >= 6:
                    assert np.abs(place - wanted).max() <= coarse / 2 * 1.001
    assert all(len(found) == 1 for vertex, found in places.items() if vertex >= 0)


def test_a_steep_floor_is_not_cut_where_cells_are_larger():
    """What leans by less than a jump from pixel to pixel hangs together in cells of four pixels too."""
    width, height = 1600, 96
    photo = photo_of(checkerboard(width, height))
    depth = depth_of(np.linspace(0.2, 2.0, height)[:, None].repeat(width, axis=1))
    scene = build_scene(photo, depth, reach_m=0.5)
    step_px = 1.8 / (height - 1) * depth.f_px * scene.reach_m
    assert 0.4 * scene.ldi.jump_px < step_px < scene.ldi.jump_px
    front = parts_of(textured_mesh_of(scene, photo, surround="none"))["front"]
    assert len(np.unique(front.uv.round(5), axis=0)) == len(front.uv)
