"""The cards of the paper's four ONNX files."""

from __future__ import annotations

from kbvr.nets import Card, Tensor

LICENCE = "CC BY-NC-SA 4.0"

SIDES: tuple[int | str, ...] = ("height", "width")
BGR = Tensor("bgr01", "float32", (1, 3, *SIDES), "sRGB in the order blue, green, red; 0 to 1")
DISPARITY = Tensor("disparity", "float32", (1, 1, *SIDES), ">= 0, larger is nearer")
FEATURES = Tensor(
    "features",
    "float32",
    (1, 68, *SIDES),
    "standardised bgr (3), standardised disparity (1), context (64)",
)
MEAN = Tensor("mean", "float32", (1, 2, 1, 1), "of all numbers of the picture, and of the disparity")
DEVIATION = Tensor("deviation", "float32", (1, 2, 1, 1), "standard deviation + 1e-7 of the same")


def _card(name: str, task: str, inputs: tuple[Tensor, ...], outputs: tuple[Tensor, ...], sizes: str) -> Card:
    return Card(
        name=name,
        file=f"{name}.onnx",
        sha256="",
        licence=LICENCE,
        source=(
            "architecture and weights: Niklaus, Mai, Yang, Liu, 3D Ken Burns Effect from a Single Image, 2019"
            " (arXiv 1909.05483); not for commercial use"
        ),
        task=task,
        inputs=inputs,
        outputs=outputs,
        normalisation="divide by 255, reverse the channels; the rest is done inside",
        sizes=sizes,
        trained_on="see the paper; by its authors",
        figures={},
        non_commercial=True,
        limits="of a person's own checkpoint; scale and shift of the disparity are free",
    )


DISPARITY_CARD = _card(
    "kenburns-disparity",
    "relative disparity of half the size from one photo",
    (BGR,),
    (Tensor("disparity", "float32", (1, 1, "half_height", "half_width"), ">= 0, larger is nearer; halves rounded up"),),
    "any; made for a long side of 512",
)
REFINEMENT_CARD = _card(
    "kenburns-refinement",
    "disparity of the picture's size from one of a quarter",
    (BGR, Tensor("disparity", "float32", (1, 1, "quarter_height", "quarter_width"), "a quarter of the sides, rounded")),
    (Tensor("refined_disparity", "float32", (1, 1, *SIDES), ">= 0, in the scale of the input"),),
    "any; made for a long side of 1024",
)
CONTEXT_CARD = _card(
    "kenburns-context",
    "what is rendered at the end pose, for kenburns-inpainting",
    (BGR, DISPARITY),
    (FEATURES, MEAN, DEVIATION),
    "any; made for a long side of 1024",
)
INPAINTING_CARD = _card(
    "kenburns-inpainting",
    "colour and disparity of what a rendering does not show",
    (FEATURES, Tensor("covered", "float32", (1, 1, *SIDES), "1 where features are, 0 where not"), MEAN, DEVIATION),
    (
        Tensor("filled_bgr01", "float32", (1, 3, *SIDES), "as bgr01"),
        Tensor("filled_disparity", "float32", (1, 1, *SIDES), ">= 0, in the scale of the mean and deviation"),
    ),
    "any; made for a long side of 1024",
)
