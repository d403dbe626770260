"""Broken lines of a room of kbvr that its tests do not find: `make mutants ROOM=stereo MINUTES=15`.

Cosmic Ray (MIT) breaks one line at a time, in a copy of the working tree: another operator, another number, a condition
turned about. A random sample of that is tested, as long as there is time. A mutant that survives is a test that is
missing, unless nobody could tell: another bin's border, a constant whose value is a matter of taste, a cache.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

ROOT = Path(__file__).parents[1]
NOT_COPIED = (".git", ".venv", "build", "dist", "node_modules", "out", "runs")
NEVER_RUN = "BitOr"
"""Operator of which nearly all stand in annotations, which are not evaluated."""

SPARE_S = 20.0
SLOWER = 4
"""A mutant that takes so many times as long as the tests do, and this, runs for ever."""


def mutants_of(room: Path, seed: int) -> list[Any]:
    """Return all mutations of a room's files, shuffled."""
    from cosmic_ray.commands import init
    from cosmic_ray.work_db import use_db

    with use_db("mutants.sqlite") as db:
        init(sorted(room.rglob("*.py")) if room.is_dir() else [room], db, {})
        found = [item.mutations for item in db.work_items]
    found.sort(key=lambda one: (str(one[0].module_path), one[0].operator_name, one[0].occurrence))
    found = [one for one in found if NEVER_RUN not in one[0].operator_name]
    Random(seed).shuffle(found)
    return found


def changed(diff: str) -> str:
    """Return the lines that differ."""
    return "\n".join(line for line in diff.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---"))


def main() -> int:
    """Test mutants for so many minutes, and print those that survive and the share of the others."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("room", help="folder or file in kbvr/")
    parser.add_argument("--tests", default="", help="what pytest is told; the room's folder in tests/ if not said")
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    from cosmic_ray.mutating import mutate_and_test

    tests = arguments.tests or f"tests/{arguments.room}"
    command = shlex.join([sys.executable, "-m", "pytest", "-x", "-p", "no:cacheprovider", *shlex.split(tests)])
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / ROOT.name
        shutil.copytree(ROOT, copy, symlinks=True, ignore=shutil.ignore_patterns(*NOT_COPIED))
        os.chdir(copy)
        os.environ["PYTHONPATH"] = str(copy)
        start = time.monotonic()
        subprocess.run(shlex.split(command), check=True)
        timeout_s = SLOWER * (time.monotonic() - start) + SPARE_S
        mutants = mutants_of(Path("kbvr") / arguments.room, arguments.seed)
        for one in mutants:
            if time.monotonic() - start > 60 * arguments.minutes:
                break
            result = mutate_and_test(one, command, timeout_s)
            counts["survived" if result.test_outcome == "survived" else "killed"] += 1
            if result.test_outcome == "survived":
                print(f"{one[0].module_path}:{one[0].start_pos[0]}\n{changed(result.diff or '')}", flush=True)
    tested = counts.total()
    share = 1 - counts["survived"] / max(tested, 1)
    print(f"{arguments.room}: {tested} of {len(mutants)} mutants, {share:.0%} killed (seed {arguments.seed})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
