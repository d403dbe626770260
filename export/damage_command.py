"""The commands for kbvr-damage."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from export.training_command import add_figure


def add_damage(commands: Any) -> None:
    """Add the commands to a parser."""
    train = commands.add_parser("train-damage", help="train kbvr-damage on drawn damage; resumes")
    train.add_argument("--photos", type=Path, required=True, help="folder of .jpg files")
    train.add_argument("--run", type=Path, required=True, help="folder for checkpoints, log and weights")
    train.add_argument("--steps", type=int, default=4000, help="total number of steps (default: 4000)")
    train.add_argument("--threads", type=int, default=1, help="on a busy machine, more are slower (default: 1)")
    train.add_argument("--seed", type=int, default=0)
    train.set_defaults(run_command=_train)

    write = commands.add_parser("kbvr-damage", help="write kbvr-damage.onnx and its card, compared with torch")
    write.add_argument("--run", type=Path, required=True, help="folder of a run")
    write.add_argument("--out", type=Path, required=True, help="folder to write into")
    add_figure(write)
    write.set_defaults(run_command=_write)


def _train(options: argparse.Namespace) -> None:
    import cv2
    import torch

    from export.train_damage import plan_of, train

    torch.set_num_threads(options.threads)
    cv2.setNumThreads(options.threads)
    weights = train(options.run, plan_of(options.steps), options.photos, seed=options.seed)
    print(f"averaged weights: {weights}")


def _write(options: argparse.Namespace) -> None:
    from export.kbvr_damage import KbvrDamage, export_damage
    from export.onnx_export import load_net

    card = export_damage(load_net(KbvrDamage(), [options.run / "averaged.pt"]), options.out, dict(options.figure))
    print(f"wrote {options.out / card.file}, sha256 {card.sha256}")
