"""The commands and their options. Nothing heavy is loaded before a command has been understood."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Annotated, TypeAlias

import typer

from kbvr.cli.doctor import doctor
from kbvr.cli.export_command import ExportCommand, Flags
from kbvr.cli.formats import formats
from kbvr.cli.interruption import INTERRUPTED, is_interruption, signals_interrupt
from kbvr.cli.models import app as models_app
from kbvr.cli.plain_help import PlainCommand
from kbvr.cli.printing import complain, explained
from kbvr.cli.streams import dependable_streams
from kbvr.cli.view import view
from kbvr.errors import OutOfMemoryError
from kbvr.photo import decoders
from kbvr.system.resources import format_bytes as shown_bytes
from kbvr.system.resources import has_room, processors

BAD_CALL = 2

LIBRARY_ADDRESS_BYTES, LIBRARY_THREAD_ADDRESS_BYTES, MOST_LIBRARY_THREADS = 770 * 10**6, 180 * 10**6, 64
"""Addresses that the libraries take when they are loaded, and for each further thread of OpenBLAS (loaded twice)."""

app = typer.Typer(
    name="kbvr",
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> bool:
    if not wanted:
        return wanted
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

    See kbvr export --help for everything that it makes.
    """


app.command(cls=ExportCommand)(Flags())
app.command(cls=PlainCommand)(view)
app.command(cls=PlainCommand)(formats)
app.add_typer(models_app, name="models")
app.command(cls=PlainCommand)(doctor)


def _refuse_too_few_addresses() -> None:
    """Refuse a limit (`ulimit -v`) under which the libraries cannot be loaded: some of them crash where they notice."""
    threads = min(processors(), MOST_LIBRARY_THREADS)
    needed = LIBRARY_ADDRESS_BYTES + LIBRARY_THREAD_ADDRESS_BYTES * (threads - 1)
    if not has_room(needed, for_addresses=True):
        raise OutOfMemoryError(
            f"kbvr needs about {shown_bytes(needed)} of address space with {threads} processors, more than it may have "
            "here; a higher limit (ulimit -v) or fewer processors (taskset) would help"
        )


def main(args: Sequence[str] | None = None) -> int:
    """Run the command line, sys.argv if none is given, and return the exit code.

    0: all is done. 1: a bug, with its traceback. 2: bad options or photos, or outputs that cannot be made while others
    are, a line each; or results that could not be printed. 128 + the signal's number if a signal ended it: 130 after
    Ctrl-C; but that is how a person ends `kbvr view`: 0. A signal ends the process from here if the command line is
    sys.argv, or if what is at work does not let go of the main thread.
    """
    given = sys.argv[1:] if args is None else args
    with dependable_streams() as lost, _warnings_logged(), signals_interrupt() as interruption:
        try:
            if given[:1] == ["export"] and not {*given} & {"-h", "--help", "--help-all"}:
                _refuse_too_few_addresses()
                decoders.warm_up()
            code: int = app(args if given else ["--help"], prog_name="kbvr", standalone_mode=False) or 0
        except (KeyboardInterrupt, Exception) as error:  # noqa: BLE001  bugs are raised again
            code = INTERRUPTED if interruption.came else _code_of(error)
        if code == INTERRUPTED:
            code = interruption.code
            interruption.tell(lambda: complain("interrupted"))
            if args is None:
                os._exit(code)  # Python would wait for threads that are still in compiled code
        return code or (BAD_CALL if lost else code)


@contextmanager
def _warnings_logged() -> Iterator[None]:
    """Keep the terminal clean of what libraries tell programmers, by warnings (numpy's overflows) and by `logging`."""
    silent = logging.NullHandler()  # where there is no handler at all, warnings go to stderr
    logging.getLogger().addHandler(silent)
    logging.captureWarnings(True)
    try:
        yield
    finally:
        logging.captureWarnings(False)
        logging.getLogger().removeHandler(silent)


def _code_of(error: BaseException) -> int:
    """Return the exit code for what a command raised, a complaint told; a bug is raised again."""
    if is_interruption(error):
        return INTERRUPTED
    if isinstance(error, typer.TyperException):
        return _bad_call(f"{_complaint_of(error)} (see --help)")
    explanation = explained(error)
    if explanation is None:
        raise error
    return _bad_call(explanation)


def _complaint_of(error: typer.TyperException) -> str:
    """Return what is wrong with a call, with the option that was probably meant."""
    alike = getattr(error, "possibilities", None)
    if not alike:
        return error.format_message()
    name = str(getattr(error, "option_name", ""))
    meant = get_close_matches(name, alike, n=1, cutoff=0) or alike
    return f"there is no option {name}; did you mean {meant[0]}?"


def _bad_call(complaint: str) -> int:
    complain(complaint)
    return BAD_CALL
