"""The commands. Nothing heavy is imported before the command line has been parsed."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Annotated, TypeAlias

import typer

from kbvr.cli.batch_command import BATCH, WATCH
from kbvr.cli.batch_status import status
from kbvr.cli.doctor import doctor
from kbvr.cli.export_command import EXPORT
from kbvr.cli.formats import formats
from kbvr.cli.interruption import INTERRUPTED, is_interruption, signals_interrupt
from kbvr.cli.models import app as models_app
from kbvr.cli.plain_help import HelpfulGroup, PlainCommand
from kbvr.cli.printing import explained, print_message
from kbvr.cli.streams import dependable_streams
from kbvr.cli.studio import studio
from kbvr.cli.view import view
from kbvr.errors import OutOfMemoryError
from kbvr.photo import decoders
from kbvr.system.resources import format_bytes, has_room, processors

BAD_CALL = 2

STATUS = "batch status"
"""A command of two words; the arguments of `kbvr batch` are free otherwise, so ./status is a folder of this name."""

LIBRARY_ADDRESS_BYTES, LIBRARY_THREAD_ADDRESS_BYTES, MAX_LIBRARY_THREADS = 770 * 10**6, 180 * 10**6, 64
"""Address space of the loaded libraries, and of each further thread of OpenBLAS (which is loaded twice)."""

app = typer.Typer(
    name="kbvr",
    cls=HelpfulGroup,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(is_given: bool) -> bool:
    if not is_given:
        return is_given
    from importlib.metadata import version

    typer.echo(f"kbvr {version('kbvr')}")
    raise typer.Exit


Version: TypeAlias = Annotated[
    bool, typer.Option("--version", "-V", help="Print the version.", is_eager=True, callback=_print_version)
]


@app.callback()
def kbvr(version: Version = False) -> None:
    """Turn one photo into stereo video, loops, pictures and 3D scenes.

    Example: kbvr export photo.jpg -o out/

    See kbvr export --help for all outputs.
    """


app.command(cls=EXPORT.command())(EXPORT)
app.command(cls=BATCH.command())(BATCH)
app.command(STATUS, cls=PlainCommand, hidden=True)(status)
app.command(cls=WATCH.command())(WATCH)
app.command(cls=PlainCommand)(studio)
app.command(cls=PlainCommand)(view)
app.command(cls=PlainCommand)(formats)
app.add_typer(models_app, name="models")
app.command(cls=PlainCommand)(doctor)


def _refuse_low_address_limit() -> None:
    """Refuse a limit (`ulimit -v`) that is too low to load the libraries: some of them crash when they reach it."""
    threads = min(processors(), MAX_LIBRARY_THREADS)
    needed = LIBRARY_ADDRESS_BYTES + LIBRARY_THREAD_ADDRESS_BYTES * (threads - 1)
    if not has_room(needed, for_addresses=True):
        raise OutOfMemoryError(
            f"kbvr requires about {format_bytes(needed)} of address space with {threads} processors, which is above "
            "the limit; raise the limit (ulimit -v) or use fewer processors (taskset)"
        )


def main(args: Sequence[str] | None = None) -> int:
    """Run a command line (sys.argv if `args` is None) and return the exit code.

    0: success. 1: a bug, with its traceback. 2: bad options or photos, outputs that could not be made, or results that
    could not be printed; each has a line on stderr. 128 + the signal's number if a signal ended it, so 130 after
    Ctrl-C, except for `kbvr view`, which people end that way: 0. A signal ends the process from here if `args` is
    None, or if compiled code does not return to the main thread.
    """
    given = with_command(sys.argv[1:] if args is None else args)
    with dependable_streams() as lost, _warnings_logged(), signals_interrupt() as interruption:
        try:
            if given[:1] in (["export"], ["batch"], ["watch"]) and not {*given} & {"-h", "--help", "--help-all"}:
                _refuse_low_address_limit()
                decoders.warm_up()
            code: int = app(given, prog_name="kbvr", standalone_mode=False) or 0
        except (KeyboardInterrupt, Exception) as error:  # noqa: BLE001  bugs are raised again
            code = INTERRUPTED if interruption.signals else _code_of(error)
        if code == INTERRUPTED:
            code = interruption.code
            interruption.report(lambda: print_message("interrupted"))
            if args is None:
                os._exit(code)  # Python would wait for threads that are still in compiled code
        return code or (BAD_CALL if lost else code)


def with_command(args: Sequence[str]) -> list[str]:
    """Return the arguments of a command line, with a command of two words as one."""
    return [STATUS, *args[2:]] if list(args[:2]) == STATUS.split() else list(args)


@contextmanager
def _warnings_logged() -> Iterator[None]:
    """Keep libraries' messages for programmers (such as numpy's overflow warnings) off the terminal."""
    silent = logging.NullHandler()  # without any handler, `logging` prints warnings on stderr
    logging.getLogger().addHandler(silent)
    logging.captureWarnings(True)
    try:
        yield
    finally:
        logging.captureWarnings(False)
        logging.getLogger().removeHandler(silent)


def _code_of(error: BaseException) -> int:
    """Print the message of an error and return the exit code; a bug is raised again."""
    if is_interruption(error):
        return INTERRUPTED
    message = f"{_call_message(error)} (see --help)" if isinstance(error, typer.TyperException) else explained(error)
    if message is None:
        raise error
    print_message(message)
    return BAD_CALL


def _call_message(error: typer.TyperException) -> str:
    """Return what is wrong with a command line; for an unknown option, with the closest one that exists."""
    if isinstance(error, typer.BadParameter) and error.param and not error.message:
        return f"no {str(error.param.metavar).lower()} is given"
    if not hasattr(error, "possibilities"):
        return error.format_message()
    name = str(getattr(error, "option_name", ""))
    closest = get_close_matches(name, error.possibilities or (), n=1, cutoff=0)
    return f"there is no option {name}" + (f"; did you mean {closest[0]}?" if closest else "")
