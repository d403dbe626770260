"""What the commands for networks that kbvr trains have in common."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

FOR_EVER = 1_000_000

AddData = Callable[[argparse.ArgumentParser], None]
"""Adds the options for what a network learns from."""


def add_train(
    commands: Any, network: str, add_data: AddData, run: Callable[[argparse.Namespace], None], *, start_help: str
) -> None:
    """Add the command that trains a network of kbvr: depth or color."""
    train = commands.add_parser(f"train-{network}", help=f"train kbvr-{network} at a steady rate; resumes")
    _add_run(train)
    add_data(train)
    train.add_argument("--encoder", type=Path, help="EfficientNet-Lite0's weights (default: the installed package's)")
    train.add_argument("--start-from", type=Path, help=start_help)
    train.add_argument("--steps", type=int, default=FOR_EVER, help="total number of steps")
    train.set_defaults(run_command=run)


def add_finish(commands: Any, network: str, add_data: AddData, run: Callable[[argparse.Namespace], None]) -> None:
    """Add the command that finishes a run."""
    text = "finish a run with the rate falling to zero, in another folder"
    finish = commands.add_parser(f"finish-{network}", help=text)
    _add_run(finish)
    add_data(finish)
    finish.add_argument("--origin", type=Path, required=True, help="folder of the run to finish; it can also continue")
    finish.add_argument("--steps", type=int, default=3000, help="number of steps that this takes (default: 3000)")
    finish.set_defaults(run_command=run)


def add_figure(parser: argparse.ArgumentParser) -> None:
    """Add the option for measured figures of a network's card."""
    parser.add_argument(
        "--figure",
        type=_figure,
        action="append",
        default=[],
        metavar="NAME=NUMBER",
        help="a measured figure for the card; can be repeated",
    )


def _add_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--run", type=Path, required=True, help="folder for checkpoints, log and weights")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop after this many minutes")
    parser.add_argument("--seed", type=int, default=0)


def _figure(text: str) -> tuple[str, float]:
    name, _, number = text.partition("=")
    return name, float(number)
