"""USDZ: a textured mesh for Apple's viewers (Quick Look on iPhone, iPad, Mac and Vision Pro) and USD programs.

The textures are emissive in UsdPreviewSurface, so that the scene's lighting does not matter. Axes are y up, -z ahead,
metres; the photo's camera is at eye height. The dome is left out, since Quick Look shows a scene from outside.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from shutil import copyfile
from tempfile import gettempdir
from time import mktime, perf_counter
from typing import TYPE_CHECKING
from zipfile import BadZipFile, ZipFile

import numpy as np
from PIL import Image

from kbvr.errors import OutputError
from kbvr.formats.scene.obj import parts_without_dome
from kbvr.formats.scene.plain_textures import PlainTextures, fitted, plain_textures
from kbvr.formats.scene.scene_file import Y_UP, summary_of
from kbvr.formats.spec.encoding import credit_texts
from kbvr.formats.spec.extras import check_extra
from kbvr.formats.spec.format import Facts, FileSummary, Format, Item
from kbvr.formats.spec.verification import verification_error
from kbvr.mesh.textured_mesh import Part, TexturedMesh
from kbvr.mesh.viewable_scene import ViewableScene
from kbvr.options.export_options import FileOptions
from kbvr.system.atomic_file import atomic_write, temporary_folder

if TYPE_CHECKING:
    from pxr import Usd, UsdGeom, UsdShade

APERTURE_MM = 36.0
"""USD defines the field of view by the width of a film; any width will do."""

PHOTO, ATLAS, ALPHA = "photo.jpg", "atlas.jpg", "alpha.png"

FILE_TIME = (2020, 1, 1, 12, 0, 0, 0, 0, -1)
"""Time of the files in a package, so that it is deterministic: local time, which packages store, no earlier than
1980."""


def usdz_bytes(
    mesh: TexturedMesh, textures: PlainTextures, *, eye_height_m: float, credit: Mapping[str, str] | None = None
) -> bytes:
    """Return a mesh as USDZ, with the photo's credits in the custom data of its layer.

    Raises:
        OutputError: if the folder for temporary files, which USD needs, cannot be written.
    """
    from pxr import Tf

    try:
        with temporary_folder(Path(gettempdir())) as folder:
            return _package(folder, mesh, textures, eye_height_m, credit or {})
    except (OSError, Tf.ErrorException) as error:
        raise OutputError(f"cannot create the USDZ in {gettempdir()}: {' '.join(str(error).split())}") from error


def _package(
    folder: Path, mesh: TexturedMesh, textures: PlainTextures, eye_height_m: float, credit: Mapping[str, str]
) -> bytes:
    """Return a mesh as USDZ, created in an empty folder."""
    from pxr import Usd, UsdUtils

    for picture, content in ((PHOTO, textures.photo), (ATLAS, textures.atlas), (ALPHA, textures.alpha)):
        (folder / picture).write_bytes(content)
    stage = Usd.Stage.CreateNew(str(folder / "scene.usdc"))
    _fill(stage, mesh, eye_height_m)
    if credit:
        stage.GetRootLayer().customLayerData = dict(credit)
    stage.GetRootLayer().Save()
    time_s = mktime(FILE_TIME)
    for file in folder.iterdir():
        os.utime(file, (time_s, time_s))
    package = folder / "scene.usdz"
    if not UsdUtils.CreateNewARKitUsdzPackage(str(folder / "scene.usdc"), str(package)):
        raise OutputError(f"cannot pack the USDZ in {gettempdir()}")
    return package.read_bytes()


def _fill(stage: Usd.Stage, mesh: TexturedMesh, eye_height_m: float) -> None:
    """Add a mesh and its camera to an empty stage."""
    from pxr import Gf, Sdf, UsdGeom, UsdShade, Vt

    UsdGeom.SetStageUpAxis(stage, UsdGeom.Tokens.y)
    UsdGeom.SetStageMetersPerUnit(stage, 1.0)
    root = UsdGeom.Xform.Define(stage, "/kbvr")
    root.AddTranslateOp().Set(Gf.Vec3d(0, eye_height_m, 0))
    stage.SetDefaultPrim(root.GetPrim())
    camera, (width, height) = mesh.camera, mesh.camera.size_px
    usd_camera = UsdGeom.Camera.Define(stage, "/kbvr/camera")
    usd_camera.CreateHorizontalApertureAttr(APERTURE_MM)
    usd_camera.CreateVerticalApertureAttr(APERTURE_MM * height / width)
    usd_camera.CreateFocalLengthAttr(APERTURE_MM * camera.f_px / width)
    usd_camera.CreateClippingRangeAttr(Gf.Vec2f(0.05, 1e5))
    materials = {
        "photo": _material(stage, "photo", PHOTO, None),
        "atlas": _material(stage, "atlas", ATLAS, None),
        "blended": _material(stage, "blended", ATLAS, ALPHA),
    }
    for part in parts_without_dome(mesh):
        surface = UsdGeom.Mesh.Define(stage, f"/kbvr/{part.name}")
        points = Vt.Vec3fArray.FromNumpy((part.points_m * Y_UP).astype(np.float32))
        surface.CreatePointsAttr(points)
        surface.CreateFaceVertexCountsAttr(Vt.IntArray.FromNumpy(np.full(len(part.triangles), 3, np.int32)))
        surface.CreateFaceVertexIndicesAttr(Vt.IntArray.FromNumpy(part.triangles.ravel().astype(np.int32)))
        surface.CreateSubdivisionSchemeAttr(UsdGeom.Tokens.none)
        surface.CreateExtentAttr(UsdGeom.PointBased.ComputeExtent(points))
        uv = UsdGeom.PrimvarsAPI(surface).CreatePrimvar("st", Sdf.ValueTypeNames.TexCoord2fArray, UsdGeom.Tokens.vertex)
        uv.Set(Vt.Vec2fArray.FromNumpy((part.uv * (1, -1) + (0, 1)).astype(np.float32)))
        UsdShade.MaterialBindingAPI.Apply(surface.GetPrim()).Bind(materials["blended" if part.blends else part.texture])


def _material(stage: Usd.Stage, name: str, colour: str, alpha: str | None) -> UsdShade.Material:
    """Return a material that emits the colours of a picture, and takes its opacity from the red of another."""
    from pxr import Gf, Sdf, UsdShade

    kinds = Sdf.ValueTypeNames
    path = f"/kbvr/{name}_material"
    material = UsdShade.Material.Define(stage, path)
    reader = UsdShade.Shader.Define(stage, f"{path}/places")
    reader.CreateIdAttr("UsdPrimvarReader_float2")
    reader.CreateInput("varname", kinds.String).Set("st")
    uv = reader.CreateOutput("result", kinds.Float2)
    surface = UsdShade.Shader.Define(stage, f"{path}/surface")
    surface.CreateIdAttr("UsdPreviewSurface")
    surface.CreateInput("diffuseColor", kinds.Color3f).Set(Gf.Vec3f(0))
    surface.CreateInput("specularColor", kinds.Color3f).Set(Gf.Vec3f(0))
    surface.CreateInput("useSpecularWorkflow", kinds.Int).Set(1)
    surface.CreateInput("roughness", kinds.Float).Set(1.0)
    for use, picture, space, output, kind in (
        ("emissiveColor", colour, "sRGB", "rgb", kinds.Color3f),
        ("opacity", alpha, "raw", "r", kinds.Float),
    ):
        if picture is None:
            continue
        texture = UsdShade.Shader.Define(stage, f"{path}/{use}")
        texture.CreateIdAttr("UsdUVTexture")
        texture.CreateInput("file", kinds.Asset).Set(f"./{picture}")
        texture.CreateInput("sourceColorSpace", kinds.Token).Set(space)
        texture.CreateInput("wrapS", kinds.Token).Set("clamp")
        texture.CreateInput("wrapT", kinds.Token).Set("clamp")
        texture.CreateInput("st", kinds.Float2).ConnectToSource(uv)
        surface.CreateInput(use, kind).ConnectToSource(
            texture.CreateOutput(output, kinds.Float3 if output == "rgb" else kinds.Float)
        )
    material.CreateSurfaceOutput().ConnectToSource(surface.CreateOutput("surface", kinds.Token))
    return material


def verify_usdz(path: Path, name: str, mesh: TexturedMesh) -> None:
    """Run USD's validators on a USDZ, read it, and compare it with the mesh; `name` names the file in errors.

    Raises:
        OutputError: if it cannot be read, a validator finds an error, or the mesh differs.
    """
    from pxr import Tf, Usd, UsdGeom, UsdValidation

    try:
        stage = Usd.Stage.Open(str(path))
        validators = UsdValidation.ValidationRegistry().GetOrLoadAllValidators()
        errors = [error.GetErrorAsString() for error in UsdValidation.ValidationContext(validators).Validate(stage)]
        meshes = {part.name: UsdGeom.Mesh(stage.GetPrimAtPath(f"/kbvr/{part.name}")) for part in mesh.parts}
        errors += [f"{part.name} differs" for part in parts_without_dome(mesh) if not _same(meshes[part.name], part)]
        with ZipFile(path) as package:
            for picture in (PHOTO, ATLAS, ALPHA):
                inside = next(entry for entry in package.namelist() if entry.endswith(picture))
                with package.open(inside) as file, Image.open(file) as opened:
                    opened.load()
    except (Tf.ErrorException, BadZipFile, OSError, StopIteration, RuntimeError) as error:
        raise verification_error(name, error) from error
    if errors:
        raise verification_error(name, errors[0])


def _same(mesh: UsdGeom.Mesh, part: Part) -> bool:
    points, corners = (
        np.array(attribute.Get()) for attribute in (mesh.GetPointsAttr(), mesh.GetFaceVertexIndicesAttr())
    )
    return np.array_equal(points, (part.points_m * Y_UP).astype(np.float32)) and np.array_equal(
        corners, part.triangles.ravel()
    )


def check_usd(_view_px: tuple[int, int], _item: Item, _options: FileOptions) -> None:
    """Check that usd-core is installed; see `Format.check`."""
    check_extra("usd", "pxr.UsdValidation", "USDZ requires usd-core")


def write_usdz(viewable: ViewableScene, item: Item, facts: Facts, options: FileOptions) -> FileSummary:
    """Write and verify a scene as USDZ; see `Format.write`."""
    check_usd(viewable.textured_mesh.camera.size_px, item, options)
    start = perf_counter()
    mesh = viewable.textured_mesh

    def encoded(quality: int) -> bytes:
        textures, credit = plain_textures(mesh, quality), credit_texts(facts.credits)
        return usdz_bytes(mesh, textures, eye_height_m=options.eye_height_m, credit=credit)

    content = fitted(encoded, options, "a USDZ")
    with atomic_write(item.path, overwrite=options.overwrite) as aside:
        aside.write_bytes(content)
        with temporary_folder(Path(gettempdir())) as folder:  # USD requires names that are valid text
            verify_usdz(Path(copyfile(aside, folder / "scene.usdz")), item.path.name, mesh)
    return summary_of(viewable, item, len(content), perf_counter() - start)


FORMAT = Format(
    purpose="a textured mesh, for Apple's Quick Look and USD programs",
    needs="scene",
    suffixes=(".usdz",),
    verification="checked by USD's validators; all triangles compared, pictures decoded",
    check=check_usd,
    write=write_usdz,
)
