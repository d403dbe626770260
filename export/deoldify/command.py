"""`python -m export deoldify`."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_deoldify(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser("deoldify", help="write DeOldify's artistic network (MIT)")
    parser.add_argument("--weights", type=Path, required=True, help="ColorizeArtistic_gen.pth")
    parser.add_argument("-o", "--out", type=Path, required=True, help="folder to write into")
    parser.set_defaults(run_command=_run)


def _run(options: argparse.Namespace) -> None:
    from export.deoldify.files import load_deoldify, write_deoldify

    card = write_deoldify(load_deoldify(options.weights), options.out)
    print(f"wrote {card.path}, sha256 {card.sha256}")
