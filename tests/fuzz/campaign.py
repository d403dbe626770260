"""A long run of damaged inputs through every reader, and its figures: `make fuzz MINUTES=10`.

Inputs that break the law are kept as files, a few of each kind, with what they did. Any of them comes again from its
seed and number: `python -m fuzz.campaign --run RUN --again SEED:NUMBER`.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from random import Random

from fuzz.corpus import relatives, seed_named, seeds
from fuzz.guided import is_there, run_guided
from fuzz.law import Verdict
from fuzz.mutators import Seed, mutated
from fuzz.readers import IN_PYTHON
from fuzz.watched import Watched, watched

KEPT_OF_A_KIND = 3
"""So many inputs are kept that break the law in the same way."""

TURNS = {
    "photo": 3,
    "depth": 3,
    "keyframes": 15,
    "request": 20,
    "answer": 8,
    "note": 6,
    "card": 3,
    "view": 1,
    "stereo page": 9,
}
"""Reader -> how many inputs of each of its seeds are tried in a round; 6 of options, 3 of networks."""


LED_SHARE = 0.15
"""Of the time: for inputs that are led by what they reach, where atheris is installed."""


def input_of(seed: Seed, run: str, number: int) -> bytes:
    """Return the input of a number: the same on every machine."""
    return mutated(seed, relatives(seed.reader), Random(f"{run} {seed.name} {number}"))


def turns(only: str = "") -> Iterator[tuple[Seed, int]]:
    """Yield seeds and numbers without end, every seed as often as TURNS says."""
    wanted = [seed for seed in seeds() if not only or seed.reader == only]
    for round_ in count():
        for seed in wanted:
            turns_ = TURNS.get(seed.reader, 6 if seed.reader.startswith("option") else 3)
            yield from ((seed, number) for number in range(round_ * turns_, (round_ + 1) * turns_))


@dataclass
class Tally:
    """What is counted of one reader."""

    kinds: Counter[str] = field(default_factory=Counter)
    broken: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """Signature -> the inputs that broke the law so."""

    slowest: tuple[float, str] = (0.0, "")

    def add(self, verdict: Verdict, name: str) -> None:
        """Count a verdict on an input of this name."""
        self.kinds[verdict.kind] += 1
        self.slowest = max(self.slowest, (verdict.seconds, name))
        if verdict.kind == "broken":
            self.broken[verdict.signature].append(name)


def run_campaign(
    run: str, *, minutes: float, most: int = 0, only: str = "", kept: Path, process: Watched
) -> tuple[dict[str, Tally], float]:
    """Try inputs until the time is up or enough have been tried; return the tallies and how many seconds it took."""
    tallies: dict[str, Tally] = defaultdict(Tally)
    start = told = time.monotonic()
    for done, (seed, number) in enumerate(turns(only)):
        now = time.monotonic()
        if now - start > 60 * minutes or (most and done >= most):
            break
        if now - told > 30:
            told = now
            broken = sum(tally.kinds["broken"] for tally in tallies.values())
            print(f"{now - start:5.0f} s: {done} inputs, {broken} broke the law", file=sys.stderr, flush=True)
        data = input_of(seed, run, number)
        verdict = process.verdict(seed, data)
        tally, name = tallies[seed.reader], f"{seed.name}:{number}"
        tally.add(verdict, name)
        if verdict.kind == "broken" and len(tally.broken[verdict.signature]) <= KEPT_OF_A_KIND:
            keep(kept, seed, run, number, data, verdict)
    return tallies, time.monotonic() - start


def keep(folder: Path, seed: Seed, run: str, number: int, data: bytes, verdict: Verdict) -> None:
    """Write an input that broke the law, and what it did."""
    folder.mkdir(parents=True, exist_ok=True)
    stem, _, suffix = seed.name.rpartition(".")
    path = folder / f"{stem}-{number}.{suffix}"
    path.write_bytes(data)
    with (folder / "README.txt").open("a") as file:
        file.write(f"{path.name}\t{seed.reader}\t{verdict.what}\t--run {run} --again {seed.name}:{number}\n")


def table(tallies: dict[str, Tally], seconds: float, run: str, starts: int) -> str:
    """Return the figures as Markdown, as docs/reliability.md has them."""
    lines = [
        "| reader | inputs | read | refused in one line | breaches | slowest |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    total: Counter[str] = Counter()
    for reader, tally in sorted(tallies.items()):
        total += tally.kinds
        lines.append(_row(reader, tally.kinds, f"{tally.slowest[0]:.2f} s"))
    slowest = max((tally.slowest[0] for tally in tallies.values()), default=0.0)
    lines.append(_row("all", total, f"{slowest:.2f} s"))
    crashes = sum(
        len(names)
        for tally in tallies.values()
        for what, names in tally.broken.items()
        if what.startswith("the process")
    )
    hangs = sum(
        len(names) for tally in tallies.values() for what, names in tally.broken.items() if what.startswith("no end")
    )
    others = total["broken"] - crashes - hangs
    speed = f"{total.total()} inputs in {seconds / 60:.1f} minutes ({total.total() / seconds * 60:.0f} a minute)"
    found = f"{crashes} crashes, {hangs} hangs, {others} other breaches"
    lines += ["", f"Run `{run}`: {speed}; {found}; the reading process was started {starts} times."]
    for reader, tally in sorted(tallies.items()):
        lines += [f"- {reader}: {what}: {len(names)} ({', '.join(names[:3])})" for what, names in tally.broken.items()]
    return "\n".join(lines)


def _row(name: str, kinds: Counter[str], slowest: str) -> str:
    return f"| {name} | {kinds.total()} | {kinds['result']} | {kinds['refused']} | {kinds['broken']} | {slowest} |"


def main() -> int:
    """Run a campaign, or one input again."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--inputs", type=int, default=0, help="end after so many")
    parser.add_argument("--run", default="", help="name of the run: the same name gives the same inputs")
    parser.add_argument("--only", default="", help="one reader")
    parser.add_argument("--again", default="", help="SEED:NUMBER of the run")
    parser.add_argument("--kept", type=Path, default=Path("out/fuzz"), help="folder for inputs that break the law")
    arguments = parser.parse_args()
    run = arguments.run or f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}"
    with watched() as process:
        if arguments.again:
            name, _, number = arguments.again.rpartition(":")
            verdict = process.verdict(seed_named(name), input_of(seed_named(name), run, int(number)))
            print(verdict)
            return int(verdict.kind == "broken")
        shutil.rmtree(arguments.kept, ignore_errors=True)
        unharmed = [(seed.name, v) for seed in seeds() if (v := process.verdict(seed, seed.content)).kind != "result"]
        for name, verdict in unharmed:
            print(f"the seed {name} is not read: {verdict}", file=sys.stderr)
        limits = {"minutes": arguments.minutes, "most": arguments.inputs, "only": arguments.only}
        led_s = 60 * arguments.minutes * LED_SHARE if is_there() and not (arguments.inputs or arguments.only) else 0
        limits["minutes"] -= led_s / 60
        tallies, seconds = run_campaign(run, **limits, kept=arguments.kept, process=process)
        for reader in IN_PYTHON if led_s else ():
            counts = run_guided(reader, max(1, round(led_s / len(IN_PYTHON))), arguments.kept)
            tallies[f"{reader}, guided"] = Tally(Counter(counts))
            if counts.get("broken"):
                tallies[f"{reader}, guided"].broken["see the folder of failing inputs"] = ["guided"] * counts["broken"]
        seconds += led_s
        print(table(tallies, seconds, run, process.starts))
    return int(any(tally.broken for tally in tallies.values()))


if __name__ == "__main__":
    sys.exit(main())
