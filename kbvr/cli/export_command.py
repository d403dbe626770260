"""`kbvr export`: its flags come from the declared options, its values from files, a preset and the command line."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from typer.core import TyperCommand

from kbvr.cli.call_options import CallOptions
from kbvr.cli.config_files import values_from_files
from kbvr.cli.option_help import SAYS, full_help, short_help
from kbvr.errors import InputError
from kbvr.options.declare import Declared, OptionError, OptionGroup
from kbvr.options.export_options import GROUPS, ExportOptions, declared
from kbvr.options.outputs import OutputOptions

Group = TypeVar("Group", bound=OptionGroup)


def every_option() -> Iterator[Declared]:
    """Yield the options of a call, then those of exports."""
    yield from CallOptions.declared()
    yield from declared()


class ExportCommand(TyperCommand):
    """The command with a help of its own."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write one screen of what people use."""
        del ctx
        common = (one for one in every_option() if one.name not in OutputOptions.model_fields)
        formatter.write(short_help(OutputOptions.declared(), common) + "\n")


def print_full_help(wanted: bool) -> bool:
    """Print every option and end, if that is wanted; return whether it is."""
    if wanted:
        groups: tuple[type[OptionGroup], ...] = (OutputOptions, CallOptions, *GROUPS[1:])
        typer.echo(full_help((group.title, group.declared()) for group in groups))
        raise typer.Exit
    return wanted


def export(photos: list[Path], given: Mapping[str, Any]) -> int:
    """Export photos with what was given on the command line; return the exit code."""
    from kbvr.cli.export import ExportRequest, run_export

    _refuse_unclear_depth(len(photos), given)
    call, options = read_options(given)
    return run_export(ExportRequest(tuple(photos), options, call))


def read_options(given: Mapping[str, Any]) -> tuple[CallOptions, ExportOptions]:
    """Return the options of a call: those given on the command line, over a preset's, over those of files.

    Raises:
        InputError: if a value is out of its range, or options do not go together; it names flags.
    """
    first = _read(CallOptions, {name: given[name] for name in CallOptions.model_fields if name in given}, {})
    known = [one.name for one in every_option()]
    filed = values_from_files(first.config, first.preset, known)
    sources = {name: source for name, source in filed.sources.items() if name not in given}
    values = {**filed.values, **given}
    call = {name: values.pop(name) for name in CallOptions.model_fields if name in values}
    return _read(CallOptions, call, sources), _read(ExportOptions, values, sources)


def _read(group: type[Group], values: Mapping[str, Any], sources: Mapping[str, str]) -> Group:
    """Return options; an error names the flag, or where else the value is from."""
    try:
        return group(**values)
    except OptionError as error:
        flag = next(one.flag for one in every_option() if one.name == error.option)
        source = sources.get(error.option)
        raise InputError(error.said_of(f"{source}: {error.option}" if source else flag)) from None


def _refuse_unclear_depth(photos: int, given: Mapping[str, Any]) -> None:
    if "depth" in given and photos > 1:
        raise InputError(f"--depth belongs to one photo, got {photos} photos")
    if "depth" in given and "depth_kind" not in given:
        raise InputError("--depth needs --depth-kind: disparity, depth-m or inverse-depth-per-m")
    if "depth" not in given and "depth_kind" in given:
        raise InputError("--depth-kind says what --depth holds, got no --depth")


def _parameter(one: Declared) -> inspect.Parameter:
    """Return the parameter that typer makes a flag of; values stay text, for the options read them."""
    flags = [f"{one.flag}/{one.off_flag}" if one.off_flag else one.flag, *([one.short] if one.short else [])]
    kind: Any = bool if one.is_switch else str
    names = one.names
    told = typer.Option(*flags, metavar=one.metavar or None, autocompletion=(lambda: list(names)) if names else None)
    return inspect.Parameter(
        one.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind | None, told]
    )


class Flags:
    """What typer calls: its parameters, and so the command's flags, are the declared options."""

    __name__ = "export"
    __doc__ = SAYS

    def __init__(self) -> None:
        """Declare the parameters."""
        photos = typer.Argument(metavar="PHOTO", readable=False)  # that one cannot be read is told when it is its turn
        help_all = typer.Option("--help-all", is_eager=True, callback=print_full_help)
        kind = inspect.Parameter.KEYWORD_ONLY
        parameters = [
            inspect.Parameter("photos", kind, annotation=Annotated[list[Path], photos]),
            *(_parameter(one) for one in every_option()),
            inspect.Parameter("help_all", kind, default=False, annotation=Annotated[bool, help_all]),
        ]
        self.__signature__ = inspect.Signature(parameters)
        self.__annotations__ = {one.name: one.annotation for one in parameters}

    def __call__(self, photos: list[Path], *, help_all: bool, **given: Any) -> int:
        """Export the photos."""
        del help_all
        return export(photos, {name: value for name, value in given.items() if value is not None})
