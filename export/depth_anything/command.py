"""`python -m export depth-anything-v2-small`."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_depth_anything(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser("depth-anything-v2-small", help="write Depth Anything V2 Small (Apache-2.0)")
    parser.add_argument("--weights", type=Path, required=True, help="depth_anything_v2_vits.pth")
    parser.add_argument("-o", "--out", type=Path, required=True, help="folder to write into")
    parser.set_defaults(run_command=_run)


def _run(options: argparse.Namespace) -> None:
    from export.depth_anything.files import load_depth_anything, write_depth_anything

    card = write_depth_anything(load_depth_anything(options.weights), options.out)
    print(f"wrote {card.path}, sha256 {card.sha256}")
