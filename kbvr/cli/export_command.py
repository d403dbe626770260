"""`kbvr export`: flags from the declared options, values from files, a preset and the command line."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from typer.core import TyperCommand

from kbvr.cli.call_options import CallOptions, SharedCallOptions
from kbvr.cli.config_files import Values, values_from_files
from kbvr.cli.given_path import given_paths
from kbvr.cli.known_options import CallGroup, every_option, flag_of, known_options
from kbvr.cli.option_help import Described, full_help, short_help
from kbvr.errors import InputError, OptionsError
from kbvr.options.declare import Declared, OptionError, OptionGroup
from kbvr.options.export_options import GROUPS, ExportOptions
from kbvr.options.outputs import OutputOptions

Group = TypeVar("Group", bound=OptionGroup)
Call = TypeVar("Call", bound=SharedCallOptions)


def export(arguments: Sequence[str], given: Mapping[str, Any]) -> int:
    """Export photos with the options given on the command line; return the exit code."""
    from kbvr.cli.export import ExportRequest, run_export

    photos = given_paths(arguments)
    call, options = read_options(CallOptions, given)
    if options.depth is not None and len(photos) > 1:
        raise InputError(f"--depth requires a single photo, got {len(photos)} photos")
    if options.pair_file is not None and len(photos) > 1:
        raise InputError(f"--pair FILE requires a single photo, got {len(photos)} photos")
    return run_export(ExportRequest(tuple(photos), options, call))


def read_options(group: type[Call], given: Mapping[str, Any]) -> tuple[Call, ExportOptions]:
    """Return the options of a call (`group`) and of its exports.

    The command line takes precedence over a preset, and a preset over files.

    Options of files apply to many calls: those that do not fit this one are dropped.

    Raises:
        InputError: if a value is out of range, or options do not fit together.
    """
    call_names = group.model_fields
    first = _read(group, {name: given[name] for name in call_names if name in given}, {})
    filed, preset = (_of_command(found, call_names) for found in _values_of(first))
    explicit = {**preset.values, **given}
    sources = {name: source for name, source in {**filed.sources, **preset.sources}.items() if name not in given}
    call = _read(group, {k: v for k, v in {**filed.values, **explicit}.items() if k in call_names}, sources)
    explicit = {name: value for name, value in explicit.items() if name not in call_names}
    return call, _with_filed(explicit, {k: v for k, v in filed.values.items() if k not in call_names}, sources)


def _values_of(call: SharedCallOptions) -> tuple[Values, Values]:
    return values_from_files(call.config, call.preset, list(known_options()))


def _of_command(found: Values, call_names: Collection[str]) -> Values:
    """Return values without those of options that only other commands have."""
    names = {*call_names, *ExportOptions.model_fields}
    return Values({name: value for name, value in found.values.items() if name in names}, found.sources)


def _with_filed(explicit: Mapping[str, Any], filed: Mapping[str, Any], sources: Mapping[str, str]) -> ExportOptions:
    """Return the explicit options, and those options of files that fit them and affect the outputs."""
    from kbvr.plan.output_kinds import formats_of

    if {*explicit} & {*OutputOptions.model_fields}:
        filed = {name: value for name, value in filed.items() if name not in OutputOptions.model_fields}
    for name, value in filed.items():
        _check_alone(name, value, sources)
    kept = {name: value for name, value in filed.items() if name not in explicit}
    try:
        options = _read(ExportOptions, {**kept, **explicit}, sources)
    except InputError:
        kept = _that_fit(kept, explicit)
        options = _read(ExportOptions, {**kept, **explicit}, sources)
    unused = {*options.unused(formats_of(options))} & {*kept}
    if not unused:
        return options
    return _read(ExportOptions, {k: v for k, v in {**kept, **explicit}.items() if k not in unused}, sources)


def _check_alone(name: str, value: Any, sources: Mapping[str, str]) -> None:
    """Raise if an option cannot have this value; whether it fits other options is not checked."""
    try:
        _read(ExportOptions, {name: value}, sources)
    except InputError as error:
        if isinstance(error.__context__, OptionError):
            raise


def _that_fit(filed: Mapping[str, Any], explicit: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of files that fit the explicit ones and each other; of two that do not, the first is kept."""
    kept: dict[str, Any] = {}
    for name, value in filed.items():
        try:
            ExportOptions(**{**kept, name: value, **explicit})
        except InputError:
            continue
        kept[name] = value
    return kept


def _read(group: type[Group], values: Mapping[str, Any], sources: Mapping[str, str]) -> Group:
    """Return options; the error of a bad value names its flag, or the file or preset that it comes from."""
    try:
        return group(**values)
    except OptionsError as error:
        message = error.text.naming(lambda name: f"{sources[name]}: {name}" if name in sources else flag_of(name))
        raise InputError(message) from None


def _completions(option: Declared, incomplete: str) -> list[str]:
    """Return the possible values; in a list of names the last one is completed."""
    before, comma, _ = incomplete.rpartition(",") if option.is_list else ("", "", "")
    return [f"{before}{comma}{name}" for name in option.suggestions]


def _parameter(option: Declared) -> inspect.Parameter:
    """Return the parameter that typer turns into a flag; values stay text, because the options parse them."""
    off_flag = option.off_flag or "--" + option.flag.replace("--", "no-", 1)
    flags = [f"{option.flag}/{off_flag}" if option.is_switch else option.flag]
    flags += [option.short] if option.short else []
    kind: Any = bool if option.is_switch else str
    complete = (lambda incomplete: _completions(option, incomplete)) if option.suggestions else None
    flag = typer.Option(*flags, metavar=option.metavar or None, autocompletion=complete)
    return inspect.Parameter(
        option.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind | None, flag]
    )


def with_values(arguments: Sequence[str], options: Iterable[Declared]) -> list[str]:
    """Return the arguments of a command with a value for every flag that can be given alone.

    What follows such a flag is its value if it is `auto`, the name of a known network, an ONNX file, or a word that
    names no file: probably a misspelt network.
    """
    alone = {option.flag: option.alone for option in options if option.alone}
    if not alone.keys() & {*arguments}:
        return [*arguments]
    from kbvr.nets import known_cards

    names = {"auto", *known_cards()}
    completed: list[str] = []
    for argument, following in zip_longest(arguments, arguments[1:]):
        completed.append(argument)
        is_value = following is not None and (
            following in names or following.lower().endswith(".onnx") or _is_a_mere_word(following)
        )
        if argument in alone and not is_value:
            completed.append(alone[argument])
    return completed


def _is_a_mere_word(text: str) -> bool:
    """Return whether an argument is no flag and cannot be a photo: it has no suffix, and there is no such file."""
    return re.fullmatch(r"\w[\w-]*", text) is not None and not Path(text).exists()


class Flags:
    """The function that typer calls; its parameters, and so the command's flags, are the declared options."""

    def __init__(
        self, described: Described, call: CallGroup, run: Callable[[Sequence[str], Mapping[str, Any]], int]
    ) -> None:
        """Declare the parameters; `run` is given the arguments and the options that are given."""
        self.described, self.call, self._run = described, call, run
        self.__name__, self.__doc__ = described.name, described.summary
        arguments = typer.Argument(metavar=described.metavar)
        help_all = typer.Option("--help-all", is_eager=True, callback=self._print_full_help)
        kind = inspect.Parameter.KEYWORD_ONLY
        is_optional = "from_file" in call.model_fields
        parameters = [
            inspect.Parameter(
                "arguments",
                kind,
                annotation=Annotated[list[str] | None if is_optional else list[str], arguments],
                **({"default": None} if is_optional else {}),
            ),
            *(_parameter(option) for option in every_option(call)),
            inspect.Parameter("help_all", kind, default=False, annotation=Annotated[bool, help_all]),
        ]
        self.__signature__ = inspect.Signature(parameters)
        self.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}

    def __call__(self, arguments: list[str] | None = None, *, help_all: bool, **given: Any) -> int:
        """Run the command."""
        del help_all
        return self._run(arguments or (), {name: value for name, value in given.items() if value is not None})

    def command(self) -> type[TyperCommand]:
        """Return the command with its own help."""
        flags = self

        class Command(TyperCommand):
            def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
                """Parse the arguments; flags that need no value get the one that they mean alone."""
                return super().parse_args(ctx, with_values(args, every_option(flags.call)))

            def format_help(self, ctx: Any, formatter: Any) -> None:
                """Write the outputs and the common options, on one screen."""
                del ctx
                others = (one for one in every_option(flags.call) if one.name not in OutputOptions.model_fields)
                formatter.write(short_help(flags.described, OutputOptions.declared(), others) + "\n")

        return Command

    def _print_full_help(self, is_given: bool) -> bool:
        """Print every option and exit if --help-all is given."""
        if is_given:
            groups: tuple[type[OptionGroup], ...] = (OutputOptions, self.call, *GROUPS[1:])
            typer.echo(full_help(self.described, ((group.heading(), group.declared()) for group in groups)))
            raise typer.Exit
        return is_given


EXPORT = Flags(
    Described(
        "export",
        "Usage: kbvr export [OPTIONS] PHOTO...",
        "Make stereo video, loops, pictures and 3D scenes.",
        "PHOTO",
        """\
`kbvr export --help-all` lists every option, `kbvr formats` every file format.
  kbvr export cat.jpg -o out/                stereo video: out/cat_kbvr_LR.mp4
  kbvr export --wiggle cat.jpg -o out/       a loop for a blog
  kbvr export --gltf --html cat.jpg -o out/  a scene, and a page that shows it
  kbvr batch --preset quest holiday/ -o out  a folder of photos, for a headset""",
    ),
    CallOptions,
    export,
)
