"""Options from files: kbvr.toml in the folder, then the user's own; and presets by name."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from kbvr.errors import InputError
from kbvr.options.declare import Declared, meant_by
from kbvr.options.presets import PRESETS
from kbvr.system.input_file import read_small_file

NAME = "kbvr.toml"
NOT_IN_FILES = ("config", "preset", "overwrite")
"""Options that only a call can have: a folder that somebody sent shall not make it replace files."""

MOST_BYTES = 10**6


def user_file() -> Path:
    """Return where a person's own configuration file lies: in $KBVR_HOME, or in the system's folder for that."""
    import platformdirs

    home = os.environ.get("KBVR_HOME")
    return (Path(home) if home else platformdirs.user_config_path("kbvr", appauthor=False)) / NAME


@dataclass(frozen=True)
class Values:
    """Options that are not from the command line."""

    values: Mapping[str, Any]
    sources: Mapping[str, str]
    """Option -> the file or preset that gave its value."""


def values_from_files(given: Path | None, preset: str | None, known: Sequence[Declared]) -> tuple[Values, Values]:
    """Return the values of the configuration files, the nearer one over the other, and those of the preset.

    `known` are all options; in files they may be called as their flags are.

    Raises:
        InputError: if a file cannot be read, names an option that is not there, or there is no such preset.
    """
    presets = {name: Values(values, dict.fromkeys(values, f"preset {name}")) for name, values in PRESETS.items()}
    found: list[Values] = []
    for path in [given] if given else [one for one in _places() if _can_be_read(one)]:
        table = _read(path)
        own = table.pop("preset", {})
        if not isinstance(own, dict) or not all(isinstance(one, dict) for one in own.values()):
            raise InputError(f"{path}: a preset must be a table like [preset.mine]")
        presets |= {name: _values(one, f"preset {name} in {path}", known) for name, one in own.items()}
        found.append(_values(table, str(path), known))
    if preset is not None and preset not in presets:
        alike = get_close_matches(preset, presets, n=1)
        meant = f"; did you mean {alike[0]}?" if alike else ""
        raise InputError(f"--preset must be one of {', '.join(presets)}, got {preset!r}{meant}")
    filed = Values(
        {name: value for one in found for name, value in one.values.items()},
        {name: source for one in found for name, source in one.sources.items()},
    )
    return filed, presets[preset] if preset else Values({}, {})


def _places() -> list[Path]:
    """Return where files may lie; a user without a home has none of their own."""
    try:
        return [user_file(), Path(NAME)]
    except RuntimeError:
        return [Path(NAME)]


def _can_be_read(path: Path) -> bool:
    """Return whether a file is there; a folder that may not be entered has none."""
    try:
        return path.is_file()
    except OSError:
        return False


def _read(path: Path) -> dict[str, Any]:
    content = read_small_file(path, "a configuration file", MOST_BYTES)
    try:
        return tomllib.loads(content.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise InputError(f"{path} must be a TOML file of options: {error}") from error


def _values(table: Mapping[str, Any], source: str, known: Sequence[Declared]) -> Values:
    """Return the options of a table, called by their names or as their flags are."""
    names = {one.flag.removeprefix("--").replace("-", "_"): one.name for one in known}
    names |= {one.name: one.name for one in known}
    values: dict[str, Any] = {}
    for written, value in table.items():
        name = names.get(written.removeprefix("--").replace("-", "_"))
        if name is None:
            meant = meant_by(written.replace("-", "_"), known)
            raise InputError(f"{source}: there is no option {written}" + (f"; did you mean {meant}?" if meant else ""))
        if name in NOT_IN_FILES:
            raise InputError(f"{source}: {written} cannot stand in a file")
        if name in values:
            raise InputError(f"{source}: {written} stands there twice")
        values[name] = value
    return Values(values, dict.fromkeys(values, source))
