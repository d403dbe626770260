"""Values that are written as text, like 1920x1080, 10,20,300,200% or 2GB; Python's own values are taken too.

A reader raises ValueError for what it cannot read: `kbvr.options.declare` says what was expected.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import BeforeValidator, InstanceOf

from kbvr.motion.crop import Crop
from kbvr.motion.path_names import Steps

LEAST_SIDE_PX = 16
MOST_SIDE_PX = 10**6
MOST_LONG = 20.0
"""Longest side of a shape, over its other one."""

UNITS: Mapping[str, int] = MappingProxyType(
    {"KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}
)
"""What stands after a number of bytes -> how many each is."""

NUMBER = r"\s*(-?\d{1,7}(?:\.\d{1,9})?)\s*"
WHOLE = r"\s*([1-9]\d{0,6})\s*"


def _numbers(pattern: str) -> Callable[[object], Sequence[Any]]:
    """Return what reads the numbers of a text of this pattern, or takes them as they are."""

    def read(value: object) -> Sequence[Any]:
        if isinstance(value, str):
            found = re.fullmatch(pattern, value, re.IGNORECASE)
            if found is None:
                raise ValueError
            return found.groups()
        if isinstance(value, Sequence):
            return value
        raise ValueError

    return read


_size_in, _ratio_in = _numbers(f"{WHOLE}x{WHOLE}"), _numbers(f"{NUMBER}:{NUMBER}")
_crop_in, _steps_in = _numbers(",".join([NUMBER] * 4) + "(%?)"), _numbers(f"{NUMBER}:{NUMBER}:{WHOLE}")
_place_in, _bytes_in = _numbers(f"{NUMBER},{NUMBER}%"), _numbers(rf"{NUMBER}([KMG]i?B)\s*")


def _reader(read: Callable[[object], object]) -> BeforeValidator:
    """Return a validator: whatever a reader cannot read is a wrong value."""

    def validated(value: object) -> object:
        try:
            return read(value)
        except (TypeError, OverflowError, AttributeError) as error:
            raise ValueError from error

    return BeforeValidator(validated)


def _real(value: Any) -> float:
    number = float(value)
    if not isfinite(number):
        raise ValueError
    return number


def _whole(value: Any) -> int:
    number = _real(value)
    if number != int(number):
        raise ValueError
    return int(number)


def _size(value: object) -> object:
    width, height = (_whole(side) for side in _size_in(value))
    if not (min(width, height) >= LEAST_SIDE_PX and max(width, height) < MOST_SIDE_PX):
        raise ValueError
    return width, height


def _ratio(value: object) -> object:
    width, height = (_real(part) for part in _ratio_in(value))
    if not (min(width, height) > 1e-6 and max(width / height, height / width) <= MOST_LONG):
        raise ValueError
    return width, height


def _crop(value: object) -> object:
    if isinstance(value, Crop):
        return value
    *lengths, percent = (*_crop_in(value), "")[:5] if not isinstance(value, str) else _crop_in(value)
    if percent not in ("", "%"):
        raise ValueError
    x, y, width, height = (_real(length) for length in lengths)
    return Crop(x, y, width, height, percent=percent == "%")


def _steps(value: object) -> object:
    if isinstance(value, Steps):
        return value
    first, last, frames = _steps_in(value)
    return Steps(_real(first), _real(last), _whole(frames))


def _place(value: object) -> object:
    x, y = (_real(part) for part in _place_in(value))
    if not (0 <= x <= 100 and 0 <= y <= 100):
        raise ValueError
    return x, y


def _bytes(value: object) -> object:
    if isinstance(value, int) and value > 0:
        return value
    if not isinstance(value, str):
        raise ValueError
    number, unit = _bytes_in(value)
    size = round(float(number) * UNITS[unit.upper()])
    if size <= 0:
        raise ValueError
    return size


Size = Annotated[tuple[int, int], _reader(_size)]
"""(width, height) in pixels."""

Ratio = Annotated[tuple[float, float], _reader(_ratio)]
"""A shape as (width, height)."""

CropText = Annotated[InstanceOf[Crop], _reader(_crop)]
StepsText = Annotated[InstanceOf[Steps], _reader(_steps)]
Place = Annotated[tuple[float, float], _reader(_place)]
"""(x, y) in percent of the width and the height."""

Bytes = Annotated[int, _reader(_bytes)]
