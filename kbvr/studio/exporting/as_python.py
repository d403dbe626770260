"""An export as the Python that does the same."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from kbvr.options.declare import Declared
from kbvr.options.export_options import ExportOptions, declared
from kbvr.studio.exporting.as_command import outputs_text


def as_python(photo: Path, out: Path, options: ExportOptions) -> str:
    """Return a program that makes the outputs of a photo, with a line for every option."""
    return as_program([(photo, out, options)])


def as_program(exports: Iterable[tuple[Path, Path, ExportOptions]]) -> str:
    """Return a program that makes several exports: a photo, the folder of its files, and options of each."""
    return "import kbvr\n" + "".join(f"\n{_call(*export)}" for export in exports)


def _call(photo: Path, out: Path, options: ExportOptions) -> str:
    texts = outputs_text(options)
    given = [option for option in declared() if option.name in texts]
    lines = [
        repr(str(photo)),
        repr(str(out)),
        *(f"{option.name}={_literal(option, getattr(options, option.name), texts[option.name])}" for option in given),
    ]
    arguments = "".join(f"    {line},\n" for line in lines)
    return f"kbvr.export(\n{arguments})\n"


def _literal(option: Declared, value: Any, text: str) -> str:
    """Return a value as Python code: numbers and switches as they are, everything else as its text."""
    if option.is_list and option.choices:
        return repr(list(value)) if len(value) > 1 else repr(value[0])
    is_plain = isinstance(value, bool) or (isinstance(value, int | float) and option.name != "max_memory")
    return repr(value) if is_plain else repr(text)
