"""What the docs, the help and messages name is there: programs, options, files, links."""

from __future__ import annotations

import ast
import re
import shlex
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import typer
from doc_pages import NAME, OPTION, PAGES, RECORDS, ROOT, DocPage

from kbvr.cli.main import app, with_command
from kbvr.options.export_options import declared


def options_of(command: Any) -> set[str]:
    """Return the options of a command of the command line and of those inside it."""
    own = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    return own.union(*(options_of(inner) for inner in getattr(command, "commands", {}).values()))


COMMAND_LINE = typer.main.get_command(app)
OPTIONS = {option for option in options_of(COMMAND_LINE) if option.startswith("--")} | {"--help"}
PIPS = {"--force-reinstall", "--no-deps"}
SLURMS = {"--gres"}
DASKS = {
    role: {
        option
        for parameter in import_module(f"distributed.cli.dask_{role}").main.params
        for option in (*parameter.opts, *parameter.secondary_opts)
    }
    for role in ("scheduler", "worker")
}
PLANS = {*OPTION.findall((ROOT / "docs/scale.py").read_text("utf-8"))}
OTHERS = PIPS | SLURMS | DASKS["worker"]
"""Options of the programs that kbvr starts, or names."""


def parse(arguments: list[str]) -> None:
    """Let the command line read arguments, and do nothing.

    Raises:
        TyperException: if it does not take them.
    """
    command: Any = COMMAND_LINE
    context = None
    while True:
        with suppress(typer.Exit):  # --help
            context = command.make_context(command.name, [*arguments], parent=context)
        if context is None or not hasattr(command, "commands"):
            return
        _, command, arguments = command.resolve_command(context, arguments)


def check_command(command: str) -> None:
    """Check that what a command names is there, and that its program takes its options."""
    program, *arguments = shlex.split(command)
    if program == "kbvr":
        parse(with_command(arguments))
    elif program == "make":
        (target,) = [argument for argument in arguments if "=" not in argument]
        assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    elif program == "python" and arguments[0] == "-m":
        named = ROOT / arguments[1].replace(".", "/")
        files = [*named.rglob("*.py")] or [named.with_suffix(".py")]
        source = "".join(file.read_text("utf-8") for file in files)
        assert all(f'"{option}"' in source for option in OPTION.findall(command) if option != "--help")
    elif program == "python":
        assert (ROOT / arguments[0]).is_file()
        assert arguments[0] != "docs/scale.py" or {*OPTION.findall(command)} <= PLANS | {"--help"}
    elif program == "dask":
        assert {*OPTION.findall(command)} <= DASKS[arguments[0]]
    elif program == "pip":
        extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
        assert {*re.findall(r"\[(\w+)\]", command)} <= {*extras}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_that_are_not_run_can_be(page):
    """They are read by the program that they name, placeholders and all."""
    for code in page.commands:
        if not re.fullmatch(NAME, code.command):
            check_command(re.sub(r"^\w+=\S+ ", "", code.command))


@pytest.mark.parametrize("page", [*PAGES, *RECORDS], ids=lambda page: page.name)
def test_options_in_the_docs_exist(page):
    others = {code.text for code in page.commands if code.kind == "span" and not code.text.startswith("kbvr")}
    prose = " ".join(page.prose.split())
    for command in others:
        prose = prose.replace(f"`{command}`", "")
    assert {*OPTION.findall(prose)} <= OPTIONS | (PLANS | OTHERS if page.name == "docs/scale.md" else set())


def texts_of(path: Path) -> Iterator[str]:
    """Yield the texts in a file of Python: messages, help, docstrings."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


@pytest.mark.parametrize("path", sorted((ROOT / "kbvr").rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_options_in_messages_and_help_exist(path):
    """Whoever is told to choose another --max-size can."""
    known = OPTIONS | OTHERS
    assert {option for text in texts_of(path) for option in OPTION.findall(text)} <= known


@pytest.mark.parametrize("path", sorted((ROOT / "kbvr" / "cli").glob("*.py")), ids=lambda path: path.name)
def test_examples_in_the_help_can_be_run(path):
    for text in texts_of(path):
        for command in re.findall(r"\[bold\](.*?)\[/bold\]", text):
            check_command(command)


def test_options_that_are_said_to_change_a_file_exist():
    """`kbvr formats` and a warning make options' names of the choices'."""
    named = {f"--{one.name.replace('_', '-')}" for one in declared() if one.used_by}
    assert named <= {one.flag for one in declared()}


@pytest.mark.parametrize("page", [*PAGES, *RECORDS], ids=lambda page: page.name)
def test_links_and_pictures_lead_somewhere(page):
    for link in page.links:
        target, _, anchor = link.partition("#")
        if not target.startswith("https://"):
            path = (page.path.parent / target) if target else page.path
            assert path.exists(), f"{page.name} links to {link}"
            assert not anchor or anchor in DocPage(path).anchors, f"{page.name} links to {link}"
