"""The names that CONVENTIONS.md rules on."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "kbvr"
FILES = sorted(PACKAGE.rglob("*.py"))

WITHOUT_A_UNIT = {"focal", "focal_length", "fov", "baseline", "convergence", "ipd"}
WRONG_WAY_ROUND = re.compile(r"\b(c2w|w2c|\w+_to_(world|camera|clip))\b")
NO_CONCEPT = {"utils", "util", "helpers", "common", "misc"}


def values_named(tree: ast.AST) -> Iterator[str]:
    """Yield the names of a file's parameters, variables, fields and attributes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr


def of(path: Path) -> ast.AST:
    """Return a file's syntax tree."""
    return ast.parse(path.read_text("utf-8"))


@pytest.mark.parametrize(
    "path",
    [path for path in FILES if path.parent.name != "cli"],  # there a parameter is a flag that a person types
    ids=lambda path: str(path.relative_to(PACKAGE)),
)
def test_a_number_with_a_unit_has_it_in_its_name(path):
    """Focal lengths, angles and distances say what they are measured in."""
    assert not WITHOUT_A_UNIT & set(values_named(of(path)))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_transforms_are_named_target_from_source(path):
    """So that names of a product cancel: a_from_b @ b_from_c."""
    assert not [name for name in values_named(of(path)) if WRONG_WAY_ROUND.fullmatch(name)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_width_comes_before_height(path):
    """In parameters as in size_px."""
    for node in ast.walk(of(path)):
        if isinstance(node, ast.FunctionDef):
            names = [argument.arg for argument in node.args.args]
            assert not ("width" in names and "height" in names and names.index("height") < names.index("width"))


def test_files_are_named_after_a_concept():
    """What belongs nowhere is thought about until it belongs somewhere."""
    assert not {path.stem for path in FILES} & NO_CONCEPT
