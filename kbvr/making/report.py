"""The report of an export."""

from __future__ import annotations

from dataclasses import dataclass

from kbvr.errors import KbvrError
from kbvr.formats.spec.format import FileSummary, Item
from kbvr.stereo.comfort import Comfort


@dataclass(frozen=True)
class Written:
    """One written file."""

    output: str
    item: Item
    file: FileSummary


@dataclass(frozen=True)
class Failure:
    """An output that could not be made, or not all of its files, while others could."""

    output: str
    """A name of `kbvr.options.outputs.OUTPUTS`."""

    error: KbvrError

    @property
    def message(self) -> str:
        """The reason, in one line."""
        return str(self.error)


@dataclass(frozen=True)
class ExportReport:
    """The files written for one photo, and the choices made for it."""

    photo: str
    written: tuple[Written, ...]
    stereo: dict[str, float]
    """The rig of the first stereo output: baseline and convergence in metres, nearest and farthest parallax in output
    pixels and degrees. Empty without stereo outputs; for a quilt, of its outermost views."""

    explanation: tuple[str, ...]
    seconds: dict[str, float]
    """Duration of each stage. `render` (the sum of all threads) and `encode` overlap within `video`."""

    comfort: Comfort | None = None
    """The viewing comfort of the first stereo output; None without one."""

    failed: tuple[Failure, ...] = ()
    """Outputs that could not be made."""

    networks: tuple[str, ...] = ()
    """The networks that were used, like `kbvr-depth@75bf414bfbd6`: names of files, and digits of their SHA-256."""

    is_fov_assumed: bool = False
    """Whether the field of view is unknown and GUESSED_FOV_DEG was assumed."""

    @property
    def file(self) -> FileSummary:
        """The first written file."""
        return self.written[0].file
