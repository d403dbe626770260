"""What kbvr can write: one file per format, and a table that loads none of them until it is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any

from kbvr.errors import InputError

FORMATS: Mapping[str, str] = MappingProxyType(
    {
        "mono-video": "kbvr.formats.mono_video:write_mono_video",
        "sbs-video": "kbvr.formats.sbs_video:write_sbs_video",
    }
)
"""Name of a format -> "module:function" of its writer."""


def load_writer(name: str) -> Callable[..., Any]:
    """Return the function that writes a format of FORMATS.

    Raises:
        InputError: if there is no such format.
    """
    if name not in FORMATS:
        raise InputError(f"the format must be one of {', '.join(FORMATS)}, got {name!r}")
    module, function = FORMATS[name].split(":")
    writer: Callable[..., Any] = getattr(import_module(module), function)
    return writer
