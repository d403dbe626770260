"""The same input given to `kbvr` itself: exit code 2, and one line on stderr of at most 300 characters."""

from __future__ import annotations

import io
import os
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

from fuzz.law import LONGEST_MESSAGE, LawBrokenError, problem_of_message
from fuzz.photo_seeds import encoded, picture

WARNINGS = 3
"""So many lines of warning may come before the last one."""


def run_command(arguments: list[str]) -> int:
    """Run a command and return its exit code.

    Raises:
        LawBrokenError: if it is another than 0 or 2, or a line on stderr is none for a person.
    """
    from kbvr.cli.main import main

    said = io.StringIO()
    with redirect_stdout(io.StringIO()), redirect_stderr(said):
        code = main(arguments)
    lines = said.getvalue().split("\n")[:-1]
    wrong = next((problem for line in lines if (problem := problem_of_message(line, LONGEST_MESSAGE))), "")
    if wrong or code not in (0, 2) or (code == 2 and not 1 <= len(lines) <= 1 + WARNINGS):
        raise LawBrokenError(f"kbvr {arguments[0]}: {wrong or f'code {code}'} | {lines[:4]}")
    return code


def arguments_for(reader: str, folder: Path, name: str, data: bytes) -> list[str] | None:
    """Return what a person types to have an input read, or None if there is no such command."""
    photo = folder / "photo.png"
    photo.write_bytes(encoded(picture("RGB"), "PNG"))
    given = folder / ("own.onnx" if "network" in reader or reader == "segmentation" else name)
    given.write_bytes(data)
    export = ["export", str(photo), "-o", str(folder / "out"), "-q", "--depth-map", "png"]
    text = os.fsdecode(data)
    options = {
        "crop": "--from",
        "focus": "--focus",
        "memory": "--max-memory",
        "screen": "--screen",
        "size": "--max-size",
        "steps": "--steps",
        "shape": "--aspect",
        "names": "--layout",
    }
    if reader == "photo":
        return ["export", str(given), *export[2:]]
    if reader == "depth":
        return [*export, "--depth", str(given), "--depth-kind", "depth-m"]
    if reader == "keyframes":
        return [*export, "--kenburns", "--keyframes", str(given)]
    if reader == "depth network":
        return [*export, "--depth-model", str(given), "--device", "cpu"]
    if reader.startswith("option ") and "\0" not in text:
        return [*export, "--kenburns", f"{options[reader.removeprefix('option ')]}={text}"]
    return None


def told(reader: str, folder: Path, name: str, data: bytes) -> str:
    """Give an input that is refused to `kbvr`; return what is wrong with what it says, nothing if all is well."""
    arguments = arguments_for(reader, folder, name, data)
    if arguments is None:
        return ""
    try:
        code = run_command(arguments)
    except LawBrokenError as error:
        return str(error)
    return "" if code == 2 or reader == "depth" else f"kbvr takes what the library refuses | {arguments}"
