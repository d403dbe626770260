"""Measure the depth of the built-in network or of another one, and compare every figure with its bar.

The parts are real stereo pairs (`bench.depth_pairs`), held-out pictures with good depth (`bench.strong`), thin things
(`bench.thin`), degraded pictures (`bench.hard_pictures`) and the network's cost (`bench.network_cost`). A part is
measured if its folders are given.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from bench import depth_pairs, hard_pictures, network_cost, strong, thin
from bench.depth_bars import Bar, bars_json, bars_text
from bench.drawn_things import scenes, seen_drawn
from bench.estimates import Tested, estimates_of, teachers_in
from bench.machine import this_machine
from bench.pairs import load_pairs
from bench.truths import Truth, evenly_spread, held_out_truths, pair_truths
from kbvr.depth.networks import BUILT_IN_NETWORK
from kbvr.depth.quality import DEPTH_QUALITIES
from kbvr.errors import InputError

NEEDS: Mapping[str, Sequence[str]] = {
    "pairs": ("pairs",),
    "strong": ("strong",),
    "thin": (),
    "robust": ("pairs", "strong"),
    "time": (),
}
"""Part -> folders, one of which it requires; `thin` also measures on photos if they are given."""


@dataclass
class Part:
    """The result of one part."""

    text: str
    plain: Mapping[str, Any]
    bars: Sequence[Bar] = field(default_factory=list)


def on_pairs(tested: Tested, options: argparse.Namespace) -> Part:
    """Measure on stereo pairs and on cards, with the teachers too if they are given."""
    estimates = estimates_of(tested, DEPTH_QUALITIES)
    if options.teachers is not None:
        estimates |= teachers_in(options.teachers)
    measured = depth_pairs.measure(evenly_spread(load_pairs(options.pairs), options.limit), estimates)
    cards_of = {name: depth_pairs.card_figures(estimate) for name, estimate in estimates.items()}
    plain = {name: {row: asdict(value) for row, value in rows.items()} for name, rows in measured.items()}
    of_cards = {name: asdict(value) for name, value in cards_of.items()}
    bars = depth_pairs.bars(measured, f"kbvr, {DEPTH_QUALITIES[-1]}", f"{tested.network.name} alone")
    return Part(depth_pairs.report(measured, cards_of), {"estimates": plain, "cards": of_cards}, bars)


def on_strong(tested: Tested, options: argparse.Namespace) -> Part:
    """Measure on held-out pictures with good depth."""
    rows = [
        strong.strong_row(tested, truth, DEPTH_QUALITIES) for truth in held_out_truths(options.strong, options.limit)
    ]
    plain = {
        "strong": [asdict(row) for row in rows],
        "worst": [row.name for row in strong.worst(rows)],
        "doubt_agrees": strong.doubt_agrees(rows),
    }
    return Part(strong.report(rows), plain, strong.bars(rows))


def on_thin(tested: Tested, options: argparse.Namespace) -> Part:
    """Measure on thin things, drawn and marked: the network alone, and kbvr."""
    drawings = evenly_spread(scenes(), options.limit)
    methods = {"one pass": tested.alone} | {name: partial(tested.full, quality=name) for name in ("good", "best")}
    measured = {method: {"drawn": seen_drawn(estimate, drawings)} for method, estimate in methods.items()}
    text = ""
    if options.photos is not None:
        marks = thin.read_marks()
        some = {name: marks[name] for name in evenly_spread(list(marks), options.limit)}
        for method, estimate in methods.items():
            measured[method]["photos"] = thin.seen_on_photos(estimate, options.photos, some)
        unseen = thin.held_out_photos(options.photos)
        rows = [row for row in measured["one pass"]["photos"] if row.name in unseen]
        text = f"\n\nPhotos that are never used in training ({len(rows)}), one pass: {thin.seen(rows):.3f}."
    plain = {method: {where: [asdict(row) for row in of[where]] for where in of} for method, of in measured.items()}
    return Part(thin.report(measured) + text, {"thin": plain}, thin.bars(measured))


def on_hard_pictures(tested: Tested, options: argparse.Namespace) -> Part:
    """Measure the loss on degraded pictures of every set that is given."""
    sets: dict[str, list[Truth]] = {}
    if options.pairs is not None:
        sets["pairs"] = pair_truths(evenly_spread(load_pairs(options.pairs), options.limit))
    if options.strong is not None:
        sets["good depth"] = held_out_truths(options.strong, options.limit)
    measured = {where: hard_pictures.robustness(tested.small, truths) for where, truths in sets.items()}
    plain = {where: asdict(result) for where, result in measured.items()}
    return Part(hard_pictures.report(measured), {"robust": plain}, hard_pictures.bars(measured))


def on_time(tested: Tested, options: argparse.Namespace) -> Part:  # noqa: ARG001  all parts have one signature
    """Measure seconds and bytes."""
    cost = network_cost.cost_of(tested)
    return Part(
        network_cost.report(tested.network.name, cost),
        {"pass_s": cost.pass_s, "file_mb": cost.file_mb},
        network_cost.bars(cost),
    )


PARTS = {"pairs": on_pairs, "strong": on_strong, "thin": on_thin, "robust": on_hard_pictures, "time": on_time}


def selected_parts(options: argparse.Namespace) -> Iterator[str]:
    """Yield the parts to measure.

    Raises:
        InputError: if a part is unknown, or the folder that it requires is missing.
    """
    only = None if options.only is None else options.only.split(",")
    for name in only or ():
        if name not in PARTS:
            raise InputError(f"--only: expected {', '.join(PARTS)}, got {name}")
    for name in PARTS if only is None else only:
        is_given = not NEEDS[name] or any(getattr(options, folder) is not None for folder in NEEDS[name])
        if is_given:
            yield name
        elif only is not None:
            raise InputError(f"--only {name} requires {' or '.join(f'--{folder}' for folder in NEEDS[name])}")


def parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the parsed options."""
    parser = argparse.ArgumentParser(prog="python -m bench.depth", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--model", default=BUILT_IN_NETWORK, help="name or ONNX file of a network (default: the built-in one)"
    )
    parser.add_argument("--pairs", type=Path, help="folder of NAME/{left.png,right.png,disparity.npz}")
    parser.add_argument("--strong", type=Path, help="folder of NAME.jpg, NAME.png (good depth) and INDEX.csv")
    parser.add_argument("--photos", type=Path, help="folder of the photos marked in thin_things.csv")
    parser.add_argument("--teachers", type=Path, help="folder of the networks that it learnt from, for the pairs")
    parser.add_argument(
        "--only", help=f"parts to measure, separated by commas: {','.join(PARTS)} (default: all that are possible)"
    )
    parser.add_argument("--limit", type=int, help="maximum number of pictures of each kind, for a quick look")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; return 0, or 2 if the network, the pictures or the teachers cannot be used."""
    options = parsed(arguments)
    machine = this_machine()
    try:
        if options.limit is not None and options.limit < 1:
            raise InputError(f"--limit: expected a number above 0, got {options.limit}")
        tested = Tested(options.model)
        name = tested.network.name
        parts = [PARTS[part](tested, options) for part in selected_parts(options)]
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    bars = [bar for part in parts for bar in part.bars]
    if options.json:
        plain = {key: value for part in parts for key, value in part.plain.items()}
        about = {"network": name, "limit": options.limit}
        print(json.dumps(machine.as_json() | about | plain | {"bars": bars_json(bars)}, indent=1))
    else:
        texts = [part.text for part in parts]
        if options.limit is not None:
            texts.append(f"A quick look: at most {options.limit} pictures of each kind, too few to judge by.")
        print("\n".join(machine.lines()), *texts, bars_text(bars), sep="\n\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
