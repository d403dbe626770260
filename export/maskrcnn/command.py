"""`python -m export maskrcnn`."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_maskrcnn(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser("maskrcnn", help="write Mask R-CNN with torchvision's weights (BSD-3-Clause)")
    parser.add_argument("--weights", type=Path, required=True, help="maskrcnn_resnet50_fpn_coco-*.pth")
    parser.add_argument("-o", "--out", type=Path, required=True, help="folder to write into")
    parser.set_defaults(run_command=_run)


def _run(options: argparse.Namespace) -> None:
    from export.maskrcnn.files import load_maskrcnn, write_maskrcnn

    card = write_maskrcnn(load_maskrcnn(options.weights), options.out)
    print(f"wrote {card.path}, sha256 {card.sha256}")
