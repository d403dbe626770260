"""The commands for kbvr-depth 2."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

FOR_EVER = 1_000_000


def add_depth2(commands: Any) -> None:
    """Add the commands to a parser's."""
    train = commands.add_parser("train-depth2", help="train kbvr-depth 2 at a steady rate; goes on where it was")
    train.add_argument("--depth", type=Path, required=True, help="folder of photos with good depth and INDEX.csv")
    train.add_argument("--photos", type=Path, help="folder of .jpg files that `label` labelled")
    train.add_argument("--labels", type=Path, help="folder that `label` wrote")
    train.add_argument("--teachers", type=Path, help="folder of the teachers' files, to label mixtures of photos too")
    train.add_argument("--encoder", type=Path, help="EfficientNet-Lite0's weights (default: the installed package's)")
    train.add_argument("--run", type=Path, required=True, help="folder for checkpoints, log and weights")
    train.add_argument("--steps", type=int, default=FOR_EVER, help="stop after so many steps in all")
    train.add_argument("--minutes", type=float, default=float("inf"), help="stop after so many minutes from now")
    train.add_argument(
        "--licences",
        choices=("all", "permissive"),
        default="all",
        help="permissive leaves out good depth under a licence that is non-commercial or unclear",
    )
    train.add_argument("--seed", type=int, default=0)
    train.set_defaults(run_command=_train)


def _train(options: argparse.Namespace) -> None:
    from export.steady_training import Plan
    from export.train_depth2 import train

    weights = train(
        options.run,
        Plan(options.steps, minutes=options.minutes),
        depth=options.depth,
        photos=options.photos,
        labels=options.labels,
        teachers=options.teachers,
        encoder=options.encoder,
        permissive=options.licences == "permissive",
        seed=options.seed,
    )
    print(f"averaged weights: {weights}")
