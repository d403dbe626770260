"""The commands for kbvr-color."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from export.training_command import add_figure, add_finish, add_train

if TYPE_CHECKING:
    from export.steady_training import Plan


def add_color(commands: Any) -> None:
    """Add the commands to a parser."""
    add_train(
        commands,
        "color",
        _add_data,
        _train,
        start_help="weights that a new run starts from: averaged.pt, or what `halve-color` wrote, which keeps its step",
    )
    add_finish(commands, "color", _add_data, _finish)

    write = commands.add_parser("kbvr-color", help="write kbvr-color.onnx and its card, compared with torch")
    write.add_argument("--run", type=Path, required=True, help="folder of a run")
    write.add_argument("--out", type=Path, required=True, help="folder to write into")
    write.add_argument("--temperature", type=float, help="1: the mean of the colours, 0.1: the most probable colour")
    add_figure(write)
    write.set_defaults(run_command=_write)

    halve = commands.add_parser("halve-color", help="write a run's averaged weights in 16 bits, with its step")
    halve.add_argument("--run", type=Path, required=True, help="folder of a run")
    halve.add_argument("--out", type=Path, required=True, help="file to write")
    halve.set_defaults(run_command=_halve)


def _add_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--photos", type=Path, required=True, help="folder of .jpg files")
    parser.add_argument("--frames", type=Path, help="more .jpg files that resemble each other; used less often")
    parser.add_argument("--cache", type=Path, help="folder for the decoded photos (default: in the run's folder)")
    parser.add_argument("--checkpoint-minutes", type=float, default=10, help="time between checkpoints (default: 10)")
    parser.add_argument("--threads", type=int, default=1, help="on a busy machine, more are slower (default: 1)")


def _train(options: argparse.Namespace) -> None:
    from export.steady_training import Plan

    _train_as(options, Plan(options.steps), encoder=options.encoder, start_from=options.start_from)


def _finish(options: argparse.Namespace) -> None:
    from export.steady_training import branch

    _train_as(options, branch(options.origin, options.run, options.steps))


def _train_as(options: argparse.Namespace, plan: Plan, **starts: Path | None) -> None:
    import cv2
    import torch

    from export.train_color import train

    torch.set_num_threads(options.threads)
    cv2.setNumThreads(options.threads)
    weights = train(
        options.run,
        replace(plan, minutes=options.minutes, checkpoint_s=options.checkpoint_minutes * 60, figures_every=1),
        photos=options.photos,
        frames=options.frames,
        cache=options.cache,
        **starts,
        seed=options.seed,
    )
    print(f"averaged weights: {weights}")


def _write(options: argparse.Namespace) -> None:
    from export.color_export import export_color, trained_on
    from export.colour_bins import TEMPERATURE
    from export.kbvr_color import KbvrColor
    from export.onnx_export import load_net

    net = load_net(KbvrColor(), [options.run / "averaged.pt"])
    temperature = TEMPERATURE if options.temperature is None else options.temperature
    card = export_color(net, options.out, dict(options.figure), trained_on(options.run), temperature)
    print(f"wrote {options.out / card.file}, sha256 {card.sha256}")


def _halve(options: argparse.Namespace) -> None:
    from export.color_checkpoint import write_halves

    step = write_halves(options.run, options.out)
    print(f"wrote {options.out}, {options.out.stat().st_size} bytes, at step {step}")
