"""Train kbvr-depth on photos with good depth, on photos labelled by a teacher, and on drawn scenes.

python -m export train-depth --depth DIR --photos DIR --labels DIR --teachers DIR --run DIR
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from export.depth_batches import Source
from export.depth_export import write_sources
from export.depth_figures import figures_of
from export.depth_loss import depth_loss, doubt_loss, sky_loss
from export.efficientnet import load_encoder, packaged_weights
from export.kbvr_depth import KbvrDepth
from export.mixtures import Mixtures
from export.onnx_export import load_net
from export.samples import Sample, load_samples
from export.steady_training import Plan, train_steadily
from export.strong_labels import load_strong
from export.training import Batch

ENCODER_RATE = 2e-4
DECODER_RATE = 1e-3


def losses_of(net: nn.Module, batch: Batch) -> dict[str, Tensor]:
    """Return the losses of depth, sky and expected error."""
    rgb, truth, sky, pasted, weight, by_rank, sharp = batch
    with torch.autocast(rgb.device.type, torch.bfloat16):
        depth, sky_logit, doubt = net(rgb.contiguous(memory_format=torch.channels_last))
    loss, error = depth_loss(depth.float(), truth, pasted, weight, by_rank, sharp)
    return {"depth": loss, "sky": sky_loss(sky_logit.float(), sky), "doubt": doubt_loss(doubt.float(), error)}


def train(
    run: Path,
    plan: Plan,
    *,
    depth: Path,
    photos: Path | None = None,
    labels: Path | None = None,
    teachers: Path | None = None,
    self_labels: Path | None = None,
    encoder: Path | None = None,
    start_from: Path | None = None,
    permissive: bool = False,
    seed: int = 0,
) -> Path:
    """Train or resume as planned; return the path of the averaged weights.

    Photos that `label` has not labelled yet are skipped until training starts again. With self-labels, photos are
    learnt from those, but measured by the teacher's. The encoder starts from the installed package's weights or a
    similar file; or the whole network starts from averaged weights.
    """
    torch.manual_seed(seed)
    strong, strong_held_out = load_strong(depth, permissive=permissive)
    weak, weak_held_out = _photos(photos, labels, self_labels)
    net = KbvrDepth()
    if not (run / "checkpoint.pt").exists():
        if start_from is None:
            net.encoder.load_state_dict(load_encoder(encoder or packaged_weights()))
        else:
            load_net(net, [start_from])
    write_sources(run, strong, weak, photos)
    source = Source(strong, weak, None if teachers is None else Mixtures(teachers), seed, self_labels is not None)
    return train_steadily(
        net,
        run,
        plan,
        rate_of=lambda part: ENCODER_RATE if part == "encoder" else DECODER_RATE,
        batch_of=source.batch,
        losses_of=losses_of,
        figures_of=lambda averaged: figures_of(averaged, strong_held_out, weak_held_out),
    )


def _photos(photos: Path | None, labels: Path | None, self_labels: Path | None) -> tuple[list[Sample], list[Sample]]:
    """Return (training, held-out) photos; the held-out ones always have the teacher's labels."""
    if photos is None or labels is None:
        return [], []
    kept, held_out = load_samples(photos, labels)
    return (kept if self_labels is None else load_samples(photos, self_labels)[0]), held_out
