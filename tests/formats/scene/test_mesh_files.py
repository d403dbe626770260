"""Meshes and splats for other programs: real readers find the right positions, sizes and colours."""

from __future__ import annotations

from zipfile import ZipFile

import cv2
import numpy as np
import pytest
import splat_renderer
from glb import Glb
from mesh_files import glb_splats, obj_surfaces, ply_for_renderer, ply_mesh, ply_splats, usdz_surfaces
from mesh_renderer import drawn
from PIL import Image
from scene_views import psnr, small_photo
from scenes import card_before_wall, depth_of, photo_of
from web_engines import decoded, validated

import kbvr
from kbvr.cli.main import main
from kbvr.depth.scene_depth import scene_depth_of
from kbvr.errors import InputError, OutputError
from kbvr.formats.registry import load_format
from kbvr.formats.scene import splats_gltf
from kbvr.formats.spec.format import Facts, Item
from kbvr.geometry.camera import fov_deg_from_f_px
from kbvr.inpaint.push_pull import spread
from kbvr.ldi.scene import build_scene
from kbvr.mesh.gaussians import CLOSED_SIGMA, LINING, SIGMA, THICKNESS, splats_of
from kbvr.mesh.vertex_colors import bisected
from kbvr.mesh.viewable_scene import viewable_scene_of
from kbvr.motion.head_box import head_box_of_size
from kbvr.motion.move import Move
from kbvr.options.export_options import FileOptions
from kbvr.photo.credits import Credits

SUFFIXES = {"ply": ".ply", "obj": ".obj", "usdz": ".usdz", "splats": ".ply", "splats-gltf": ".glb"}
OUTPUTS = ("ply", "obj", "usdz", "splats")
GREEN = (20, 200, 20)
PHOTO_DB = {"ply": 34.5, "obj": 36, "usdz": 36, "splats": 25.8, "splats-gltf": 25.8}
"""What the photo's camera sees, against the photo. Triangles show its pixels, in JPEGs of quality 92 or at corners;
splats are blurred by the renderer's low-pass filter of sqrt(0.3) px, and by their own size."""

MOVED_DB = {"ply": 32, "obj": 33, "usdz": 33, "splats": 25.4, "splats-gltf": 25.4}
"""What a camera sees 5 cm beside it, against what kbvr itself draws there, but for the border."""


def marked_card():
    """A red card in front of a blue wall, and a green mark in the wall's upper left corner."""
    photo, depth = card_before_wall()
    rgb = photo.rgb.copy()
    rgb[6:26, 6:36] = GREEN
    return photo_of(rgb), depth


@pytest.fixture(scope="module")
def card():
    photo, depth = marked_card()
    scene = build_scene(photo, depth, reach_m=0.12, filler=spread)
    path = (Move(), Move(x_m=0.05))
    options = {"head_box": head_box_of_size(0.8, 0.063), "subject": None, "surround": "dome", "max_triangles": 20_000}
    return viewable_scene_of(scene, photo, depth, scene_depth_of(depth), path=path, **options)


def written(viewable, form, folder, name="card", **choices):
    """Write a viewable scene in a format through the public writer, and return the file."""
    item = Item(form, folder / f"{name}{SUFFIXES[form]}")
    facts = Facts(viewable.textured_mesh.camera.f_px, credits=Credits(copyright="Somebody"))
    load_format(form).write(viewable, item, facts, FileOptions(**choices))
    return item.path


@pytest.fixture(scope="module")
def files(card, tmp_path_factory):
    """The card in every format."""
    folder = tmp_path_factory.mktemp("card")
    return {form: written(card, form, folder, name=form) for form in SUFFIXES}


def coloured_points(form, path):
    """Return points of a scene's surfaces in the file's own axes (y up, or down in a PLY of splats), and colours."""
    if form in ("splats", "splats-gltf"):
        points, _, _, rgb, _ = (ply_splats if form == "splats" else glb_splats)(path)
        return points * (1 if form == "splats" else (1, -1, -1)), 255 * rgb
    if form == "ply":
        points, rgba, _ = ply_mesh(path)
        return points * (1, -1, -1), rgba[:, :3]
    points, colours = [], []
    for surface in (obj_surfaces if form == "obj" else usdz_surfaces)(path).values():
        size = surface.rgb.shape[1::-1]
        x, y = (surface.uv[surface.triangles].mean(axis=1) * size).astype(int).clip(0, np.array(size) - 1).T
        colours.append(surface.rgb[y, x])
        points.append(surface.points[surface.triangles].mean(axis=1) * (1, -1, -1))
    return np.concatenate(points), np.concatenate(colours)


@pytest.mark.parametrize("form", SUFFIXES)
def test_left_is_left_up_is_up_and_metres_are_metres(files, form):
    """The mark is left and above, all is ahead, the card is 1 m away, the wall 4 m."""
    points, rgb = coloured_points(form, files[form])
    up, ahead = (-1, 1) if form == "splats" else (1, -1)
    mark = points[(np.abs(rgb - np.array(GREEN)) < 30).all(axis=1)]
    card = points[(rgb[:, 0] > 180) & (rgb[:, 1] < 40)]
    assert len(mark) > 5
    assert (mark[:, 0] < 0).all()
    assert (up * mark[:, 1] > 0).all()
    assert np.median(ahead * mark[:, 2]) == pytest.approx(4, rel=0.01)
    assert np.median(ahead * card[:, 2]) == pytest.approx(1, rel=0.01)
    assert np.abs(card[:, :2].mean(axis=0)).max() < 0.05
    assert np.ptp(card[(ahead * card[:, 2]) < 1.1, 0]) == pytest.approx(0.4, abs=0.05)


@pytest.mark.parametrize(("form", "read"), [("obj", obj_surfaces), ("usdz", usdz_surfaces)])
def test_surfaces_match_the_relief(card, files, form, read):
    """All corners, and the pixels they have; the dome, which is for looking from inside, is left out."""
    surfaces = read(files[form])
    parts = {part.name: part for part in card.textured_mesh.parts if part.name != "dome"}
    assert surfaces.keys() == parts.keys() == {"front", "hidden", "matte", "border"}
    for name, part in parts.items():
        surface = surfaces[name]
        assert np.allclose(surface.points[surface.triangles], part.points_m[part.triangles], rtol=1e-5, atol=1e-5)
        assert np.allclose(surface.uv[surface.triangles], part.uv[part.triangles], atol=1e-6)
        assert (surface.alpha is not None) == part.blends


def test_trimesh_reads_the_obj_with_its_pictures(card, files):
    import trimesh

    scene = trimesh.load_scene(files["obj"], split_objects=True, group_material=False, process=False)
    wanted = {part.name: len(part.triangles) for part in card.textured_mesh.parts if part.name != "dome"}
    assert {name: len(mesh.faces) for name, mesh in scene.geometry.items()} == wanted
    front = scene.geometry["front"].visual.material.image
    assert front.size == card.textured_mesh.photo.shape[1::-1]
    assert psnr(np.asarray(front), card.textured_mesh.photo) > 30


def test_a_dense_mesh_covers_what_the_relief_does(card, files):
    """It has the corners of the textured mesh; its area is between the opaque surface and the whole."""
    points, _, triangles = ply_mesh(files["ply"])
    parts = {part.name: part for part in card.textured_mesh.parts if part.name != "dome"}
    own = {tuple(point) for point in points.astype(np.float32).tolist()}
    assert {tuple(point) for point in parts["front"].points_m.tolist()} <= own
    opaque = sum(area(parts[name].points_m, parts[name].triangles) for name in ("front", "hidden"))
    every = sum(area(part.points_m, part.triangles) for part in parts.values())
    assert opaque < area(points, triangles) < every
    assert len(triangles) > 5 * sum(len(part.triangles) for part in parts.values())


def area(points, triangles):
    a, b, c = points.astype(np.float64)[triangles].transpose(1, 0, 2)
    return np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2


@pytest.mark.parametrize("form", ["ply", "obj", "usdz"])
def test_triangles_turn_their_faces_to_the_camera(files, form):
    """Counter-clockwise, as in glTF, USD and most programs: those that cull back faces show no holes."""
    if form == "ply":
        points, _, triangles = ply_mesh(files[form])
        meshes = [(points, triangles)]
    else:
        read = obj_surfaces if form == "obj" else usdz_surfaces
        meshes = [(surface.points, surface.triangles) for surface in read(files[form]).values()]
    for points, triangles in meshes:
        a, b, c = points[triangles].transpose(1, 0, 2)
        facing = -(np.cross(b - a, c - a) * a).sum(axis=1)
        assert (facing > -1e-9).all()


def test_cutting_triangles_keeps_the_surface_and_opens_no_crack():
    """Edges are short enough, the area is unchanged, and every inner edge belongs to two triangles."""
    across = 5
    y, x = np.mgrid[:across, :across].reshape(2, -1) / (across - 1)
    rows = np.column_stack([x, y, np.sin(3 * x) * y, x, y, np.ones(across**2)]).astype(np.float32)
    corner = (np.arange(across - 1)[:, None] * across + np.arange(across - 1)).ravel()
    triangles = np.concatenate(
        [
            np.stack([corner, corner + across, corner + 1], 1),
            np.stack([corner + 1, corner + across, corner + across + 1], 1),
        ]
    )
    size_px = np.array([100, 60])
    finer, cut = bisected(rows, triangles, size_px, 7.0)
    edges = np.concatenate([cut[:, [0, 1]], cut[:, [1, 2]], cut[:, [2, 0]]])
    lengths = np.linalg.norm((finer[edges[:, 0], 3:5] - finer[edges[:, 1], 3:5]) * size_px, axis=1)
    assert lengths.max() <= 7
    assert area(finer[:, :3], cut) == pytest.approx(area(rows[:, :3], triangles), rel=1e-5)
    ends, uses = np.unique(np.sort(edges, axis=1), axis=0, return_counts=True)
    border = ends[uses == 1]
    u, v = finer[border, 3].T, finer[border, 4].T
    assert uses.max() == 2
    on_a_side = [(np.abs(axis - side) < 1e-6).all(axis=0) for axis in (u, v) for side in (0, 1)]
    assert np.any(on_a_side, axis=0).all()


def test_usds_validators_find_nothing(files, capfd):
    from pxr import Usd, UsdValidation

    stage = Usd.Stage.Open(str(files["usdz"]))
    validators = UsdValidation.ValidationRegistry().GetOrLoadAllValidators()
    assert len(validators) > 10
    assert [error.GetMessage() for error in UsdValidation.ValidationContext(validators).Validate(stage)] == []
    assert capfd.readouterr().err == ""


def test_a_usdz_has_the_photos_camera_and_eye_height(card, tmp_path):
    from pxr import Usd, UsdGeom

    stage = Usd.Stage.Open(str(written(card, "usdz", tmp_path, eye_height_m=1.2)))
    camera = UsdGeom.Camera(stage.GetPrimAtPath("/kbvr/camera")).GetCamera(0)
    assert tuple(camera.transform.ExtractTranslation()) == pytest.approx((0, 1.2, 0))
    width, height = card.textured_mesh.camera.size_px
    assert camera.focalLength / camera.horizontalAperture == pytest.approx(card.textured_mesh.camera.f_px / width)
    assert camera.aspectRatio == pytest.approx(width / height)


def test_splats_in_gltf_follow_the_extension(files):
    """The validator does not support the extension: its attributes are checked against the specification's table."""
    issues = validated(files["splats-gltf"])["issues"]
    own = [message for message in issues["messages"] if "KHR_gaussian_splatting" not in str(message)]
    assert own == []
    assert {message["code"] for message in issues["messages"]} == {
        "UNSUPPORTED_EXTENSION",
        "MESH_PRIMITIVE_INVALID_ATTRIBUTE",
    }
    glb = Glb.read(files["splats-gltf"])
    assert glb.json["extensionsUsed"] == ["KHR_gaussian_splatting"]
    assert glb.json["asset"]["copyright"] == "Somebody"
    (primitive,) = glb.json["meshes"][0]["primitives"]
    assert primitive["mode"] == 0
    assert primitive["extensions"]["KHR_gaussian_splatting"] == {
        "kernel": "ellipse",
        "colorSpace": "srgb_rec709_display",
    }
    types = {name: glb.json["accessors"][index]["type"] for name, index in primitive["attributes"].items()}
    assert types == {
        "POSITION": "VEC3",
        "COLOR_0": "VEC4",
        "KHR_gaussian_splatting:ROTATION": "VEC4",
        "KHR_gaussian_splatting:SCALE": "VEC3",
        "KHR_gaussian_splatting:OPACITY": "SCALAR",
        "KHR_gaussian_splatting:SH_DEGREE_0_COEF_0": "VEC3",
    }


def test_both_files_of_splats_have_the_same_content(files):
    """Except that one cannot store full opacity; a quaternion and its negative are the same rotation."""
    ply, glb = ply_splats(files["splats"]), glb_splats(files["splats-gltf"])
    for name, one, other in zip(("points", "scales", "turns", "rgb", "opacity"), ply, glb, strict=True):
        if name == "turns":
            assert np.allclose(np.abs((one * other).sum(axis=1)), 1, atol=1e-5)
        else:
            assert np.allclose(one, other, rtol=1e-5, atol=2e-3 if name == "opacity" else 1e-5)
    points, scales, turns, rgb, opacity = glb
    assert (scales > 0).all()
    assert np.allclose(np.linalg.norm(turns, axis=1), 1, atol=1e-5)
    assert rgb.min() > -1e-3
    assert rgb.max() < 1 + 1e-3
    assert 0 < opacity.min() <= opacity.max() <= 1
    assert np.isfinite(points).all()


def test_splats_are_as_large_as_their_pixels_and_on_the_surface(files):
    """On the card and the wall, which face the camera, they are round and flat: those in front are the smallest."""
    points, scales, turns, _, _ = ply_splats(files["splats"])
    sizes = scales / (points[:, 2:] / 100)
    front, behind, lining = (
        np.abs(sizes[:, :2] - sigma).max(axis=1) < 0.01 for sigma in (SIGMA, CLOSED_SIGMA, LINING * CLOSED_SIGMA)
    )
    assert (front | behind | lining).mean() > 0.95
    assert front.sum() > behind.sum() > lining.sum() > 0
    assert np.allclose(sizes[front, 2], THICKNESS * SIGMA, rtol=0.05)
    across = splat_renderer.matrices_of(turns[front])[:, :, 2]
    assert (np.abs(across[:, 2]) > 0.99).mean() > 0.99


def test_splats_have_the_size_that_shows_a_picture_best():
    """Smaller ones leave holes, larger ones blur: over enlargements up to three times."""
    noise = np.random.default_rng(0).integers(0, 255, (72, 96, 3)).astype(np.uint8)
    rgb = cv2.GaussianBlur(noise, (0, 0), 0.7)
    scene = kbvr.build_scene(photo_of(rgb), depth_of(np.full((72, 96), 0.5)), reach_m=0.14)
    quality = {}
    for sigma in (SIGMA / 1.5, SIGMA, SIGMA * 1.5):
        made = splats_of(scene, sigma=sigma)
        splats = made.points_m, made.scales_m, made.turns, made.rgb, made.opacity
        quality[sigma] = 0.0
        for size_px in ((144, 108), (192, 144), (288, 216)):
            picture, _ = splat_renderer.drawn(*splats, camera=scene.camera.resized(size_px))
            quality[sigma] += psnr(255 * picture.clip(0, 1), cv2.resize(rgb, size_px, interpolation=cv2.INTER_CUBIC))
    assert max(quality, key=quality.get) == SIGMA
    assert quality[SIGMA] / 3 > 27


def test_splats_cover_a_slanted_surface_seen_from_the_side():
    """They are as long as the surface is from one pixel to the next, wherever it is seen from within the reach."""
    height, width = 72, 96
    inverse_depth = np.full((height, width), 0.2) + 0.6 * np.linspace(0, 1, height)[:, None]
    rgb = np.full((height, width, 3), 200, np.uint8)
    scene = kbvr.build_scene(photo_of(rgb), depth_of(inverse_depth), reach_m=0.3)
    made = splats_of(scene)
    splats = made.points_m, made.scales_m, made.turns, made.rgb, made.opacity
    for x_m, y_m in ((0.0, 0.0), (0.25, 0.0), (0.0, 0.25), (-0.15, -0.15)):
        moved = scene.camera.moved(x_m, y_m).resized((2 * width, 2 * height))
        _, covered = splat_renderer.drawn(*splats, camera=moved)
        assert covered[60:-60, 60:-60].min() > 0.97


def test_the_number_of_splats_is_limited(card):
    for most in (20_000, 3_000, 500):
        splats = splats_of(card.scene, max_splats=most)
        assert most / 5 < len(splats.opacity) <= most
    with pytest.raises(InputError, match="needs more than 10 splats"):
        splats_of(card.scene, max_splats=10)


@pytest.fixture(scope="module")
def photo(tmp_path_factory):
    return small_photo(tmp_path_factory.mktemp("photo"), wide_px=240)


@pytest.fixture(scope="module")
def exported(photo, tmp_path_factory):
    """Return the files of a real photo, and the camera that took it."""
    folder = tmp_path_factory.mktemp("exported")
    report = kbvr.export(photo, folder, ply=True, obj=True, usdz=True, splats=True, fov_deg=60)
    return {one.item.format: one.file.path for one in report.written}


@pytest.fixture(scope="module")
def scene(photo):
    """Return what kbvr draws itself."""
    loaded = kbvr.load_photo(photo, fov_deg=60)
    return kbvr.build_scene(loaded, kbvr.estimate_depth(loaded), reach_m=0.15)


def seen(form, path, camera, background=(255, 0, 255)):
    """Return what a camera sees of a file, H x W x 3, 0 to 255."""
    if form in ("splats", "splats-gltf"):
        splats = (ply_splats if form == "splats" else glb_splats)(path)
        own = np.array(background) / 255
        return 255 * splat_renderer.drawn(*splats, camera=camera, background=own)[0].clip(0, 1)
    if form == "ply":
        return drawn([ply_for_renderer(path)], camera=camera, background=background)
    surfaces = (obj_surfaces if form == "obj" else usdz_surfaces)(path).values()
    return drawn([surface.for_renderer for surface in surfaces], camera=camera, background=background)


@pytest.mark.parametrize("form", SUFFIXES)
def test_the_photos_camera_sees_the_photo(photo, exported, scene, form):
    picture = seen(form, exported[form], scene.camera)
    assert psnr(picture, np.asarray(Image.open(photo))) >= PHOTO_DB[form]


@pytest.mark.parametrize("form", SUFFIXES)
def test_nothing_shows_through_from_where_the_photo_was_taken(exported, scene, form):
    """Splats let less than one level through."""
    red, green = (seen(form, exported[form], scene.camera, colour) for colour in ((255, 0, 0), (0, 255, 0)))
    assert np.abs(red - green).max() <= (0.5 if form.startswith("splats") else 1e-6)


def test_nothing_shows_through_splats_from_the_side_and_from_nearby(exported, scene):
    """Where the camera also looks behind things, and pixels are larger."""
    width, height = scene.camera.size_px
    camera = scene.camera.moved(x_m=0.05, z_m=0.03).resized((2 * width, 2 * height))
    red, green = (seen("splats", exported["splats"], camera, colour) for colour in ((255, 0, 0), (0, 255, 0)))
    through = np.abs(red - green).max(axis=2)[8:-8, 32:-32]
    assert np.percentile(through, 99) < 0.03 * 255
    assert np.median(through) < 2


@pytest.mark.parametrize("form", SUFFIXES)
def test_a_camera_to_the_side_sees_what_kbvr_draws(exported, scene, form):
    moved = scene.camera.moved(x_m=0.05)
    wanted = next(kbvr.render(scene, [moved])).astype(float)
    picture = seen(form, exported[form], moved)
    inner = (slice(4, -4), slice(16, -16))
    assert psnr(picture[inner], wanted[inner]) >= MOVED_DB[form]


def test_babylon_draws_the_splats(web, photo, exported):
    """It has its own reader of KHR_gaussian_splatting, and blurs splats less than the authors' renderer."""
    picture = np.asarray(Image.open(photo))
    with web.opened("babylon", exported["splats-gltf"], picture.shape[1::-1]) as opened:
        assert psnr(opened.drawn(), picture) >= 31.5


def test_three_shows_the_splats_as_points(web, photo, exported):
    """A viewer without support for splats has their colours, in linear light."""
    picture = np.asarray(Image.open(photo))
    with web.opened("three", exported["splats-gltf"], picture.shape[1::-1]) as opened:
        assert psnr(opened.drawn(), picture) >= 25


@pytest.mark.parametrize(("form", "least_db"), [("ply", 32), ("obj", 35), ("usdz", 22)])
def test_three_draws_the_meshes(web, photo, exported, scene, form, least_db):
    """PLY's colours are sRGB, OBJ finds its materials and pictures; of USDZ, three does not read opacity."""
    picture = np.asarray(Image.open(photo))
    height, width = picture.shape[:2]
    path = exported[form]
    web.files.update({f"/meshes/{one.name}": one for one in path.parent.glob(f"{path.stem}[._]*")})
    with web.page(f"{web.origin}/meshes.html", (width, height)) as page:
        page.wait_for_function("() => window.drawn")
        yfov_deg = fov_deg_from_f_px(scene.camera.f_px, height)
        wanted = [form, f"{web.origin}/meshes/{path.name}", [width, height], yfov_deg, 1.6 * (form == "usdz")]
        assert psnr(decoded(page.evaluate("arguments => window.drawn(...arguments)", wanted)), picture) >= least_db


@pytest.mark.parametrize("form", SUFFIXES)
def test_the_same_scene_has_the_same_bytes(card, files, form, tmp_path):
    """At any time: files in a USDZ have a fixed date."""
    again = belonging(form, written(card, form, tmp_path, name=form))
    assert sorted(again) == sorted(tmp_path.iterdir())
    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in belonging(form, files[form])]
    if form == "usdz":
        with ZipFile(again[0]) as package:
            assert {entry.date_time[0] for entry in package.infolist()} == {2020}


def belonging(form, path):
    """Return a file and its companions."""
    ends = (".mtl", "_photo.jpg", "_atlas.jpg", "_alpha.png") if form == "obj" else ()
    return [path, *(path.with_name(path.stem + end) for end in ends)]


@pytest.mark.parametrize("form", SUFFIXES)
def test_a_size_limit_is_kept(card, files, form, tmp_path):
    usual = sum(path.stat().st_size for path in belonging(form, files[form]))
    share = 0.97 if form in ("obj", "usdz") else 0.6
    path = written(card, form, tmp_path, max_mb=usual * share / 1e6)
    assert sum(path.stat().st_size for path in belonging(form, path)) <= usual * share


@pytest.mark.parametrize("form", SUFFIXES)
def test_a_limit_that_cannot_be_kept_is_refused_and_leaves_nothing(card, form, tmp_path):
    with pytest.raises((InputError, OutputError), match=r"(expected (.* of )?at most|needs more than) [^\n]*$"):
        written(card, form, tmp_path / "new", max_mb=0.002)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("name", ["a cat", "üñí 猫", "a #1 \\ b", "[1] %41 'x'", "-n"])
def test_names_may_be_any(card, name, tmp_path):
    """An OBJ finds its materials and pictures whatever the photo's name is; so does USD its pictures."""
    path = written(card, "obj", tmp_path, name=name)
    assert path.name == f"{name}.obj"
    (library,) = [line[7:] for line in path.read_text("utf-8").splitlines() if line.startswith("mtllib ")]
    assert not any(letter in library for letter in " #\\")
    assert set(obj_surfaces(path)) == set(usdz_surfaces(written(card, "usdz", tmp_path, name=name)))


def test_the_files_of_an_obj_are_written_together_or_not_at_all(card, tmp_path):
    """An existing file is reported before any work, and stays unchanged."""
    for end in (".mtl", "_kbvr_photo.jpg"):
        folder = tmp_path / end
        folder.mkdir()
        name = "card_kbvr.mtl" if end == ".mtl" else f"card{end}"
        (folder / name).write_text("mine")
        with pytest.raises(OutputError, match=f"{name} already exists"):
            written(card, "obj", folder, name="card_kbvr")
        assert [path.name for path in folder.iterdir()] == [name]
        written(card, "obj", folder, name="card_kbvr", overwrite=True)
        assert len(list(folder.iterdir())) == 5
        assert b"mine" not in (folder / name).read_bytes()


def test_an_existing_companion_of_an_obj_is_reported_before_any_work(photo, tmp_path, monkeypatch):
    (tmp_path / f"{photo.stem}_kbvr.mtl").write_text("mine")
    monkeypatch.setattr("kbvr.pipeline.scene_depth_of", lambda depth: pytest.fail("the depth was estimated"))
    with pytest.raises(OutputError, match="already exists"):
        kbvr.export(photo, tmp_path, obj=True)
    assert [path.name for path in tmp_path.iterdir()] == [f"{photo.stem}_kbvr.mtl"]


def test_if_one_file_of_splats_fails_the_other_is_removed(photo, tmp_path, monkeypatch):
    def failing(*_):
        raise OutputError("the disk is full")

    monkeypatch.setattr(splats_gltf, "splats_glb", failing)
    with pytest.raises(OutputError, match="the disk is full"):
        kbvr.export(photo, tmp_path / "new", splats=True)
    assert not list((tmp_path / "new").glob("*"))


def test_missing_usd_is_one_line(photo, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(__import__("sys").modules, "pxr.UsdValidation", None)
    assert main(["export", "--usdz", str(photo), "-o", str(tmp_path / "new")]) != 0
    said = [line for line in capsys.readouterr().err.splitlines() if "warning" not in line]
    assert len(said) == 1
    assert "pip install 'kbvr[usd]'" in said[0]
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("output", OUTPUTS)
def test_invalid_options_are_one_line(photo, tmp_path, output):
    for options, complaint in (
        ({"max_mb": -1}, "max_mb must be 0.001"),
        ({"triangles": 10}, "triangles must be a whole number from 2,000 to 5,000,000"),
        ({"profile": "paper"}, rf"scene outputs \({output}\) require profile layers"),
    ):
        with pytest.raises(InputError, match=complaint) as caught:
            kbvr.export(photo, tmp_path, **{output: True}, **options)
        assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())
