"""What reads meshes and splats back, by what their formats say: all in the photo camera's axes (y down, z ahead)."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from zipfile import ZipFile

import numpy as np
from glb import Glb
from mesh_renderer import coloured, textured
from PIL import Image

Y_DOWN = np.array([1.0, -1.0, -1.0])
HARMONIC_0 = 0.5 / np.sqrt(np.pi)


@dataclass(frozen=True, eq=False)
class Surface:
    """Triangles with pictures on them."""

    points: np.ndarray
    triangles: np.ndarray
    uv: np.ndarray
    """0 to 1 right and down."""

    rgb: np.ndarray
    alpha: np.ndarray | None

    @property
    def for_renderer(self):
        """What `mesh_renderer.drawn` takes."""
        return self.points, self.triangles, textured(self.uv, self.triangles, self.rgb, self.alpha)


def ply_mesh(path):
    """Return the points, colours and triangles of a PLY."""
    import trimesh

    mesh = trimesh.load(path, process=False)
    return mesh.vertices * Y_DOWN, np.asarray(mesh.visual.vertex_colors), mesh.faces


def ply_for_renderer(path):
    """Return what `mesh_renderer.drawn` takes."""
    points, rgba, triangles = ply_mesh(path)
    return points, triangles, coloured(rgba, triangles)


def obj_surfaces(path):
    """Return the objects of an OBJ by their names, with the pictures that its MTL names."""
    lines = [line.split() for line in path.read_text("utf-8").splitlines() if not line.startswith("#")]
    (library,) = [line[1] for line in lines if line[0] == "mtllib"]
    materials, points, places, objects = {}, [], [], {}
    for line in (line.split() for line in (path.parent / library).read_text("utf-8").splitlines() if line):
        if line[0] == "newmtl":
            own = materials[line[1]] = {}
        own[line[0]] = line[1]
    for first, *rest in lines:
        if first == "o":
            corners = objects[rest[0]] = {"f": []}
        elif first == "usemtl":
            corners["material"] = materials[rest[0]]
        elif first == "f":
            corners["f"].append([[int(index) - 1 for index in corner.split("/")] for corner in rest])
        elif first != "mtllib":
            {"v": points, "vt": places}[first].append([float(number) for number in rest])
    points, places = np.array(points) * Y_DOWN, np.array(places) * (1, -1) + (0, 1)
    surfaces = {}
    for name, found in objects.items():
        corners, material = np.array(found["f"]), found["material"]
        assert (corners[..., 0] == corners[..., 1]).all()
        rgb = np.asarray(Image.open(path.parent / material["map_Kd"]))
        alpha = np.asarray(Image.open(path.parent / material["map_d"]))[..., 0] if "map_d" in material else None
        used, index = np.unique(corners[..., 0], return_inverse=True)
        surfaces[name] = Surface(points[used], index.reshape(-1, 3), places[used], rgb, alpha)
    return surfaces


def usdz_surfaces(path):
    """Return the meshes of a USDZ by their names, in the camera's axes, with the pictures of their materials."""
    from pxr import Usd, UsdGeom, UsdShade

    stage = Usd.Stage.Open(str(path))
    assert UsdGeom.GetStageUpAxis(stage) == "Y"
    assert UsdGeom.GetStageMetersPerUnit(stage) == 1
    to_world = UsdGeom.XformCache()
    from_world = to_world.GetLocalToWorldTransform(stage.GetPrimAtPath("/kbvr/camera")).GetInverse()

    def picture(shader, name):
        source = UsdShade.Shader(shader.GetInput(name).GetConnectedSources()[0][0].source.GetPrim())
        file = source.GetInput("file").Get().path
        with ZipFile(path) as package:
            return np.asarray(Image.open(BytesIO(package.read(file.removeprefix("./")))))

    surfaces = {}
    for prim in stage.Traverse():
        if not prim.IsA(UsdGeom.Mesh):
            continue
        mesh = UsdGeom.Mesh(prim)
        assert set(mesh.GetFaceVertexCountsAttr().Get()) == {3}
        matrix = np.array(to_world.GetLocalToWorldTransform(prim) * from_world)
        points = np.column_stack([np.array(mesh.GetPointsAttr().Get()), np.ones(len(mesh.GetPointsAttr().Get()))])
        material, _ = UsdShade.MaterialBindingAPI(prim).ComputeBoundMaterial()
        shader = material.ComputeSurfaceSource()[0]
        blends = bool(shader.GetInput("opacity") and shader.GetInput("opacity").HasConnectedSource())
        surfaces[prim.GetName()] = Surface(
            (points @ matrix)[:, :3] * Y_DOWN,
            np.array(mesh.GetFaceVertexIndicesAttr().Get()).reshape(-1, 3),
            np.array(UsdGeom.PrimvarsAPI(prim).GetPrimvar("st").Get()) * (1, -1) + (0, 1),
            picture(shader, "emissiveColor"),
            picture(shader, "opacity")[..., 0] if blends else None,
        )
    return surfaces


def ply_splats(path):
    """Return what a splat renderer wants of a PLY: points, scales, turns (w, x, y, z), colours and opacity."""
    header, _, body = path.read_bytes().partition(b"end_header\n")
    lines = [line for line in header.decode("utf-8").splitlines() if not line.startswith("comment ")]
    assert lines[:2] == ["ply", "format binary_little_endian 1.0"]
    names = [line.split()[2] for line in lines if line.startswith("property float ")]
    (count,) = [int(line.split()[2]) for line in lines if line.startswith("element vertex ")]
    assert len(lines) == 3 + len(names)
    values = dict(zip(names, np.frombuffer(body, "<f4").reshape(count, -1).T, strict=True))

    def columns(name, numbers):
        return np.stack([values[f"{name}{number}"] for number in numbers], axis=1)

    return (
        columns("", "xyz"),
        np.exp(columns("scale_", range(3))),
        columns("rot_", range(4)),
        0.5 + HARMONIC_0 * columns("f_dc_", range(3)),
        1 / (1 + np.exp(-values["opacity"])),
    )


def glb_splats(path):
    """Return the same of a GLB with KHR_gaussian_splatting; axes are turned half about x."""
    glb = Glb.read(path)
    (primitive,) = glb.json["meshes"][0]["primitives"]
    extension = "KHR_gaussian_splatting"
    values = {name.removeprefix(f"{extension}:"): glb.values(index) for name, index in primitive["attributes"].items()}
    x, y, z, w = values["ROTATION"].T
    turns = np.stack([-x, w, -z, y], axis=1)  # i (w + x i + y j + z k)
    rgb = 0.5 + HARMONIC_0 * values["SH_DEGREE_0_COEF_0"]
    return values["POSITION"] * Y_DOWN, values["SCALE"], turns, rgb, values["OPACITY"].ravel()
