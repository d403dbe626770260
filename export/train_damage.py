"""Train the classifier that tells scratches, dust and folds of prints from wires, stars and window bars.

Photos with damage that is drawn over them (`bench.damage`), and the same photos without, give candidates
(`kbvr.repair.candidates`) with labels. A network of 16 neurons judges each of them by its looks; what else is surely
damage in the same print then counts as evidence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool, Float64

from bench.damage import as_print, damaged
from export.teachers import load_rgb
from kbvr.imaging.array_types import Mask, Picture
from kbvr.repair.candidates import Candidates, dark_candidates, light_candidates
from kbvr.repair.damage import SURE, evidence_of, looks

NEURONS = 16
STEPS = 500
MAX_WEIGHT = 30.0
"""Of a candidate, relative to those of one pixel; it grows with the square root of the area."""

TOUCHED = {"light": 0.0012, "dark": 0.0006}
"""Share of intact photos that may be taken for damage, before the masks are grown by a pixel."""

POLARITIES: dict[str, Callable[[Picture], Candidates]] = {"light": light_candidates, "dark": dark_candidates}


@dataclass(frozen=True, eq=False)
class Labelled:
    """The candidates of many pictures."""

    features: Float64[np.ndarray, "N F"]
    picture: Float64[np.ndarray, "N"]
    """Number of the picture of each of them."""

    area: Float64[np.ndarray, "N"]
    """As a share of its picture."""

    is_damage: Bool[np.ndarray, "N"]
    is_intact: Bool[np.ndarray, "N"]
    """Whether its picture has no damage at all."""

    pictures: int
    """Number of intact pictures."""


def pictures_of(photos: Sequence[Path], *, every: int) -> Iterator[tuple[Picture, Mask]]:
    """Yield every so many photos as they are, as prints, and damaged, each with its damage.

    `bench.repair` measures on every 20th, from the first on; these are from the second on.
    """
    for index, path in islice(enumerate(photos), 1, None, every):
        rng = np.random.default_rng(index)
        rgb = load_rgb(path)
        done = damaged(as_print(rgb, rng), rng)
        for each in (rgb, done.intact):
            yield each, np.zeros(each.shape[:2], bool)
        yield done.rgb, done.mask


def labelled(pictures: Sequence[tuple[Picture, Mask]], polarity: str) -> Labelled:
    """Return the candidates of pictures with their labels."""
    rows = []
    for number, (rgb, damage) in enumerate(pictures):
        found = POLARITIES[polarity](rgb)
        count = len(found.features)
        area = np.bincount(found.labels.ravel(), minlength=count + 1)[1:]
        hit = np.bincount(found.labels.ravel(), damage.ravel(), minlength=count + 1)[1:] / np.maximum(area, 1)
        facts = (np.full(count, number), area / damage.size, hit > 0.5, np.full(count, not damage.any()))
        rows.append(np.column_stack([*facts, found.features]))
    table = np.concatenate(rows)
    number, area, is_damage, is_intact = table[:, :4].T
    intact = sum(not damage.any() for _, damage in pictures)
    return Labelled(table[:, 4:], number, area, is_damage > 0, is_intact > 0, intact)


def trained(data: Labelled, *, touched: float, seed: int = 0) -> dict[str, np.ndarray]:
    """Return the weights of a classifier (`kbvr.repair.damage`) that touches so much of intact pictures."""
    torch.manual_seed(seed)
    mean, deviation = data.features.mean(axis=0), data.features.std(axis=0)
    seen = torch.tensor(np.clip((data.features - mean) / deviation, -4, 4), dtype=torch.float32)
    net = torch.nn.Sequential(torch.nn.Linear(seen.shape[1], NEURONS), torch.nn.Tanh(), torch.nn.Linear(NEURONS, 1))
    _fit(net, seen, data)
    hidden, output = (layer for layer in net if isinstance(layer, torch.nn.Linear))
    parts = {
        "hidden": hidden.weight,
        "hidden_bias": hidden.bias,
        "output": output.weight[0],
        "output_bias": output.bias,
    }
    weights = {name: value.detach().numpy().astype(np.float64) for name, value in parts.items()}
    weights |= {"mean": mean, "deviation": deviation}
    looks_like = looks(weights, data.features)
    second = torch.nn.Linear(3, 1)
    facts = _second(data, looks_like)
    _fit(second, torch.tensor(facts, dtype=torch.float32), data)
    weights["evidence"] = np.append(second.weight.detach().numpy()[0], second.bias.detach().numpy()).astype(np.float64)
    score = facts @ weights["evidence"][:3] + weights["evidence"][3]
    intact = np.flatnonzero(data.is_intact)
    best = intact[np.argsort(-score[intact])]
    shares = np.cumsum(data.area[best]) / data.pictures
    weights["threshold"] = np.array(score[best][np.searchsorted(shares, touched)])
    return weights


def _second(data: Labelled, looks_like: Float64[np.ndarray, "N"]) -> Float64[np.ndarray, "N 3"]:
    """Return what the second judgement sees of every candidate."""
    sure = np.where(looks_like > SURE, data.area, 0)
    total = np.bincount(data.picture.astype(int), sure)[data.picture.astype(int)]
    evidence = evidence_of(total - sure)
    return np.column_stack([looks_like, evidence, looks_like * evidence])


def _fit(net: torch.nn.Module, seen: torch.Tensor, data: Labelled) -> None:
    target = torch.tensor(data.is_damage, dtype=torch.float32)
    weight = torch.tensor(np.minimum(np.sqrt(data.area * 2e5), MAX_WEIGHT), dtype=torch.float32)
    optimiser = torch.optim.Adam(net.parameters(), 1e-2)
    for _ in range(STEPS):
        each = torch.nn.functional.binary_cross_entropy_with_logits(net(seen)[:, 0], target, reduction="none")
        loss = (each * weight).mean() + 1e-4 * sum((part**2).sum() for part in net.parameters())
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()


def train_damage(photos: Path, out: Path, *, every: int) -> None:
    """Train on every so many photos of a folder, and write the weights."""
    torch.set_num_threads(1)
    pictures = list(pictures_of(sorted(photos.glob("*.jpg")), every=every))
    weights: dict[str, np.ndarray] = {}
    for polarity, touched in TOUCHED.items():
        found = trained(labelled(pictures, polarity), touched=touched)
        weights |= {f"{polarity}_{name}": value for name, value in found.items()}
    np.savez(out, allow_pickle=False, **weights)
