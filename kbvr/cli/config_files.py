"""Options from kbvr.toml, in the working folder and in the user's configuration folder, and from presets."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from kbvr.errors import InputError
from kbvr.options.declare import Declared, closest_option
from kbvr.options.presets import PRESETS
from kbvr.system.input_file import is_file, read_small_file

NAME = "kbvr.toml"
NOT_IN_FILES = ("config", "preset", "overwrite")
"""Command line only: a kbvr.toml in a folder from someone else must not make an export replace files."""

MAX_BYTES = 10**6


def user_file() -> Path:
    """Return the path of the user's configuration file: in $KBVR_HOME, or in the system's configuration folder."""
    import platformdirs

    home = os.environ.get("KBVR_HOME")
    return (Path(home) if home else platformdirs.user_config_path("kbvr", appauthor=False)) / NAME


@dataclass(frozen=True)
class Values:
    """Options from a file or a preset."""

    values: Mapping[str, Any]
    sources: Mapping[str, str]
    """Option name -> the file or preset that gave its value."""


def values_from_files(given: Path | None, preset: str | None, known: Sequence[Declared]) -> tuple[Values, Values]:
    """Return the options of the configuration files, and those of the preset, which may be in a file.

    `given` is read instead of the default files, of which the one in the working folder takes precedence.

    Raises:
        InputError: if a file cannot be read or names an unknown option, or the preset does not exist.
    """
    presets = {name: Values(values, dict.fromkeys(values, f"preset {name}")) for name, values in PRESETS.items()}
    filed = Values({}, {})
    for path in [given] if given else [path for path in _default_files() if is_file(path)]:
        table = _read(path)
        tables = table.pop("preset", {})
        if not isinstance(tables, dict) or not all(isinstance(values, dict) for values in tables.values()):
            raise InputError(f"{path}: a preset must be a table like [preset.mine]")
        presets |= {name: _values(values, f"preset {name} in {path}", known) for name, values in tables.items()}
        found = _values(table, str(path), known)
        filed = Values({**filed.values, **found.values}, {**filed.sources, **found.sources})
    if preset is not None and preset not in presets:
        alike = get_close_matches(preset, presets, n=1)
        hint = f"; did you mean {alike[0]}?" if alike else ""
        raise InputError(f"--preset must be one of {', '.join(presets)}, got {preset!r}{hint}")
    return filed, presets[preset] if preset else Values({}, {})


def _default_files() -> list[Path]:
    try:
        return [user_file(), Path(NAME)]
    except RuntimeError:  # the user has no home folder
        return [Path(NAME)]


def _read(path: Path) -> dict[str, Any]:
    content = read_small_file(path, "a configuration file", MAX_BYTES)
    try:
        return tomllib.loads(content.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise InputError(f"expected a TOML file of options, got {path}: {error}") from error


def _values(table: Mapping[str, Any], source: str, known: Sequence[Declared]) -> Values:
    """Return the options of a table, whose keys are names or flags of options."""
    names = {option.flag.removeprefix("--").replace("-", "_"): option.name for option in known}
    names |= {option.name: option.name for option in known}
    values: dict[str, Any] = {}
    for key, value in table.items():
        name = names.get(key.removeprefix("--").replace("-", "_"))
        if name is None:
            closest = closest_option(key.replace("-", "_"), known)
            raise InputError(f"{source}: there is no option {key}" + (f"; did you mean {closest}?" if closest else ""))
        if name in NOT_IN_FILES:
            raise InputError(f"{source}: {key} can only be given on the command line")
        if name in values:
            raise InputError(f"{source}: {key} is set twice")
        values[name] = value
    return Values(values, dict.fromkeys(values, source))
