"""A long run of kills and faults on every kind of output, and its figures: `make faults KILLS=200`.

Kills come at an event of the writing (two of three) or at any moment of the call; other faults are a disk that breaks
or is full, files that may not be so large, too few open files and too little memory.
"""

from __future__ import annotations

import argparse
import errno
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import cycle, islice
from pathlib import Path
from random import Random

from faults.judging import problem_of_fault
from faults.kinds import KINDS, call_for, given_files
from faults.whole import unfinished
from faults.zygote import KILL, Ended, Fault, zygote

OTHERS = ("broken disk", "full disk", "full from then on", "largest file", "open files", "memory")

ENDS = {0: "unharmed", 2: "one line"}
"""Exit code -> what it means."""


def killed(out: Path, whole: Ended, random: Random) -> Fault:
    """Return a kill: while a file is written, or at any time."""
    if random.randrange(3):
        return Fault(folder=str(out), event=random.randint(1, whole.events), error=KILL)
    return Fault(folder=str(out), after_s=random.uniform(0.001, 0.8 * whole.seconds))


def other(name: str, out: Path, whole: Ended, random: Random) -> Fault:
    """Return a fault of this name of OTHERS."""
    event = random.randint(1, whole.events)
    return {
        "broken disk": Fault(folder=str(out), event=event, error=errno.EIO),
        "full disk": Fault(folder=str(out), event=event, error=errno.ENOSPC),
        "full from then on": Fault(folder=str(out), event=event, events=10_000, error=errno.ENOSPC),
        "largest file": Fault(file_bytes=random.choice((500, 1000, 4000, 20_000, 100_000))),
        "open files": Fault(files_more=random.randint(1, 12)),
        "memory": Fault(more_bytes=random.choice((8, 32, 64, 128, 256, 384, 512, 768, 1024, 1536)) << 20),
    }[name]


def faults_of(
    out: Path, kills: int, others: int, wholes: dict[str, Ended], run: str
) -> Iterator[tuple[str, str, Fault]]:
    """Yield the kind of output, the name of what befalls it, and the fault; every kind gets its turn."""
    random = Random(run)
    for kind in islice(cycle(KINDS), kills):
        yield kind, "kill", killed(out, wholes[kind], random)
    for number, kind in enumerate(islice(cycle(KINDS), others)):
        name = OTHERS[(number + number // len(KINDS)) % len(OTHERS)]
        yield kind, name, other(name, out, wholes[kind], random)


def main() -> int:
    """Run a campaign and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--others", type=int, default=-1, help="as many as kills if not said")
    parser.add_argument("--run", default="", help="name of the run: the same name gives the same faults")
    arguments = parser.parse_args()
    run = arguments.run or f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}"
    others = arguments.kills if arguments.others < 0 else arguments.others
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    breaches: Counter[str] = Counter()
    start = told = time.monotonic()
    with zygote() as call, tempfile.TemporaryDirectory() as folder:
        given, out = Path(folder), Path(folder) / "out"
        given_files(given)
        wholes = {kind: call.call(call_for(kind, given, out), Fault(folder=str(out))) for kind in KINDS}
        for kind, name, fault in faults_of(out, arguments.kills, others, wholes, run):
            wrong, ended = problem_of_fault(call, kind, given, out, fault)
            counts[name]["calls"] += 1
            counts[name]["killed" if ended.code < 0 else ENDS.get(ended.code, "bug")] += 1
            counts[name]["left"] += bool(unfinished(out))
            counts[name]["wrong"] += bool(wrong)
            if wrong:
                breaches[f"{kind}, {name} ({fault.says}): {wrong}"] += 1
            if time.monotonic() - told > 30:
                told = time.monotonic()
                done = sum(count["calls"] for count in counts.values())
                print(f"{told - start:5.0f} s: {done} calls, {breaches.total()} breaches", file=sys.stderr, flush=True)
    print(table(counts, time.monotonic() - start, run))
    for breach in breaches:
        print(f"- {breach}")
    return int(bool(breaches))


def table(counts: dict[str, Counter[str]], seconds: float, run: str) -> str:
    """Return the figures as Markdown, as docs/reliability.md has them."""
    lines = [
        "| fault | calls | killed | one line, code 2 | unharmed | unfinished file left | breaches |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    total: Counter[str] = Counter()
    for name, count in counts.items():
        total += count
        lines.append(_row(name, count))
    lines.append(_row("all", total))
    calls = f"{total['calls']} calls of {len(KINDS)} kinds of output in {seconds / 60:.1f} minutes"
    return "\n".join([*lines, "", f"Run `{run}`: {calls}; {total['wrong']} breaches."])


def _row(name: str, count: Counter[str]) -> str:
    numbers = (count[what] for what in ("calls", "killed", "one line", "unharmed", "left", "wrong"))
    return f"| {name} | {' | '.join(map(str, numbers))} |"


if __name__ == "__main__":
    sys.exit(main())
