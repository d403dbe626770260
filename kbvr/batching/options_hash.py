"""Which options decide what a photo's outputs look like, as text and as a hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kbvr.options.export_options import ExportOptions, declared
from kbvr.options.texts import given_texts
from kbvr.system.input_file import sha256_of_input

WITHOUT_EFFECT = ("overwrite", "threads", "max_memory", "device")
"""Options that say how outputs are made, not what they show."""

HASH_DIGITS = 16


def given_options(options: ExportOptions) -> dict[str, str]:
    """Return the options that differ from their defaults and decide what outputs show, as text, by their names."""
    return given_texts(options, without=WITHOUT_EFFECT)


def hash_of(options: ExportOptions, *, has_gallery: bool) -> str:
    """Return a hash of those options and of the contents of the files that they name.

    Raises:
        InputError: if one of these files cannot be read.
    """
    values = {option.name: getattr(options, option.name) for option in declared()}
    files = {name: value for name, value in values.items() if isinstance(value, Path)}
    described: Mapping[str, Any] = {
        "options": {name: _hashed_text(values[name]) for name in given_options(options)},
        "files": {name: sha256_of_input(path, f"a file for {name}") for name, path in sorted(files.items())},
        "has_gallery": has_gallery,
    }
    return hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()[:HASH_DIGITS]


def _hashed_text(value: object) -> str:
    """Return an option's value as the text that hashes are made of.

    Another form would make every photo of every earlier batch again, so it is not that of `kbvr.options.texts`.
    """
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
