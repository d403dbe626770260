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

    call, options = read_options(given)
    if options.depth is not None and len(photos) > 1:
        raise InputError(f"--depth belongs to one photo, got {len(photos)} photos")
    return run_export(ExportRequest(tuple(photos), options, call))


def read_options(given: Mapping[str, Any]) -> tuple[CallOptions, ExportOptions]:
    """Return the options of a call: those given on the command line, over a preset's, over those of files.

    Options of files are wishes for every call: what does not go with this one is left out.

    Raises:
        InputError: if a value is out of its range, or options do not go together; it names flags.
    """
    first = _read(CallOptions, {name: given[name] for name in CallOptions.model_fields if name in given}, {})
    filed, preset = values_from_files(first.config, first.preset, list(every_option()))
    asked = {**preset.values, **given}
    sources = {name: source for name, source in {**filed.sources, **preset.sources}.items() if name not in given}
    call_names = CallOptions.model_fields
    call = _read(CallOptions, {k: v for k, v in {**filed.values, **asked}.items() if k in call_names}, sources)
    wanted = {name: value for name, value in asked.items() if name not in call_names}
    _refuse_unclear_depth({**filed.values, **wanted})
    return call, _with_wishes(wanted, {k: v for k, v in filed.values.items() if k not in call_names}, sources)


def _with_wishes(wanted: Mapping[str, Any], wishes: Mapping[str, Any], sources: Mapping[str, str]) -> ExportOptions:
    """Return what is wanted, with those wishes that go with it and that a file of it uses."""
    from kbvr.plan.output_kinds import formats_of

    if {*wanted} & {*OutputOptions.model_fields}:
        wishes = {name: value for name, value in wishes.items() if name not in OutputOptions.model_fields}
    for name, value in wishes.items():  # a value that cannot be is wrong in every call
        _read_one(name, value, sources)
    kept = {name: value for name, value in wishes.items() if name not in wanted}
    try:
        options = _read(ExportOptions, {**kept, **wanted}, sources)
    except InputError:
        kept = _that_fit(kept, wanted)
        options = _read(ExportOptions, {**kept, **wanted}, sources)
    idle = {*options.idle(formats_of(options))} & {*kept}
    if not idle:
        return options
    return _read(ExportOptions, {k: v for k, v in {**kept, **wanted}.items() if k not in idle}, sources)


def _read_one(name: str, value: Any, sources: Mapping[str, str]) -> None:
    """Check a value by itself; what it goes with is another matter."""
    try:
        _read(ExportOptions, {name: value}, sources)
    except InputError as error:
        if isinstance(error.__context__, OptionError):
            raise


def _that_fit(wishes: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return the wishes that go with what is wanted and with each other, those that come first preferred."""
    kept: dict[str, Any] = {}
    for name, value in wishes.items():
        try:
            ExportOptions(**{**kept, name: value, **wanted})
        except InputError:
            continue
        kept[name] = value
    return kept


def _read(group: type[Group], values: Mapping[str, Any], sources: Mapping[str, str]) -> Group:
    """Return options; an error names the flag, or where else the value is from."""
    try:
        return group(**values)
    except OptionError as error:
        flag = next(one.flag for one in every_option() if one.name == error.option)
        source = sources.get(error.option)
        raise InputError(error.said_of(f"{source}: {error.option}" if source else flag)) from None


def _refuse_unclear_depth(values: Mapping[str, Any]) -> None:
    if "depth" in values and "depth_kind" not in values:
        raise InputError("--depth needs --depth-kind: disparity, depth-m or inverse-depth-per-m")
    if "depth" not in values and "depth_kind" in values:
        raise InputError("--depth-kind says what --depth holds, got no --depth")


def _completions(one: Declared, incomplete: str) -> list[str]:
    """Return what may follow; of several names the last is completed."""
    before, comma, _ = incomplete.rpartition(",") if one.is_several else ("", "", "")
    return [f"{before}{comma}{name}" for name in one.suggestions]


def _parameter(one: Declared) -> inspect.Parameter:
    """Return the parameter that typer makes a flag of; values stay text, for the options read them."""
    off_flag = one.off_flag or "no-".join(("--", one.flag.removeprefix("--")))
    flags = [f"{one.flag}/{off_flag}" if one.is_switch else one.flag, *([one.short] if one.short else [])]
    kind: Any = bool if one.is_switch else str
    complete = (lambda incomplete: _completions(one, incomplete)) if one.suggestions else None
    told = typer.Option(*flags, metavar=one.metavar or None, autocompletion=complete)
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
