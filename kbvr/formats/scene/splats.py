"""3D Gaussian splatting as PLY, in the layout of the method's authors, which splat viewers read.

Each splat is a record of float32: centre, a normal (0, unused), the colour as the spherical harmonic of degree 0,
opacity as a logit, the logarithms of the scales, and the rotation as a quaternion (w, x, y, z). Colours are sRGB, as in
trained scenes. Axes are COLMAP's, as in the authors' data: x right, y down, z ahead, metres; some viewers turn scenes
upright. Layout: github.com/graphdeco-inria/gaussian-splatting, scene/gaussian_model.py, `save_ply`.
"""

from __future__ import annotations

from time import perf_counter

import numpy as np
from jaxtyping import Float32

from kbvr.formats.scene.ply import with_comments
from kbvr.formats.scene.scene_file import summary_of
from kbvr.formats.spec.encoding import credit_texts
from kbvr.formats.spec.format import Facts, FileSummary, Format, Item, accept_all
from kbvr.formats.spec.verification import verification_error
from kbvr.mesh.gaussians import MAX_SPLATS, Splats, splats_of
from kbvr.mesh.viewable_scene import ViewableScene
from kbvr.options.export_options import FileOptions
from kbvr.system.atomic_file import atomic_write

HARMONIC_0 = 0.28209479177387814
"""The real spherical harmonic of degree 0: 1 / (2 sqrt(pi)); a colour is 0.5 plus this times the coefficient."""

MAX_OPACITY = 0.999
"""The logit of 1 is infinite."""

FIELDS = (
    *("x", "y", "z", "nx", "ny", "nz", "f_dc_0", "f_dc_1", "f_dc_2", "opacity"),
    *("scale_0", "scale_1", "scale_2", "rot_0", "rot_1", "rot_2", "rot_3"),
)
COUNT_BYTES = 10
"""Room for the number of splats in the header."""


def fitted_splats(viewable: ViewableScene, options: FileOptions, *, splat_bytes: int, rest_bytes: int) -> Splats:
    """Return the splats of a scene, as many as the size limit allows.

    Raises:
        InputError: if they are too few to show the scene.
    """
    most = MAX_SPLATS if options.max_mb is None else int((options.max_mb * 1e6 - rest_bytes) / splat_bytes)
    return splats_of(viewable.scene, surround=options.surround != "none", max_splats=max(1, min(most, MAX_SPLATS)))


def harmonics(splats: Splats) -> Float32[np.ndarray, "N 3"]:
    """Return the colours as coefficients of the spherical harmonic of degree 0."""
    return np.asarray((splats.rgb - np.float32(0.5)) / np.float32(HARMONIC_0))


def records_of(splats: Splats) -> Float32[np.ndarray, "N 17"]:
    """Return a row of FIELDS for each splat."""
    opacity = np.clip(splats.opacity, 1 - MAX_OPACITY, MAX_OPACITY)
    return np.column_stack(
        [
            splats.points_m,
            np.zeros_like(splats.points_m),
            harmonics(splats),
            np.log(opacity / (1 - opacity)),
            np.log(splats.scales_m),
            splats.turns,
        ]
    ).astype(np.float32)


def splats_ply(records: Float32[np.ndarray, "N 17"]) -> bytes:
    """Return a PLY of rows of FIELDS."""
    properties = "".join(f"property float {name}\n" for name in FIELDS)
    header = f"ply\nformat binary_little_endian 1.0\nelement vertex {len(records)}\n{properties}end_header\n"
    return header.encode() + records.astype("<f4").tobytes()


def records_in(content: bytes, name: str) -> Float32[np.ndarray, "N 17"]:
    """Return the rows of FIELDS in a PLY; `name` names the file in errors.

    Raises:
        OutputError: if its header differs.
    """
    header, end, body = content.partition(b"end_header\n")
    lines = header.decode("ascii", "replace").splitlines()
    names = tuple(line.split()[2] for line in lines if line.startswith("property float "))
    count, rest = divmod(len(body), 4 * len(FIELDS))
    expected = ["ply", "format binary_little_endian 1.0", f"element vertex {count}"]
    if lines[:3] != expected or rest or not end or names != FIELDS:
        raise verification_error(name, "its header differs")
    return np.frombuffer(body, "<f4").reshape(-1, len(FIELDS))


def write_splats(viewable: ViewableScene, item: Item, facts: Facts, options: FileOptions) -> FileSummary:
    """Write and verify a scene as a PLY of splats; see `Format.write`."""
    start = perf_counter()
    header_bytes = len(with_comments(splats_ply(np.zeros((0, len(FIELDS)), np.float32)), credit_texts(facts.credits)))
    rest_bytes = header_bytes + COUNT_BYTES
    splats = fitted_splats(viewable, options, splat_bytes=4 * len(FIELDS), rest_bytes=rest_bytes)
    records = records_of(splats)
    with atomic_write(item.path, overwrite=options.overwrite) as aside:
        aside.write_bytes(with_comments(splats_ply(records), credit_texts(facts.credits)))
        content = aside.read_bytes()
        if not np.array_equal(records_in(content, item.path.name), records):
            raise verification_error(item.path.name, "its records differ")
    return summary_of(viewable, item, len(content), perf_counter() - start, f"{len(records)} splats")


FORMAT = Format(
    purpose="3D Gaussian splatting, for splat viewers",
    needs="scene",
    suffixes=(".ply",),
    verification="all records read and compared",
    check=accept_all,
    write=write_splats,
)
