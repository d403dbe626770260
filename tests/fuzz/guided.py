"""Inputs that are led by what they reach (atheris): for the readers that are written in Python, where it has wheels.

Run by `fuzz.campaign`, in a process of its own: libFuzzer ends it when the time is up, and its figures lie in a file.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from random import Random

from fuzz.corpus import relatives, seeds
from fuzz.law import Traces
from fuzz.mutators import Seed, mutated
from fuzz.watched import judged

MOST_KEPT = 60
"""Inputs that reach something new are kept for the next run: the smallest so many."""

MOST_BYTES = 20_000

TOLD_EVERY = 10


def is_there() -> bool:
    """Tell whether atheris is installed."""
    return find_spec("atheris") is not None


def run_guided(reader: str, seconds: int, kept: Path) -> dict[str, int]:
    """Lead inputs through a reader for so long; return how many became what. Those that break the law are kept."""
    corpus = kept.parent / f"{kept.name}-corpus" / reader.replace(" ", "-")
    for folder_ in (corpus, kept):
        folder_.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="kbvr-guided-") as folder:
        command = [sys.executable, "-m", "fuzz.guided", reader, str(seconds), str(corpus), str(kept), folder]
        done = subprocess.run(command, capture_output=True, cwd=Path.cwd(), env={**os.environ, "HOME": folder})
        figures = Path(folder) / "figures"
        counts: dict[str, int] = json.loads(figures.read_text()) if figures.exists() else {}
    if done.returncode:
        counts["broken"] = counts.get("broken", 0) + 1
        (kept / f"guided-{reader.replace(' ', '-')}.txt").write_bytes(done.stderr[-10_000:])
    for file in sorted(corpus.iterdir(), key=lambda path: path.stat().st_size)[MOST_KEPT:]:
        file.unlink()
    return counts


def lead(reader: str, seconds: str, corpus: Path, kept: Path, folder: Path) -> None:
    """Be the process."""
    import atheris

    with atheris.instrument_imports(include=["kbvr"], enable_loader_override=False):
        import kbvr.cli.main
        import kbvr.motion.keyframes
        import kbvr.nets
        import kbvr.serving

        assert kbvr.cli.main and kbvr.motion.keyframes and kbvr.nets and kbvr.serving
    logging.getLogger("kbvr").propagate = False
    work = folder / "input"
    work.mkdir()
    own = [seed for seed in seeds() if seed.reader == reader]
    for seed in own:
        (corpus / seed.name).write_bytes(seed.content)
    traces = Traces(None, [])
    counts = {"result": 0, "refused": 0, "broken": 0}
    signatures: set[str] = set()

    def one(data: bytes) -> None:
        verdict = judged(reader, own[0].name, data, work, traces)
        counts[verdict.kind] += 1
        if verdict.kind == "broken" and verdict.signature not in signatures:
            signatures.add(verdict.signature)
            (kept / f"guided-{len(signatures)}-{own[0].name}").write_bytes(data)
            with (kept / "README.txt").open("a") as file:
                file.write(f"guided-{len(signatures)}-{own[0].name}\t{reader}\t{verdict.what}\n")
        if sum(counts.values()) % TOLD_EVERY == 0:
            (folder / "figures").write_text(json.dumps(counts))

    def mutate(data: bytes, most: int, number: int) -> bytes:
        seed = Seed(own[0].name, reader, own[0].structure, data)
        return mutated(seed, relatives(reader), Random(number))[:most]

    limits = [f"-max_total_time={seconds}", f"-max_len={MOST_BYTES}", "-timeout=30", f"-artifact_prefix={kept}/"]
    atheris.Setup([sys.argv[0], *limits, str(corpus)], one, custom_mutator=mutate)
    atheris.Fuzz()


if __name__ == "__main__":
    lead(sys.argv[1], sys.argv[2], *map(Path, sys.argv[3:6]))
