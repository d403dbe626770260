"""How an option is declared, and what its declaration gives: its flag, its accepted values in words, its errors.

An option is a field of an `OptionGroup`: its type, its default, and in `option(...)` its help, range and unit. Texts
(from a command line or a file) and Python values pass the same validators, so both mean the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo

from kbvr.errors import InputError, OptionsError, shortened, verbatim

MAX_QUOTED_CHARACTERS = 80


class OptionError(OptionsError):
    """An option has a value that it does not accept."""

    def __init__(self, option: str, accepts: str, value: object) -> None:
        self.option = option
        super().__init__(f"{{{option}}} must be {accepts}, got {verbatim(quoted(value))}")


def option(
    default: Any,
    help: str,  # noqa: A002  the usual name for it
    *,
    between: tuple[float | None, float | None] = (None, None),
    excludes_minimum: bool = False,
    unit: str = "",
    accepts: str = "",
    default_text: str = "",
    flag: str = "",
    off_flag: str = "",
    short: str = "",
    metavar: str = "",
    python_type: str = "",
    used_by: tuple[str, ...] = (),
    suggestions: tuple[str, ...] = (),
    alone: str = "",
    is_common: bool = False,
) -> Any:
    """Declare an option.

    Args:
        default: its value if none is given.
        help: its help text, which must make sense on its own.
        between: the smallest and the largest number it accepts.
        excludes_minimum: whether it must be above the smallest number.
        unit: the unit of a number, in words.
        accepts: the values it accepts, in words, if its type and range do not say it.
        default_text: what the default means, in words.
        flag: its flag, if that is not its name with dashes.
        off_flag: the flag that turns it off.
        short: its one-letter flag.
        metavar: the placeholder for its value in help; the choices or the unit if empty.
        python_type: the Python types it accepts, as an annotation, if its own type does not say it.
        used_by: the formats (`kbvr.formats.registry`) that it affects; empty if it does not affect single files.
        suggestions: values that a shell completes, if its type has no names.
        alone: the name of a network that it means when its flag is given without a value.
        is_common: whether the short help shows it.
    """
    extra: dict[str, Any] = {
        "accepts": accepts,
        "unit": unit,
        "default_text": default_text,
        "flag": flag,
        "off_flag": off_flag,
        "short": short,
        "metavar": metavar,
        "python_type": python_type,
        "used_by": list(used_by),
        "suggestions": list(suggestions),
        "alone": alone,
        "is_common": is_common,
    }
    minimum, maximum = between
    return Field(
        default,
        description=help,
        ge=None if excludes_minimum else minimum,
        gt=minimum if excludes_minimum else None,
        le=maximum,
        json_schema_extra={name: value for name, value in extra.items() if value},
    )


class OptionGroup(BaseModel):
    """Options that belong together; the model's title is their heading."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, arbitrary_types_allowed=True)

    def __init__(self, **given: Any) -> None:
        """Validate the given values.

        Raises:
            InputError: if an option does not exist, a value is out of range, or options do not fit together.
        """
        try:
            super().__init__(**{name: self._plain(name, value) for name, value in given.items()})
        except ValidationError as error:
            raise _first_error(error, type(self)) from None

    @classmethod
    def _plain(cls, name: str, value: object) -> object:
        """Return a numpy value as a Python value, and an integer as text if the option has choices.

        Raises:
            OptionError: for a bool, unless the option is a switch, and for an empty path.
        """
        value = value.tolist() if hasattr(value, "tolist") else value
        if name not in cls.model_fields:
            return value
        declared = Declared(name, cls.model_fields[name])
        # Path takes an empty text for the current folder
        if (isinstance(value, bool) and not declared.is_switch) or (value == "" and declared.takes_path):
            raise OptionError(name, declared.accepts, value)
        return str(value) if declared.choices and isinstance(value, int) and not declared.is_switch else value

    @classmethod
    def heading(cls) -> str:
        """Return the title of the group."""
        return cls.model_config.get("title") or ""

    @classmethod
    def declared(cls) -> Iterator[Declared]:
        """Yield every option of the group."""
        for name, field in cls.model_fields.items():
            yield Declared(name, field)


class Declared:
    """One option as it was declared; see `option`."""

    def __init__(self, name: str, field: FieldInfo) -> None:
        extra: Any = field.json_schema_extra
        self.extra: Mapping[str, Any] = extra if isinstance(extra, dict) else {}
        self.name, self.field, self.default = name, field, field.default
        self.help = field.description or ""
        self.flag: str = self.extra.get("flag") or f"--{name.replace('_', '-')}"
        self.short: str = self.extra.get("short", "")
        self.off_flag: str = self.extra.get("off_flag", "")
        self.alone: str = self.extra.get("alone", "")
        self.is_common: bool = self.extra.get("is_common", False)
        self.used_by: tuple[str, ...] = tuple(self.extra.get("used_by", ()))
        self._types = set(_member_types(field.annotation, in_tuples=True))
        self.is_switch = bool in self._types
        self.takes_path = Path in self._types
        self.is_list = any(get_origin(kind) is tuple for kind in _member_types(field.annotation))
        self.choices = tuple(name for kind in self._types if get_origin(kind) is Literal for name in get_args(kind))
        self.suggestions: tuple[str, ...] = self.choices or tuple(self.extra.get("suggestions", ()))

    @property
    def metavar(self) -> str:
        """The placeholder for its value in help; empty for a switch."""
        extra = self.extra
        return "" if self.is_switch else extra.get("metavar") or "|".join(self.choices) or extra.get("unit", "").upper()

    @property
    def default_note(self) -> str:
        """Its default in brackets, for help; empty if there is nothing to say."""
        if text := self.extra.get("default_text"):
            return f"[default: {text}]"
        if self.is_switch or self.default is None:
            return ""
        if isinstance(self.default, tuple):
            return f"[default: {','.join(self.default)}]"
        return f"[default: {self.default:g}]" if isinstance(self.default, float) else f"[default: {self.default}]"

    @property
    def accepts(self) -> str:
        """The values it accepts, in words."""
        if "accepts" in self.extra:
            return str(self.extra["accepts"])
        if self.is_switch:
            return "yes or no"
        if self.choices:
            names = ", ".join(self.choices)
            return f"one or more of {names}, separated by commas" if self.is_list else f"one of {names}"
        return f"{self._range} {self.extra.get('unit', '')}".strip()

    @property
    def python_type(self) -> str:
        """The Python types it accepts, as an annotation."""
        types = self._types
        if self.is_switch:
            accepted = "bool"
        elif self.choices:
            accepted = "str | Sequence[str]" if self.is_list else f"Literal[{json.dumps(self.choices)[1:-1]}]"
        elif Path in types:
            accepted = "str | PathLike[str]"
        elif types & {int, float} and "accepts" not in self.extra:
            accepted = "float" if float in types else "int"
        else:
            accepted = str(self.extra.get("python_type", "str"))
        return f"{accepted} | None" if type(None) in types else accepted

    @property
    def _range(self) -> str:
        limits = {
            kind: getattr(one, kind) for one in self.field.metadata for kind in ("ge", "gt", "le") if hasattr(one, kind)
        }
        minimum, exclusive_minimum, maximum = (limits.get(kind) for kind in ("ge", "gt", "le"))
        whole = "a whole number from " if int in self._types and float not in self._types else ""
        if exclusive_minimum is not None and maximum is not None:
            return f"above {exclusive_minimum:,.10g} and at most {maximum:,.10g}"
        return "text" if minimum is None or maximum is None else f"{whole}{minimum:,.10g} to {maximum:,.10g}"


def _member_types(annotation: Any, *, in_tuples: bool = False) -> Iterator[Any]:
    """Yield the types of a union, and of tuples if asked."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _member_types(get_args(annotation)[0], in_tuples=in_tuples)
    elif origin in (Union, UnionType) or (in_tuples and origin is tuple):
        for part in get_args(annotation):
            yield from _member_types(part, in_tuples=in_tuples)
    else:
        yield annotation


def closest_option(name: str, options: Iterable[Declared]) -> str | None:
    """Return the option whose name or flag is most like an unknown name; None if none is alike."""
    by_flag = {one.flag.removeprefix("--").replace("-", "_"): one.name for one in options}
    names = {**by_flag, **{one: one for one in by_flag.values()}}
    alike = get_close_matches(name, names, n=1, cutoff=0.7)
    return names[alike[0]] if alike else None


def quoted(value: object) -> str:
    """Return a value as a message quotes it."""
    if isinstance(value, str | Path):
        return repr(shortened(str(value), MAX_QUOTED_CHARACTERS))
    return f"{value:.10g}" if isinstance(value, float) else shortened(str(value), MAX_QUOTED_CHARACTERS)


def _first_error(error: ValidationError, group: type[OptionGroup]) -> InputError:
    found = error.errors()[0]
    cause = found.get("ctx", {}).get("error")
    if not found["loc"]:
        return cause if isinstance(cause, InputError) else InputError(str(cause or found["msg"]))
    name = str(found["loc"][0])
    if found["type"] == "extra_forbidden":
        closest = closest_option(name, group.declared())
        return InputError(f"there is no option {name!r}" + (f"; did you mean {closest!r}?" if closest else ""))
    return OptionError(name, Declared(name, group.model_fields[name]).accepts, found["input"])


def _split(value: object) -> object:
    """Return the names of a text like `sbs,anaglyph`, or of a list."""
    if isinstance(value, str):
        value = value.split(",")
    if not isinstance(value, list | tuple):
        return value
    return tuple(name.strip() if isinstance(name, str) else name for name in value)


def _each_once(names: tuple[str, ...]) -> tuple[str, ...]:
    if not names or len(set(names)) != len(names):
        raise ValueError
    return names


SPLIT, ONCE = BeforeValidator(_split), AfterValidator(_each_once)
"""For options that accept several names: as a text with commas or as a list, each name at most once."""
