"""How an option is declared, and what follows from its declaration: its flag, its range in words, its errors.

An option is a field of an `OptionGroup`: its type, its default, and in `option(...)` its help, range and unit. Texts
(from a command line or a file) and Python values are read by the same validators, so both mean the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, ClassVar, Literal, Union, get_args, get_origin

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo

from kbvr.errors import InputError, shortened

MOST_SHOWN = 80
"""Letters of a value that a message quotes."""


class OptionError(InputError):
    """A value that an option cannot have; the command line says the same of its flag."""

    def __init__(self, option: str, takes: str, value: object) -> None:
        self.option, self.takes, self.value = option, takes, value
        super().__init__(self.said_of(option))

    def said_of(self, name: str) -> str:
        """Return the message for an option of this name."""
        return f"{name} must be {self.takes}, got {shown(self.value)}"


def option(
    default: Any,
    says: str,
    *,
    least: float | None = None,
    above: float | None = None,
    most: float | None = None,
    unit: str = "",
    takes: str = "",
    unset: str = "",
    flag: str = "",
    off_flag: str = "",
    short: str = "",
    metavar: str = "",
    python: str = "",
    used_by: tuple[str, ...] = (),
    suggests: tuple[str, ...] = (),
    is_common: bool = False,
) -> Any:
    """Declare an option.

    Args:
        default: its value if none is given.
        says: its help, which stands alone.
        least: the smallest number it may be.
        above: the number that it must be larger than.
        most: the largest number it may be.
        unit: what a number counts, in words.
        takes: what it may be, in words, where its type and range do not say that.
        unset: what the default means, in words.
        flag: its flag, if that is not its name with dashes.
        off_flag: the flag that says no to it.
        short: its one-letter flag.
        python: what Python values it takes, as an annotation, where its type does not say that.
        metavar: what stands for its value in help.
        used_by: the formats (`kbvr.formats.registry`) that it changes; empty if it is not about one file.
        suggests: values that a shell completes, where its type has no names.
        is_common: whether the short help shows it.
    """
    known: dict[str, Any] = {
        "takes": takes,
        "unit": unit,
        "unset": unset,
        "flag": flag,
        "off_flag": off_flag,
        "short": short,
    }
    known |= {
        "metavar": metavar,
        "python": python,
        "used_by": list(used_by),
        "suggests": list(suggests),
        "is_common": is_common,
    }
    given = {name: value for name, value in known.items() if value}
    return Field(default, description=says, ge=least, gt=above, le=most, json_schema_extra=given)


class OptionGroup(BaseModel):
    """Options that belong together; `title` is their heading."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, arbitrary_types_allowed=True)
    title: ClassVar[str] = ""

    def __init__(self, **given: Any) -> None:
        """Read the values that are given.

        Raises:
            InputError: if there is no such option, a value is out of its range, or options do not go together.
        """
        try:
            super().__init__(**{name: self._plain(name, value) for name, value in given.items()})
        except ValidationError as error:
            raise _explained(error, type(self)) from None

    @classmethod
    def _plain(cls, name: str, value: object) -> object:
        """Return a value of numpy's as Python's, and a number as text where names are; yes and no are no numbers."""
        value = value.tolist() if hasattr(value, "tolist") else value
        if name not in cls.model_fields:
            return value
        one = Declared(name, cls.model_fields[name])
        if isinstance(value, bool) and not one.is_switch:
            raise OptionError(name, one.takes, value)
        return str(value) if one.names and isinstance(value, int) and not one.is_switch else value

    @classmethod
    def declared(cls) -> Iterator[Declared]:
        """Yield every option of the group."""
        for name, field in cls.model_fields.items():
            yield Declared(name, field)


class Declared:
    """One option, and what is known of it."""

    def __init__(self, name: str, field: FieldInfo) -> None:
        self.name, self.field = name, field
        extra = field.json_schema_extra
        self.extra: Mapping[str, Any] = extra if isinstance(extra, dict) else {}
        self.says = field.description or ""
        self.default = field.default

    @property
    def flag(self) -> str:
        """Its name on the command line."""
        return str(self.extra.get("flag") or f"--{self.name.replace('_', '-')}")

    @property
    def short(self) -> str:
        """Its one-letter flag, if it has one."""
        return str(self.extra.get("short", ""))

    @property
    def off_flag(self) -> str:
        """The flag that says no to it, if it has one."""
        return str(self.extra.get("off_flag", ""))

    @property
    def metavar(self) -> str:
        """What stands for its value in help; empty for a switch."""
        return "" if self.is_switch else str(self.extra.get("metavar") or "|".join(self.names))

    @property
    def unset(self) -> str:
        """What its default means, in words."""
        return str(self.extra.get("unset", ""))

    @property
    def said_default(self) -> str:
        """What it is if it is not given, in brackets; empty if there is nothing to say."""
        if self.unset:
            return f"[default: {self.unset}]"
        if self.is_switch or self.default is None:
            return ""
        if isinstance(self.default, tuple):
            return f"[default: {','.join(self.default)}]"
        return f"[default: {self.default:g}]" if isinstance(self.default, float) else f"[default: {self.default}]"

    @property
    def is_common(self) -> bool:
        """Whether the short help shows it."""
        return bool(self.extra.get("is_common"))

    @property
    def is_switch(self) -> bool:
        """Whether it is on or off."""
        return bool in self._types

    @property
    def names(self) -> tuple[str, ...]:
        """The names that it may be, or that may be in it; empty if it takes something else."""
        return tuple(name for kind in self._types if get_origin(kind) is Literal for name in get_args(kind))

    @property
    def suggestions(self) -> tuple[str, ...]:
        """What a shell completes."""
        return self.names or tuple(self.extra.get("suggests", ()))

    @property
    def is_several(self) -> bool:
        """Whether it takes several names."""
        return any(get_origin(kind) is tuple for kind in _flat(self.field.annotation))

    @property
    def takes(self) -> str:
        """What it may be, in words."""
        if "takes" in self.extra:
            return str(self.extra["takes"])
        if self.is_switch:
            return "yes or no"
        if self.names:
            listed = ", ".join(self.names)
            return f"one or more of {listed}, separated by commas" if self.is_several else f"one of {listed}"
        return f"{self._range} {self.extra.get('unit', '')}".strip()

    @property
    def python_type(self) -> str:
        """The types of Python that it takes, as an annotation."""
        kinds = self._types
        if self.is_switch:
            taken = "bool"
        elif self.names:
            taken = "str | Sequence[str]" if self.is_several else f"Literal[{json.dumps(self.names)[1:-1]}]"
        elif Path in kinds:
            taken = "str | PathLike[str]"
        elif kinds & {int, float} and "takes" not in self.extra:
            taken = "float" if float in kinds else "int"
        else:
            taken = str(self.extra.get("python", "str"))
        return f"{taken} | None" if type(None) in kinds else taken

    @property
    def used_by(self) -> tuple[str, ...]:
        """The formats that it changes."""
        return tuple(self.extra.get("used_by", ()))

    @property
    def _types(self) -> set[Any]:
        return set(_flat(self.field.annotation, through_tuples=True))

    @property
    def _range(self) -> str:
        limits = {
            kind: getattr(one, kind) for one in self.field.metadata for kind in ("ge", "gt", "le") if hasattr(one, kind)
        }
        least, above, most = (limits.get(kind) for kind in ("ge", "gt", "le"))
        whole = "a whole number from " if int in self._types and float not in self._types else ""
        if above is not None and most is not None:
            return f"above {above:,.10g} and at most {most:,.10g}"
        return "text" if least is None or most is None else f"{whole}{least:,.10g} to {most:,.10g}"


def _flat(annotation: Any, *, through_tuples: bool = False) -> Iterator[Any]:
    """Yield the types that an annotation is made of."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _flat(get_args(annotation)[0], through_tuples=through_tuples)
    elif origin in (Union, UnionType) or (through_tuples and origin is tuple):
        for part in get_args(annotation):
            yield from _flat(part, through_tuples=through_tuples)
    else:
        yield annotation


def meant_by(name: str, options: Iterable[Declared]) -> str | None:
    """Return the name of the option that a wrong name probably means: what a flag is called, or nearly a name."""
    by_flag = {one.flag.removeprefix("--").replace("-", "_"): one.name for one in options}
    names = {**by_flag, **{one: one for one in by_flag.values()}}
    alike = get_close_matches(name, names, n=1, cutoff=0.7)
    return names[alike[0]] if alike else None


def shown(value: object) -> str:
    """Return a value as a message quotes it."""
    if isinstance(value, str | Path):
        return repr(shortened(str(value), MOST_SHOWN))
    return f"{value:.10g}" if isinstance(value, float) else shortened(str(value), MOST_SHOWN)


def _explained(error: ValidationError, group: type[OptionGroup]) -> InputError:
    """Return the first thing that is wrong, in one line."""
    found = error.errors()[0]
    cause = found.get("ctx", {}).get("error")
    if not found["loc"]:
        return cause if isinstance(cause, InputError) else InputError(str(cause or found["msg"]))
    name = str(found["loc"][0])
    if found["type"] == "extra_forbidden":
        meant = meant_by(name, group.declared())
        return InputError(f"there is no option {name!r}" + (f"; did you mean {meant!r}?" if meant else ""))
    return OptionError(name, Declared(name, group.model_fields[name]).takes, found["input"])


def _split(value: object) -> object:
    """Return the names of a text like `sbs,anaglyph`, or of a list."""
    if isinstance(value, str):
        value = value.split(",")
    return (
        tuple(name.strip() if isinstance(name, str) else name for name in value)
        if isinstance(value, list | tuple)
        else value
    )


def _each_once(names: tuple[str, ...]) -> tuple[str, ...]:
    if not names or len(set(names)) != len(names):
        raise ValueError
    return names


SPLIT, ONCE = BeforeValidator(_split), AfterValidator(_each_once)
"""For options that take several names: texts with commas and lists are read alike, and no name comes twice."""
