"""What an export made, and what was chosen on the way."""

from __future__ import annotations

from dataclasses import dataclass

from kbvr.formats.spec.format import FileSummary, Item
from kbvr.plan.failures import Failure
from kbvr.stereo.comfort import Comfort


@dataclass(frozen=True)
class Written:
    """One file that was written."""

    output: str
    item: Item
    file: FileSummary


@dataclass(frozen=True)
class ExportReport:
    """What was written for one photo, and what was chosen on the way."""

    photo: str
    written: tuple[Written, ...]
    stereo: dict[str, float]
    """Baseline and convergence in metres, and the parallax of nearest and farthest in output pixels and degrees; empty
    if nothing in stereo was written. Of a quilt alone, they are those of its outermost views."""

    explanation: tuple[str, ...]
    seconds: dict[str, float]
    """Time that each stage took. Inside `video`, `render` (all threads added up) and `encode` overlap."""

    comfort: Comfort | None = None
    """What the first pair of eyes is given; None if nothing in stereo was written."""

    failed: tuple[Failure, ...] = ()
    """Outputs that could not be made while those of `written` could."""

    is_fov_assumed: bool = False
    """Whether nothing said how wide the photo's view is, so that a usual one is taken (`GUESSED_FOV_DEG`)."""

    @property
    def file(self) -> FileSummary:
        """The first file that was written."""
        return self.written[0].file
