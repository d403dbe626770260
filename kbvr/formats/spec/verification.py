"""Verification: comparing what was read back from a file with what was written."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from kbvr.errors import OutputError


def verification_error(name: str, reason: object) -> OutputError:
    """Return the error for a file that fails verification."""
    return OutputError(f"{name}: verification failed: {reason}")


def compare(name: str, found: Any, expected: Any) -> None:
    """Compare two objects of one dataclass, field by field; `name` names the file in errors.

    Raises:
        OutputError: if a field differs.
    """
    for field in fields(expected):
        value, expected_value = getattr(found, field.name), getattr(expected, field.name)
        if value != expected_value:
            what = field.name.removesuffix("_px").removesuffix("_ms").replace("_", " ")
            raise verification_error(name, f"{what} is {value}, expected {expected_value}")
