"""`python -m export kenburns`: the paper's networks, from a user's own copies of the checkpoints."""

from __future__ import annotations

import argparse
from pathlib import Path

from kbvr.errors import InputError

LICENCE_LINE = (
    "the checkpoints are under CC BY-NC-SA 4.0 (https://creativecommons.org/licenses/by-nc-sa/4.0/): not for commercial"
    " use, and so are their ONNX files; say --accept-license if you agree"
)


def add_kenburns(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser("kenburns", help="write the four networks of the 3D Ken Burns paper")
    parser.add_argument(
        "--weights",
        type=Path,
        required=True,
        help="folder with network-disparity.pytorch, network-refinement.pytorch, network-inpainting.pytorch"
        " and torchvision's vgg19_bn-*.pth",
    )
    parser.add_argument("-o", "--out", type=Path, required=True, help="folder to write into")
    parser.add_argument("--accept-license", action="store_true", help="accept CC BY-NC-SA 4.0 (not for commercial use)")
    parser.set_defaults(run_command=_run)


def _run(options: argparse.Namespace) -> None:
    if not options.accept_license:
        raise InputError(LICENCE_LINE)
    from export.kenburns.files import load_kenburns, write_kenburns

    for card in write_kenburns(load_kenburns(options.weights), options.out):
        print(f"wrote {card.path}, sha256 {card.sha256}")
