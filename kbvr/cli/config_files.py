"""Options from files: kbvr.toml in the folder, then the user's own; and presets by name."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from kbvr.errors import InputError
from kbvr.options.presets import PRESETS
from kbvr.system.input_file import read_small_file

NAME = "kbvr.toml"
MOST_BYTES = 10**6


def user_file() -> Path:
    """Return where a person's own configuration file lies: in $KBVR_HOME, or in the system's folder for that."""
    import platformdirs

    home = os.environ.get("KBVR_HOME")
    return (Path(home) if home else platformdirs.user_config_path("kbvr", appauthor=False)) / NAME


def values_from_files(given: Path | None, preset: str | None) -> dict[str, Any]:
    """Return option -> value: those of the files, the nearer one first, then those of the preset.

    Raises:
        InputError: if a file cannot be read, or there is no such preset.
    """
    tables = [_read(path) for path in ([given] if given else [user_file(), Path(NAME)]) if given or path.is_file()]
    presets: dict[str, Mapping[str, Any]] = dict(PRESETS)
    values: dict[str, Any] = {}
    for path, table in tables:
        own = table.pop("preset", {})
        if not isinstance(own, dict) or not all(isinstance(one, dict) for one in own.values()):
            raise InputError(f"{path}: presets must be tables like [preset.mine]")
        presets |= {name: dict(_named(one)) for name, one in own.items()}
        values |= _named(table)
    if preset is None:
        return values
    if preset not in presets:
        alike = get_close_matches(preset, presets, n=1)
        raise InputError(
            f"--preset must be one of {', '.join(presets)}, got {preset!r}"
            + (f"; did you mean {alike[0]}?" if alike else "")
        )
    return {**values, **presets[preset]}


def _read(path: Path) -> tuple[Path, dict[str, Any]]:
    content = read_small_file(path, "a configuration file", MOST_BYTES)
    try:
        return path, tomllib.loads(content.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"{path} must be a TOML file of options: {error}") from error


def _named(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return option -> value of a table whose keys may be written as flags are."""
    return {name.removeprefix("--").replace("-", "_"): value for name, value in table.items()}
