"""The training batches of kbvr-depth, which depend only on the seed and the step, so training can be resumed.

Every batch has one shape and pictures of all kinds: frames and galleries with good depth, rooms, photos labelled by a
teacher, ray-cast scenes and mixtures.
"""

from __future__ import annotations

import math
import random
from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from export.disturbed import disturbed
from export.mixtures import Mixtures
from export.rendered import rendered_sample
from export.samples import Sample, crop_with, cut_out_subjects
from export.strong_labels import Strong, kind_of
from export.training import Batch

SMALL_HW = ((192, 256), (192, 256), (192, 288), (256, 192), (224, 224))
MIDDLE_HW = ((256, 352), (352, 256), (288, 288), (224, 384))
LARGE_HW = ((320, 448), (448, 320), (384, 384))
SIZES = ((SMALL_HW, 0.6), (MIDDLE_HW, 0.28), (LARGE_HW, 0.12))
"""(height, width) of the batches, and the share of batches with that size."""

BATCH_PIXELS = 8 * 192 * 256

SHARES = {"films": 0.39, "rooms": 0.14, "sharp_rooms": 0.06, "photos": 0.24, "scenes": 0.12, "mixtures": 0.05}
"""Share of the pictures of each kind; the shares of missing kinds go to the others."""

ENOUGH = 500
"""A kind with fewer pictures is used less, in proportion to the root of their number, against overfitting."""

PHOTO_WEIGHT = 0.6
"""Weight of a photo labelled by a weak teacher, relative to 1 for the best labels."""

MIN_SHARE = {"films": 0.6, "rooms": 0.6, "sharp_rooms": 0.6, "photos": 0.7, "scenes": 0.8, "mixtures": 1.0}
"""Minimum size of a crop, as a share of the picture's sides."""

DISTURBED_SHARE = {"films": 0.25, "rooms": 0.25, "sharp_rooms": 0.25, "photos": 0.25, "scenes": 0.15, "mixtures": 0.0}
SELF_DISTURBED_SHARE = 0.8
"""Shares of degraded crops: in general, and of photos that the network itself labelled."""

TURNED_SHARE = 0.12
"""Share of crops turned on their side."""

THIN_SHARE = 0.15
"""Share of crops with a thin thing in front."""

FITTING = 0.45
"""Maximum difference of the logarithms of a picture's aspect and a batch's."""

SCENE_HW = (288, 384)
POOL = 1200
FIRST_POOL = 100
NEW_PER_STEP = 0.15
"""Number of scenes and mixtures kept for reuse, their number at the start, and the number replaced at each step."""


@dataclass(frozen=True, eq=False)
class Shown:
    """A sample and how training uses it."""

    sample: Sample
    kind: str
    weight: float = 1.0
    by_rank: bool = False
    sharp: bool = True


class Pool:
    """Samples that are slow to make, by number; an evicted one is made again, identically, when needed."""

    def __init__(self, make: Callable[[random.Random], Sample], seed: int) -> None:
        self._make = make
        self._seed = seed
        self._kept: OrderedDict[int, Sample] = OrderedDict()

    def sample(self, step: int, rng: random.Random) -> Sample:
        """Return one of the newest samples at a step."""
        end = FIRST_POOL + int(step * NEW_PER_STEP)
        number = rng.randrange(max(0, end - POOL), end)
        if number not in self._kept:
            self._kept[number] = self._make(random.Random(f"{self._seed} {number}"))
        self._kept.move_to_end(number)
        if len(self._kept) > POOL:
            self._kept.popitem(last=False)
        return self._kept[number]


@dataclass(eq=False)
class Source:
    """The source of the batch of any step."""

    strong: Sequence[Strong]
    photos: Sequence[Sample]
    mixtures: Mixtures | None
    seed: int
    taught_by_itself: bool = False
    """Whether the photos' labels are the network's own."""

    _by_kind: dict[str, list[Shown]] = field(init=False)
    _fitting: dict[tuple[str, tuple[int, int]], tuple[list[Shown], list[float]]] = field(init=False)
    _disturbed: dict[str, float] = field(init=False)

    def __post_init__(self) -> None:
        """Sort the pictures by kind."""
        self._by_kind = {"films": [], "rooms": [], "sharp_rooms": [], "photos": []}
        frames = Counter(strong.scene for strong in self.strong)
        self._chance: dict[int, float] = {}
        for strong in self.strong:
            kind = kind_of(strong)
            shown = Shown(strong.sample, kind, strong.weight, strong.by_rank, kind != "rooms")
            self._by_kind[kind].append(shown)
            self._chance[id(shown)] = strong.weight / math.sqrt(frames[strong.scene])
        for photo in self.photos:
            shown = Shown(photo, "photos", 1.0 if self.taught_by_itself else PHOTO_WEIGHT)
            self._by_kind["photos"].append(shown)
            self._chance[id(shown)] = 1.0 if photo.sky is None else 2.0
        self._fitting = {}
        self._disturbed = {**DISTURBED_SHARE, **({"photos": SELF_DISTURBED_SHARE} if self.taught_by_itself else {})}
        everything = [shown.sample for kind in self._by_kind.values() for shown in kind]
        self._pictures = [sample.rgb for sample in (self.photos or everything)]
        self._subjects = cut_out_subjects(list(self.photos))
        self._others = [sample for sample in self.photos if sample.subject is not None] or everything
        self._scenes = Pool(self._new_scene, self.seed)
        self._mixed = Pool(self._new_mixture, self.seed)
        enough = {kind: min(1.0, math.sqrt(len(shown) / ENOUGH)) for kind, shown in self._by_kind.items()}
        enough |= {"scenes": 1.0, "mixtures": float(self.mixtures is not None)}
        self._shares = {kind: share * enough[kind] for kind, share in SHARES.items() if enough[kind]}

    def _new_scene(self, rng: random.Random) -> Sample:
        scene = rendered_sample(self._pictures, self._subjects, rng, SCENE_HW)
        return Sample(scene.rgb, scene.inverse_depth.astype(np.float16), scene.sky.astype(np.uint8) * 255)

    def _new_mixture(self, rng: random.Random) -> Sample:
        assert self.mixtures is not None
        rgb, depth = self.mixtures.sample(self._pictures, rng)
        return Sample(np.round(rgb * 255).astype(np.uint8), depth.astype(np.float16), None)

    def batch(self, step: int) -> Batch:
        """Return the batch of a step.

        It has rgb (N, 3, H, W); inverse depth, sky and the mask of pasted things (N, 1, H, W); weight, by_rank and
        sharp (N,).
        """
        rng = random.Random(f"{self.seed} {step}")
        sizes = rng.choices([sizes for sizes, _ in SIZES], [share for _, share in SIZES])[0]
        hw = rng.choice(sizes)
        drawn = [self._draw(step, hw, rng) for _ in range(max(2, round(BATCH_PIXELS / (hw[0] * hw[1]))))]
        crops = [self._crop(shown, hw, rng) for shown in drawn]
        rgb, depth, sky, pasted = (np.ascontiguousarray(np.stack(arrays)) for arrays in zip(*crops, strict=True))
        return (
            torch.from_numpy(rgb).permute(0, 3, 1, 2),
            torch.from_numpy(depth)[:, None],
            torch.from_numpy(sky)[:, None],
            torch.from_numpy(pasted)[:, None],
            torch.tensor([shown.weight for shown in drawn]),
            torch.tensor([shown.by_rank for shown in drawn]),
            torch.tensor([float(shown.sharp) for shown in drawn]),
        )

    def _draw(self, step: int, hw: tuple[int, int], rng: random.Random) -> Shown:
        kind = rng.choices(list(self._shares), list(self._shares.values()))[0]
        if kind == "scenes":
            return Shown(self._scenes.sample(step, rng), kind)
        if kind == "mixtures":
            return Shown(self._mixed.sample(step, rng), kind, PHOTO_WEIGHT)
        if (kind, hw) not in self._fitting:
            self._fitting[kind, hw] = self._of_aspect(kind, hw)
        fitting, totals = self._fitting[kind, hw]
        return rng.choices(fitting, cum_weights=totals)[0]

    def _of_aspect(self, kind: str, hw: tuple[int, int]) -> tuple[list[Shown], list[float]]:
        """Return the samples that fit a shape, or all if hardly any fit, and the running sum of their probabilities."""
        everything = self._by_kind[kind]
        log_aspect = math.log(hw[1] / hw[0])
        fitting = [
            shown
            for shown in everything
            if abs(math.log(shown.sample.rgb.shape[1] / shown.sample.rgb.shape[0]) - log_aspect) < FITTING
        ]
        if len(fitting) < max(1, len(everything) // 8):
            fitting = everything
        return fitting, np.cumsum([self._chance[id(shown)] for shown in fitting]).tolist()

    def _crop(self, shown: Shown, hw: tuple[int, int], rng: random.Random) -> tuple[np.ndarray, ...]:
        least = MIN_SHARE[shown.kind]
        turned = rng.random() < TURNED_SHARE
        shape = hw[::-1] if turned else hw
        cut = crop_with(shown.sample, shape, rng, self._others, min_share=least, thin_share=THIN_SHARE)
        rgb, depth = cut.rgb, cut.depth
        if rng.random() < self._disturbed[shown.kind]:
            rgb, depth = disturbed(rgb, depth, rng.choice(self._others).rgb, rng)
        sky = np.where(np.isnan(depth) & ~np.isnan(cut.depth), -1, cut.sky)  # covered pixels are unknown
        arrays = rgb.astype(np.float32), depth.astype(np.float32), sky.astype(np.float32), cut.pasted
        if turned:
            quarters = rng.choice((1, 3))
            return tuple(np.rot90(array, quarters) for array in arrays)
        return arrays
