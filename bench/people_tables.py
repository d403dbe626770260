"""The figures of `bench.people`, as Markdown tables and as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np

from bench.machine import Machine
from bench.people_moves import MOVES


@dataclass(frozen=True)
class Figures:
    """The figures of one photo and one move. NaN where a figure does not apply."""

    invented_percent: float
    torn_per_mp: float
    line_px: float
    torn_lines_percent: float
    inside: float
    """1 if all subjects stay inside the frame, else 0."""

    growth: float
    flicker_ppm: float
    eyes_levels: float


@dataclass(frozen=True)
class Column:
    """A column of a table."""

    head: str
    digits: int
    worst: Callable[[np.ndarray], float] = np.max


COLUMNS = {
    "invented_percent": Column("invented %", 1),
    "torn_per_mp": Column("torn / MP", 0),
    "line_px": Column("lines px", 2),
    "torn_lines_percent": Column("torn lines %", 0),
    "inside": Column("inside", 0, np.min),
    "growth": Column("grows", 2, np.min),
    "flicker_ppm": Column("flicker ppm", 0),
    "eyes_levels": Column("eyes", 2),
}


@dataclass(frozen=True, eq=False)
class Run:
    """One run of the bench."""

    machine: Machine
    kinds: Mapping[str, str]
    """Photo -> kind."""

    figures: Mapping[str, Mapping[str, Figures]]
    """Photo -> move -> figures."""

    def of(self, move: str, kind: str | None = None) -> list[Figures]:
        """Return the figures of a move, of all photos or those of a kind."""
        return [rows[move] for photo, rows in self.figures.items() if kind in (None, self.kinds[photo])]

    def as_json(self) -> str:
        """Return the run as JSON; None where a figure does not apply."""
        photos = {
            photo: {"kind": self.kinds[photo]} | {move: _plain(row) for move, row in rows.items()}
            for photo, rows in self.figures.items()
        }
        return json.dumps(self.machine.as_json() | {"photos": photos}, indent=1)


def read_run(path: Path) -> Run:
    """Return a run from its JSON."""
    values = json.loads(path.read_text(encoding="utf-8"))
    photos = values.pop("photos")
    kinds = {photo: rows.pop("kind") for photo, rows in photos.items()}
    figures = {photo: {move: _figures(row) for move, row in rows.items()} for photo, rows in photos.items()}
    return Run(Machine(**values), kinds, figures)


def _plain(row: Figures) -> dict[str, float | None]:
    return {name: value if np.isfinite(value) else None for name, value in asdict(row).items()}


def _figures(row: Mapping[str, float | None]) -> Figures:
    values = {field.name: row[field.name] for field in fields(Figures)}
    return Figures(**{name: float("nan") if value is None else value for name, value in values.items()})


def tables(runs: Sequence[Run], *, every_photo: bool = False) -> str:
    """Return the machines of the runs, a table over all photos, and one for each move by kinds (and by photos)."""
    parts = ["\n".join(run.machine.lines()) for run in runs]
    parts.append(_table("all photos", [(move, None, move) for move in MOVES], runs))
    kinds = list(dict.fromkeys(runs[-1].kinds.values()))
    for move in MOVES:
        parts.append(_table(move, [(kind, kind, move) for kind in kinds], runs))
        if every_photo:
            parts += [_photo_table(move, run) for run in runs]
    return "\n\n".join(parts)


def _table(title: str, rows: Sequence[tuple[str, str | None, str]], runs: Sequence[Run]) -> str:
    """Return a table with a row for each run of every (row title, kind or None, move)."""
    lines = _head(title)
    for name, kind, move in rows:
        for run in runs:
            label = f"{name}, {run.machine.commit}" if len(runs) > 1 else name
            lines.append(f"| {label} | " + " | ".join(summary(run.of(move, kind))) + " |")
    return "\n".join(lines)


def _photo_table(move: str, run: Run) -> str:
    lines = _head(f"{move}, {run.machine.commit}")
    for photo, rows in run.figures.items():
        values = asdict(rows[move])
        cells = [_number(values[name], column.digits) for name, column in COLUMNS.items()]
        lines.append(f"| {run.kinds[photo]}: {photo} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _head(title: str) -> list[str]:
    heads = " | ".join(column.head for column in COLUMNS.values())
    return [f"| {title} | {heads} |", "|---|" + "---:|" * len(COLUMNS)]


def summary(rows: Sequence[Figures]) -> list[str]:
    """Return the cells of several photos: mean / median / worst, or how many of how many are inside."""
    cells = []
    for name, column in COLUMNS.items():
        values = np.array([getattr(row, name) for row in rows])
        values = values[np.isfinite(values)]
        if not values.size:
            cells.append("")
        elif name == "inside":
            cells.append(f"{int(values.sum())} of {values.size}")
        else:
            three = (float(values.mean()), float(np.median(values)), float(column.worst(values)))
            cells.append(" / ".join(_number(value, column.digits) for value in three))
    return cells


def _number(value: float, digits: int) -> str:
    return f"{value:.{digits}f}" if np.isfinite(value) else ""
