"""Command help: without Python's type names, and printed if no command is named."""

from __future__ import annotations

import re
from typing import Any

from typer.core import TyperCommand, TyperGroup

PYTHON_TYPE = re.compile(r" <(?:list\[)?[A-Za-z]+\]?>(?=\s|$)")


class PlainCommand(TyperCommand):
    """A command whose help leaves out the types of arguments and options."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help."""
        super().format_help(ctx, formatter)
        formatter.buffer = [PYTHON_TYPE.sub(lambda found: " " * len(found[0]), part) for part in formatter.buffer]


class HelpfulGroup(TyperGroup):
    """Commands whose help is printed if none of them is named."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the command line."""
        return super().parse_args(ctx, args or ["--help"])
