"""The commands for kbvr-depth."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from export.training_command import add_figure, add_finish, add_train

if TYPE_CHECKING:
    from export.steady_training import Plan


def add_depth(commands: Any) -> None:
    """Add the commands to a parser."""
    add_train(
        commands,
        "depth",
        _add_data,
        _train,
        start_help="averaged.pt with the initial weights of a new run, for a student",
    )
    add_finish(commands, "depth", _add_data, _finish)

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
    parser.add_argument(
        "--licences",
        choices=("all", "permissive"),
        default="permissive",
        help="permissive excludes depth by networks whose weights are non-commercial or of unknown licence",
    )


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
