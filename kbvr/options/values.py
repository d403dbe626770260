"""Option values with a text form, like 1920x1080, 10,20,300,200% or 2GB; Python values work too.

A parser raises ValueError for what it cannot parse; `kbvr.options.declare` makes the message.
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

MIN_SIDE_PX = 16
MAX_SIDE_PX = 10**6
MAX_ASPECT = 20.0

UNITS: Mapping[str, int] = MappingProxyType(
    {"KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}
)

NUMBER = r"\s*(-?\d{1,7}(?:\.\d{1,9})?)\s*"
WHOLE = r"\s*([1-9]\d{0,6})\s*"


def _numbers_in(pattern: str) -> Callable[[object], Sequence[Any]]:
    """Return a function that returns the numbers in a text of this pattern, and sequences as they are."""

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


_size_parts, _aspect_parts = _numbers_in(f"{WHOLE}(?:x{WHOLE})?"), _numbers_in(f"{NUMBER}:{NUMBER}")
_crop_parts, _steps_parts = _numbers_in(",".join([NUMBER] * 4) + "(%?)"), _numbers_in(f"{NUMBER}:{NUMBER}:{WHOLE}")
_place_parts, _bytes_parts = _numbers_in(f"{NUMBER},{NUMBER}%"), _numbers_in(rf"{NUMBER}([KMG]i?B)\s*")


def _validator(parse: Callable[[object], object]) -> BeforeValidator:
    """Return a validator that raises ValueError for everything that a parser cannot parse."""

    def validated(value: object) -> object:
        try:
            return parse(value)
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
    width, height = (value, value) if type(value) is int else _size_parts(value)
    if isinstance(value, str) and height is None:
        height = width
    width, height = _whole(width), _whole(height)
    if not (min(width, height) >= MIN_SIDE_PX and max(width, height) < MAX_SIDE_PX):
        raise ValueError
    return width, height


def _aspect(value: object) -> object:
    width, height = (_real(part) for part in _aspect_parts(value))
    if not (min(width, height) > 1e-6 and max(width / height, height / width) <= MAX_ASPECT):
        raise ValueError
    return width, height


def _crop(value: object) -> object:
    if isinstance(value, Crop):
        return value
    *lengths, percent = (*_crop_parts(value), "")[:5] if not isinstance(value, str) else _crop_parts(value)
    if percent not in ("", "%"):
        raise ValueError
    x, y, width, height = (_real(length) for length in lengths)
    return Crop(x, y, width, height, percent=percent == "%")


def _steps(value: object) -> object:
    if isinstance(value, Steps):
        return value
    first, last, frames = _steps_parts(value)
    return Steps(_real(first), _real(last), _whole(frames))


def _place(value: object) -> object:
    x, y = (_real(part) for part in _place_parts(value))
    if not (0 <= x <= 100 and 0 <= y <= 100):
        raise ValueError
    return x, y


def _bytes(value: object) -> object:
    if isinstance(value, int) and value > 0:
        return value
    if not isinstance(value, str):
        raise ValueError
    number, unit = _bytes_parts(value)
    size = round(float(number) * UNITS[unit.upper()])
    if size <= 0:
        raise ValueError
    return size


Size = Annotated[tuple[int, int], _validator(_size)]
"""(width, height) in pixels; a single number is both."""

Aspect = Annotated[tuple[float, float], _validator(_aspect)]
"""(width, height), of which only the ratio matters."""

CropText = Annotated[InstanceOf[Crop], _validator(_crop)]
StepsText = Annotated[InstanceOf[Steps], _validator(_steps)]
Place = Annotated[tuple[float, float], _validator(_place)]
"""(x, y) in percent of the width and the height."""

Bytes = Annotated[int, _validator(_bytes)]
