"""What may be chosen for an export; every default makes a good one."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from kbvr.depth_file import DepthKind
from kbvr.errors import InputError
from kbvr.kenburns import DEFAULT_SHIFT_PX, DEFAULT_ZOOM, Crop
from kbvr.nets import DEVICES, MAX_THREADS
from kbvr.network_depth import DEPTH_QUALITIES
from kbvr.paths import PathOptions
from kbvr.stereo import DEFAULT_BUDGET
from kbvr.timing import Ease, Steps

if TYPE_CHECKING:
    from kbvr.formats.sbs_video import Layout

Output = Literal["stereo", "kenburns"]
OUTPUTS: tuple[str, ...] = get_args(Output)
"""stereo: a video for two eyes; kenburns: a plain video of a moving camera."""

PROFILES = ("layers", "paper")
"""layers: kbvr's own; paper: the 3D Ken Burns method as its authors published it (`kbvr.profiles`)."""

MAX_BUDGET = 0.15


@dataclass(frozen=True)
class ExportOptions:
    """What is written for a photo, and how."""

    outputs: tuple[str, ...] = ("stereo",)
    """Names of OUTPUTS, each once."""

    profile: str = "layers"
    """A name of PROFILES."""

    layout: Layout = "sbs"
    path: str | None = None
    """How the camera moves; None: the path that other options belong to, else swing in stereo and kenburns in mono."""

    seconds: float | None = None
    fps: float = 25.0
    ease: Ease | None = None
    loop: bool | None = None
    steps: Steps | None = None
    start_crop: Crop | None = None
    end_crop: Crop | None = None
    shift_px: float = DEFAULT_SHIFT_PX
    zoom: float = DEFAULT_ZOOM
    keyframes: Path | None = None
    """These are those of `kbvr.paths.PathOptions`."""

    max_size_px: tuple[int, int] = (1920, 1080)
    """Largest (width, height) per eye; the photo's own size is never exceeded."""

    fov_deg: float | None = None
    depth_file: Path | None = None
    depth_kind: DepthKind | None = None
    baseline_m: float | None = None
    convergence_m: float | None = None
    budget: float = DEFAULT_BUDGET
    """Parallax range from nearest to farthest, as a share of the width."""

    near_m: float | None = None
    subject_distance_m: float | None = None
    """Where the subject is put, in place of near_m, if the depth has no scale of its own."""

    depth_model: str | Path = "auto"
    """`auto`, a name or an ONNX file that `kbvr.depth_model.depth_network` takes."""

    depth_quality: str = "good"
    segmentation: str | Path | None = None
    """Name or ONNX file of an instance segmentation that makes objects stand upright; None is none, and in the profile
    paper maskrcnn if it is there."""

    softness: float | None = None
    """How much of its own relief an object keeps then, 0 to 1; None is 0.5, and in the profile paper 0."""

    fill: str | Path = "auto"
    """`auto`, a name or an ONNX file that `kbvr.fill.filler_named` takes."""

    overwrite: bool = False
    threads: int | None = None
    max_memory_bytes: int | None = None
    """About how much memory an export may take at most: larger photos are made smaller (`kbvr.memory`)."""

    device: str = "auto"
    """What networks run on: one of `kbvr.nets.DEVICES`; `kbvr.nets.open_session` says what they mean.

    `kbvr.render.gpu.best_renderer` says which of them let pictures be drawn on a GPU too."""

    paths: dict[str, PathOptions] = field(init=False)
    """Output -> how the camera moves in it."""

    def __post_init__(self) -> None:
        """Check every range before any work.

        Raises:
            InputError: if a value is out of its range, or options do not go together.
        """
        checks = (
            (
                bool(self.outputs) and set(self.outputs) <= set(OUTPUTS) and len({*self.outputs}) == len(self.outputs),
                f"outputs must be some of {', '.join(OUTPUTS)}, each once, got {', '.join(self.outputs) or 'none'}",
            ),
            (self.profile in PROFILES, f"the profile must be one of {', '.join(PROFILES)}, got {self.profile!r}"),
            (
                self.softness is None or 0 <= self.softness <= 1,
                f"the softness must be 0 to 1, got {self.softness}",
            ),
            (self.layout in ("sbs", "sbs-half"), f"layout must be sbs or sbs-half, got {self.layout!r}"),
            (
                min(self.max_size_px) >= 16,
                f"the size per eye must be 16x16 or more, got {'x'.join(map(str, self.max_size_px))}",
            ),
            (
                0 < self.budget <= MAX_BUDGET,
                f"the budget must be above 0 and at most 15%, got {self.budget:.3%}",
            ),
            (
                self.threads is None or 1 <= self.threads <= MAX_THREADS,
                f"threads must be 1 to {MAX_THREADS}, got {self.threads}",
            ),
            (
                self.depth_quality in DEPTH_QUALITIES,
                f"the depth quality must be one of {', '.join(DEPTH_QUALITIES)}, got {self.depth_quality!r}",
            ),
            (
                self.max_memory_bytes is None or self.profile == "layers",
                f"a limit to the memory belongs to the profile layers, got the profile {self.profile}",
            ),
            (self.device in DEVICES, f"the device must be one of {', '.join(DEVICES)}, got {self.device!r}"),
            (
                self.softness is None or self.segmentation is not None or self.profile == "paper",
                "a softness says how objects of a segmentation stand: give --segmentation too",
            ),
            (
                self.profile == "layers" or str(self.fill) == "auto",
                f"the profile paper fills in its own way, got the filler {self.fill} too",
            ),
            (
                "stereo" in self.outputs or (self.baseline_m, self.convergence_m) == (None, None),
                "a baseline and a screen plane are for two eyes, got no stereo video among the outputs",
            ),
            ((self.depth_file is None) == (self.depth_kind is None), "a depth file and its kind go together"),
            (
                self.depth_file is None or str(self.depth_model) == "auto",
                f"a depth file takes the place of a network, got both {self.depth_file} and {self.depth_model}",
            ),
            (
                self.near_m is None or self.subject_distance_m is None,
                "the nearest distance and the subject's both set the scale: give one of them, got both",
            ),
        )
        for good, message in checks:
            if not good:
                raise InputError(message)
        for what, value, least, most, unit in (
            ("field of view", self.fov_deg, 1, 170, "degrees"),
            ("baseline", self.baseline_m, 0.0001, 1000, "metres"),
            ("distance of the screen plane", self.convergence_m, 0.01, 1e5, "metres"),
            ("nearest distance", self.near_m, 0.01, 1e4, "metres"),
            ("subject's distance", self.subject_distance_m, 0.01, 1e4, "metres"),
        ):
            if value is not None and not least <= value <= most:
                raise InputError(f"the {what} must be {least:g} to {most:g} {unit}, got {value:g}")
        object.__setattr__(self, "paths", {output: self._path_options(output) for output in self.outputs})

    def for_photo(self, size_px: tuple[int, int]) -> ExportOptions:
        """Return the options with what they say of a photo's pixels in percent of a photo of this size.

        Raises:
            InputError: if a crop leaves the photo.
        """
        start, end = (crop and crop.in_percent_of(size_px) for crop in (self.start_crop, self.end_crop))
        return replace(self, start_crop=start, end_crop=end)

    def _path_options(self, output: str) -> PathOptions:
        framed = self.start_crop or self.end_crop or (self.shift_px, self.zoom) != (DEFAULT_SHIFT_PX, DEFAULT_ZOOM)
        meant = "keyframes" if self.keyframes else "kenburns" if framed or output == "kenburns" else "swing"
        return PathOptions(
            name=self.path or meant,
            fps=self.fps,
            seconds=self.seconds,
            ease=self.ease,
            loop=self.loop,
            steps=self.steps,
            start=self.start_crop,
            end=self.end_crop,
            shift_px=self.shift_px,
            zoom=self.zoom,
            keyframes=self.keyframes,
        )
