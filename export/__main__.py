"""Label photos, train our networks, and write them as ONNX: `python -m export --help`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from export.color_command import add_color
from export.damage_command import add_damage
from export.deoldify.command import add_deoldify
from export.depth_anything.command import add_depth_anything
from export.depth_command import add_depth
from export.kenburns.command import add_kenburns
from export.maskrcnn.command import add_maskrcnn
from export.training_command import add_figure
from kbvr.errors import KbvrError

NETS = Path(__file__).parents[1] / "kbvr" / "nets" / "builtin"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command; an input error gives one line and exit code 2."""
    options = _parser().parse_args(arguments)
    try:
        options.run_command(options)
    except KbvrError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m export", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    label = commands.add_parser("label", help="label photos with the teacher networks; resumes")
    label.add_argument("--photos", type=Path, required=True, help="folder of .jpg files")
    label.add_argument("--teachers", type=Path, required=True, help="folder of the teachers' files")
    label.add_argument("--labels", type=Path, required=True, help="folder to write one .npz per photo into")
    label.add_argument("--part", type=int, default=0, help="number of this process's part, from 0")
    label.add_argument("--parts", type=int, default=1, help="number of processes that share the work")
    label.set_defaults(run_command=_label)

    add_depth(commands)

    fill = commands.add_parser("train-fill", help="train kbvr-fill; resumes")
    fill.add_argument("--photos", type=Path, required=True, help="folder of .jpg files")
    fill.add_argument("--labels", type=Path, required=True, help="folder that `label` wrote")
    fill.add_argument("--run", type=Path, required=True, help="folder for checkpoint, log and weights")
    fill.add_argument("--minutes", type=float, required=True, help="total length of the training")
    fill.add_argument("--seed", type=int, default=0)
    fill.add_argument("--start-from", type=Path, help="kbvr-fill.onnx with the initial weights of a new run")
    fill.set_defaults(run_command=_train_fill)

    write = commands.add_parser("kbvr-fill", help="write kbvr-fill.onnx and its card, compared with torch")
    write.add_argument(
        "--weights",
        type=Path,
        required=True,
        action="append",
        help="weights.pt of a training; if repeated, the mean is written",
    )
    write.add_argument("--out", type=Path, default=NETS, help="folder to write into (default: kbvr/nets/builtin)")
    add_figure(write)
    write.set_defaults(run_command=_write)

    for add_command in (add_color, add_kenburns, add_maskrcnn, add_depth_anything, add_deoldify, add_damage):
        add_command(commands)
    return parser


def _label(options: argparse.Namespace) -> None:
    from export.teachers import label_photos

    written = label_photos(options.photos, options.teachers, options.labels, part=options.part, parts=options.parts)
    print(f"labelled {written} photos")


def _train_fill(options: argparse.Namespace) -> None:
    from export.train_fill import train

    weights = train(
        options.photos,
        options.labels,
        options.run,
        minutes=options.minutes,
        seed=options.seed,
        start_from=options.start_from,
    )
    print(f"weights: {weights}")


def _write(options: argparse.Namespace) -> None:
    from export.kbvr_fill import KbvrFill
    from export.onnx_export import export_fill, load_net

    card = export_fill(load_net(KbvrFill(), options.weights), options.out, dict(options.figure))
    print(f"wrote {options.out / card.file}, sha256 {card.sha256}")


if __name__ == "__main__":
    main()
