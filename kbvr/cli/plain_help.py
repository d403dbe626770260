"""Command help without Python's type names."""

from __future__ import annotations

import re
from typing import Any

from typer.core import TyperCommand

PYTHON_TYPE = re.compile(r" <(?:list\[)?[A-Za-z]+\]?>(?=\s|$)")


class PlainCommand(TyperCommand):
    """A command whose help leaves out the types of arguments and options."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help."""
        super().format_help(ctx, formatter)
        formatter.buffer = [PYTHON_TYPE.sub(lambda found: " " * len(found[0]), part) for part in formatter.buffer]
