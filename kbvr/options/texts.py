"""Options as texts, which `ExportOptions` parses back to the same values: in ledgers, projects and command lines."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from kbvr.motion.crop import Crop
from kbvr.motion.path_names import Steps
from kbvr.options.export_options import ExportOptions, declared

MAX_DECIMALS = 9
"""Of a number inside a text like 10,20,30,40%."""

MEGABYTE, GIGABYTE = 10**6, 10**9


def given_texts(options: ExportOptions, *, without: Collection[str] = ()) -> dict[str, str]:
    """Return the options that differ from their defaults as texts, by their names; those in `without` are left out."""
    return {
        option.name: text_of(option.name, value)
        for option in declared()
        if option.name not in without and (value := getattr(options, option.name)) != option.default
    }


def text_of(name: str, value: Any) -> str:
    """Return the value of an option, which must not be None, as the text that a command line takes."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Crop):
        lengths = ",".join(map(_plain, (value.x, value.y, value.width, value.height)))
        return f"{lengths}%" if value.percent else lengths
    if isinstance(value, Steps):
        return f"{_plain(value.first)}:{_plain(value.last)}:{value.frames}"
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    if name in _PAIRS:
        return _PAIRS[name].format(*map(_plain, value))
    if name == "max_memory":
        return f"{_plain(value / GIGABYTE)}GB" if value >= 10**7 * MEGABYTE else f"{_plain(value / MEGABYTE)}MB"
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


_PAIRS = {"max_size": "{}x{}", "aspect": "{}:{}", "focus": "{},{}%"}
"""Option that holds two numbers -> its form."""


def _plain(number: float) -> str:
    """Return a number without an exponent."""
    return f"{number:.{MAX_DECIMALS}f}".rstrip("0").rstrip(".")
