"""The direction of imports, and what importing kbvr loads."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "kbvr"

ROWS = (
    ("messages", "errors"),
    ("resources", "stderr", "input_file", "isolated_process", "isolated_worker", "apart", "decoders"),
    ("camera", "screens", "light", "output", "stopwatch", "repeats", "nets", "compiled", "tiles"),
    ("ramps", "sides"),
    ("decoding_memory",),
    ("picture_file",),
    ("pictures", "picture_colour", "exr"),
    ("depth_array",),
    ("decode",),
    ("decode_apart",),
    ("photo", "depth_file", "upsample"),
    ("depth_model", "affine_points"),
    ("point_depth",),
    ("network_depth",),
    ("depth",),
    ("surroundings",),
    ("moves", "timing"),
    ("kenburns", "keyframes"),
    ("paths",),
    ("stereo", "wiggle"),
    ("comfort",),
    ("nearest",),
    ("specks",),
    ("spread", "layers", "matte"),
    ("network_fill",),
    ("inpainting_fill",),
    ("fill",),
    ("paper",),
    ("scene",),
    ("render", "sheets", "atlas"),
    ("lens", "dome"),
    ("relief",),
    ("dense", "splats"),
    ("diorama",),
    ("formats",),
    ("options", "memory"),
    ("outputs", "failures"),
    ("films",),
    ("profiles", "explanation"),
    ("pipeline",),
    ("doctor", "serving"),
    ("cli",),
)
"""What kbvr consists of, in the order in which data moves: each imports from its own row or those above."""

RANK = {module: rank for rank, row in enumerate(ROWS) for module in row}

FILES = sorted(path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE or path.stem[:2] != "__")


def imported_names(path: Path) -> Iterator[str]:
    """Yield the dotted name of every module that a file imports, those inside functions included."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            yield f"{node.module}"
            if node.module == "kbvr":
                yield from (f"kbvr.{alias.name}" for alias in node.names)


def module_of(path: Path) -> str:
    """Return the first part of a file's name inside kbvr."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def test_every_module_has_its_place_in_the_order():
    """A new module is put into ROWS, where a reader finds it."""
    assert {module_of(path) for path in FILES} == set(RANK)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_nothing_imports_upward(path):
    """A stage knows the stages before it and none after it."""
    inside = {name.split(".")[1] for name in imported_names(path) if name.startswith("kbvr.")}
    upward = {name for name in inside if RANK[name] > RANK[module_of(path)]}
    assert not upward


@pytest.mark.parametrize(
    ("library", "owner"),
    [
        *((library, "nets") for library in ("onnxruntime", "requests", "filelock")),
        ("typer", "cli"),
        ("rich", "cli"),
        ("av", "formats"),
        ("cryptography", "serving"),
        ("segno", "cli"),
        ("ctypes", "compiled"),
        ("OpenEXR", "exr"),
        ("tifffile", "pictures"),
        ("defusedxml", "pictures"),
    ],
)
def test_a_library_is_known_to_one_stage_only(library, owner):
    """Whoever changes a library looks in one place."""
    allowed = {owner, "nets"} if library == "ctypes" else {owner}  # nets asks the CUDA driver for devices
    users = {module_of(path) for path in FILES if library in {n.split(".")[0] for n in imported_names(path)}}
    assert users <= allowed


def test_kbvr_never_imports_what_only_training_needs():
    """Torch and the trainer stay out of an installation."""
    names = {name.split(".")[0] for path in FILES for name in imported_names(path)}
    assert not names & {"torch", "onnx", "export", "bench", "ncnn"}


def test_importing_kbvr_loads_nothing_heavy():
    """A script that imports kbvr starts at once."""
    code = "import sys, kbvr; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PACKAGE.parent)
    heavy = {"PIL", "av", "cv2", "numpy", "onnxruntime", "requests", "rich", "torch", "trimesh", "typer"}
    assert not heavy & set(done.stdout.split())


def test_benches_and_trainers_import_in_no_circle():
    """The trainers use the benches' measures, and the benches the trainers' data: module by module one of the two."""
    root = PACKAGE.parent
    files = {
        f"{path.parent.name}.{path.stem}": path for part in ("bench", "export") for path in root.glob(f"{part}/*.py")
    }
    wanted = {name: set(files) & set(with_submodules(path)) for name, path in files.items()}
    while wanted:
        free = {name for name, others in wanted.items() if not others & set(wanted)}
        assert free, f"imported in a circle: {sorted(wanted)}"
        wanted = {name: others for name, others in wanted.items() if name not in free}


def with_submodules(path: Path) -> Iterator[str]:
    """Yield the modules that a file imports, those too that it takes from a package."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield f"{node.module}"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_benches_know_no_command_line():
    """They measure what the library does."""
    files = (PACKAGE.parent / "bench").glob("*.py")
    assert not [path.name for path in files if any(name.startswith("kbvr.cli") for name in with_submodules(path))]
