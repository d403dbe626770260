"""`python -m export damage`."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_damage(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser("damage", help="train the classifier of --repair, on drawn damage")
    parser.add_argument("--photos", type=Path, required=True, help="folder of .jpg files")
    parser.add_argument("--every", type=int, default=40, help="use every so many photos, from the second on")
    parser.add_argument("-o", "--out", type=Path, required=True, help="the .npz file to write")
    parser.set_defaults(run_command=_run)


def _run(options: argparse.Namespace) -> None:
    from export.train_damage import train_damage

    train_damage(options.photos, options.out, every=options.every)
    print(f"wrote {options.out}")
