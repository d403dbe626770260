"""The commands for kbvr-depth."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from export.steady_training import Plan

FOR_EVER = 1_000_000


def add_depth(commands: Any) -> None:
    """Add the commands to a parser."""
    train = commands.add_parser("train-depth", help="train kbvr-depth at a steady rate; resumes")
    _add_data(train)
    train.add_argument("--encoder", type=Path, help="EfficientNet-Lite0's weights (default: the installed package's)")
    train.add_argument(
        "--start-from", type=Path, help="averaged.pt with the initial weights of a new run, for a student"
    )
    train.add_argument("--steps", type=int, default=FOR_EVER, help="total number of steps")
    train.set_defaults(run_command=_train)

    finish = commands.add_parser("finish-depth", help="finish a run with the rate falling to zero, in another folder")
    _add_data(finish)
    finish.add_argument("--origin", type=Path, required=True, help="folder of the run to finish; it can also continue")
    finish.add_argument("--steps", type=int, default=3000, help="number of steps that this takes (default: 3000)")
    finish.set_defaults(run_command=_finish)

    label = commands.add_parser("label-own", help="label photos with kbvr-depth itself; resumes")
    label.add_argument("--weights", type=Path, required=True, help="averaged.pt of a run")
    label.add_argument("--photos", type=Path, required=True, help="folder of .jpg files")
    label.add_argument("--labels", type=Path, required=True, help="folder to write one .npz per photo into")
    label.add_argument("--earlier", type=Path, help="folder that `label` wrote, to reuse its skies and subjects")
    label.set_defaults(run_command=_label)

    write = commands.add_parser("kbvr-depth", help="write kbvr-depth.onnx and its card, compared with torch")
    write.add_argument(
        "--run",
        type=Path,
        required=True,
        action="append",
        help="folder of a run; if repeated, the mean of their weights is written, with the sources of the last",
    )
    write.add_argument("--out", type=Path, required=True, help="folder to write into")
    add_figure(write)
    write.set_defaults(run_command=_write)

    halve = commands.add_parser("halve-weights", help="write 16-bit weights")
    halve.add_argument(
        "--weights",
        type=Path,
        required=True,
        action="append",
        help="averaged.pt of a run; if repeated, the mean is written",
    )
    halve.add_argument("--out", type=Path, required=True, help="file to write")
    halve.set_defaults(run_command=_halve)


def _add_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--depth", type=Path, required=True, help="folder of photos with good depth and INDEX.csv")
    parser.add_argument("--photos", type=Path, help="folder of .jpg files that `label` labelled")
    parser.add_argument("--labels", type=Path, help="folder that `label` wrote")
    parser.add_argument("--self-labels", type=Path, help="folder that `label-own` wrote, to use for the photos instead")
    parser.add_argument("--teachers", type=Path, help="folder of the teachers' files, to also label mixtures of photos")
    parser.add_argument("--run", type=Path, required=True, help="folder for checkpoints, log and weights")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop after this many minutes")
    parser.add_argument(
        "--licences",
        choices=("all", "permissive"),
        default="permissive",
        help="permissive excludes depth by networks whose weights are non-commercial or of unknown licence",
    )
    parser.add_argument("--seed", type=int, default=0)


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


def _figure(text: str) -> tuple[str, float]:
    name, _, number = text.partition("=")
    return name, float(number)


def _train(options: argparse.Namespace) -> None:
    from export.steady_training import Plan

    _train_as(
        options, Plan(options.steps, minutes=options.minutes), encoder=options.encoder, start_from=options.start_from
    )


def _finish(options: argparse.Namespace) -> None:
    from export.steady_training import branch

    plan = branch(options.origin, options.run, options.steps)
    _train_as(options, replace(plan, minutes=options.minutes))


def _train_as(options: argparse.Namespace, plan: Plan, **starts: Path | None) -> None:
    from export.train_depth import train

    weights = train(
        options.run,
        plan,
        depth=options.depth,
        photos=options.photos,
        labels=options.labels,
        teachers=options.teachers,
        self_labels=options.self_labels,
        **starts,
        permissive=options.licences == "permissive",
        seed=options.seed,
    )
    print(f"averaged weights: {weights}")


def _label(options: argparse.Namespace) -> None:
    from export.kbvr_depth import KbvrDepth
    from export.onnx_export import load_net
    from export.self_labels import label_with_itself

    net = load_net(KbvrDepth(), [options.weights])
    written = label_with_itself(net, options.photos, options.labels, options.earlier)
    print(f"labelled {written} photos")


def _write(options: argparse.Namespace) -> None:
    from export.depth_export import SOURCES, export_depth
    from export.kbvr_depth import KbvrDepth
    from export.onnx_export import load_net

    net = load_net(KbvrDepth(), [run / "averaged.pt" for run in options.run])
    sources = json.loads((options.run[-1] / SOURCES).read_text("utf-8"))
    card = export_depth(net, options.out, dict(options.figure), sources)
    print(f"wrote {options.out / card.file}, sha256 {card.sha256}")


def _halve(options: argparse.Namespace) -> None:
    from export.depth_export import write_half_weights
    from export.kbvr_depth import KbvrDepth
    from export.onnx_export import load_net

    write_half_weights(load_net(KbvrDepth(), options.weights), options.out)
    print(f"wrote {options.out}, {options.out.stat().st_size} bytes")
