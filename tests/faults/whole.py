"""Whether a file is whole: each is read to its end by a reader that is not ours, where there is one."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import av
import numpy as np
import pygltflib
import trimesh
from PIL import Image


class NotWholeError(Exception):
    """A file that is called as if it were finished is not."""


SEGMENT = bytes.fromhex("18538067")
"""Begins what a Matroska file holds after its head; eight bytes of length come next, the highest bit set."""


def films(path: Path) -> None:
    """Decode every frame of a video, and count them."""
    with av.open(str(path)) as film:
        track = film.streams.video[0]
        frames = sum(1 for _ in film.decode(video=0))
        wanted = track.frames or round(float(film.duration or 0) / av.time_base * float(track.average_rate or 0))
    if not frames or frames < wanted:
        raise NotWholeError(f"{frames} of {wanted} frames")
    if path.suffix in (".mkv", ".webm"):
        content = path.read_bytes()
        at = content.index(SEGMENT) + len(SEGMENT)
        if int.from_bytes(content[at + 1 : at + 8], "big") != len(content) - at - 8:
            raise NotWholeError("its length is another")


def pictures(path: Path) -> None:
    """Decode every picture of a file."""
    with Image.open(path) as image:
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            image.load()


def jpegs(path: Path) -> None:
    """Decode every picture, which has to have its end mark."""
    pictures(path)
    if not path.read_bytes().rstrip(b"\0").endswith(b"\xff\xd9"):
        raise NotWholeError("no end of the JPEG")


def arrays(path: Path) -> None:
    """Load all arrays."""
    loaded = np.load(path)
    if isinstance(loaded, np.ndarray):
        return
    with zipfile.ZipFile(path) as archive:
        if archive.testzip():
            raise NotWholeError("a sum is wrong")


def exrs(path: Path) -> None:
    """Read the depth."""
    from kbvr.depth.read_file import load_inverse_depth

    with_size = re.search(rb"dataWindow\0box2i\0....(.{16})", path.read_bytes(), re.DOTALL)
    assert with_size
    left, top, right, bottom = np.frombuffer(with_size[1], "<i4").tolist()
    load_inverse_depth(path, (right - left + 1, bottom - top + 1), kind="depth-m")


def scenes(path: Path) -> None:
    """Load a scene with its buffers."""
    content = path.read_bytes()
    if int.from_bytes(content[8:12], "little") != len(content):
        raise NotWholeError("its length is another")
    pygltflib.GLTF2().load_from_bytes(content)


def pages(path: Path) -> None:
    """Look for the page's end, and load the scene in it if there is one."""
    text = path.read_text("utf-8")
    if not re.search(r"(</html>|</script>|</kbvr-photo>|</figure>|</picture>|</video>|/>)\s*$", text):
        raise NotWholeError(f"it ends with {text[-40:]!r}")


def meshes(path: Path) -> None:
    """Load a mesh, or count the Gaussians."""
    content = path.read_bytes()
    if b"property float f_dc_0" in content:
        head, _, body = content.partition(b"end_header\n")
        count = int(re.findall(rb"element vertex (\d+)", head)[0])
        if len(body) != count * 4 * head.count(b"property float"):
            raise NotWholeError("there are fewer Gaussians than it says")
        return
    if len(trimesh.load_mesh(io.BytesIO(content), file_type="ply", process=False).faces) == 0:
        raise NotWholeError("no triangles")


def objects(path: Path) -> None:
    """Load a mesh with the files that it names: every material that it uses is there, with its picture."""
    texts(path)
    used = set(re.findall(r"^usemtl (.+)$", path.read_text(), re.MULTILINE))
    for library in re.findall(r"^mtllib (.+)$", path.read_text(), re.MULTILINE):
        _, *materials = re.split(r"^newmtl ", (path.parent / library).read_text(), flags=re.MULTILINE)
        used -= {material.splitlines()[0] for material in materials if "map_Kd" in material}
        for picture in re.findall(r"^map_\w+ (.+)$", "".join(materials), re.MULTILINE):
            pictures(path.parent / picture)
    if used:
        raise NotWholeError(f"without the materials {', '.join(sorted(used))} (.mtl)")
    trimesh.load_mesh(io.BytesIO(path.read_bytes()), file_type="obj", process=False)


def packages(path: Path) -> None:
    """Check the sums of a package."""
    with zipfile.ZipFile(path) as archive:
        if not archive.namelist() or archive.testzip():
            raise NotWholeError("a sum is wrong")


def texts(path: Path) -> None:
    """Read text that ends with a line's end."""
    if not path.read_text("utf-8").endswith("\n"):
        raise NotWholeError("its last line has no end")


def trees(path: Path) -> None:
    """Read JSON."""
    json.loads(path.read_text("utf-8"))


def scripts(path: Path) -> None:
    """Compare with the script that kbvr ships."""
    from kbvr.formats.scene.built_pages import PAGES

    if path.read_bytes() != (PAGES / path.name).read_bytes():
        raise NotWholeError("it is not the script that ships with kbvr")


READERS: Mapping[str, Callable[[Path], None]] = {
    **dict.fromkeys((".mp4", ".mkv", ".webm"), films),
    **dict.fromkeys((".png", ".webp", ".gif", ".avif"), pictures),
    **dict.fromkeys((".jpg", ".jps", ".mpo"), jpegs),
    **dict.fromkeys((".npy", ".npz"), arrays),
    ".exr": exrs,
    ".glb": scenes,
    ".html": pages,
    ".ply": meshes,
    ".obj": objects,
    ".mtl": texts,
    ".usdz": packages,
    ".json": trees,
    ".svg": pages,
    ".js": scripts,
}
"""End of a name -> what reads such a file, and raises whatever it likes if it is not whole."""


def finished(folder: Path) -> list[Path]:
    """Return the files that stand under a final name; those that are being written begin with a dot."""
    return sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))


def unfinished(folder: Path) -> list[Path]:
    """Return the files that are being written, or were."""
    return sorted(path for path in folder.rglob(".*") if path.is_file())


def problem_in(folder: Path) -> str:
    """Return which file is not whole, and why; nothing if all are."""
    for path in finished(folder):
        try:
            READERS[path.suffix](path)
        except Exception as error:  # noqa: BLE001  readers raise whatever they like
            return f"{path.name} ({path.stat().st_size} bytes) is not whole | {type(error).__name__}: {error}"[:300]
    return ""
