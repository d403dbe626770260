"""What may be chosen for an export; every default makes a good one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Literal, get_args

from kbvr.depth.predict import DEPTH_QUALITIES
from kbvr.errors import InputError
from kbvr.formats.spec.file_options import DEFAULT_FPS, FileChoices, check_one, check_some, names_in
from kbvr.motion.easing import Ease, Steps
from kbvr.motion.ken_burns import DEFAULT_SHIFT_PX, DEFAULT_ZOOM, Crop
from kbvr.motion.paths import PathOptions
from kbvr.motion.sway import ANAGLYPH_BUDGET, WIGGLE_BUDGET
from kbvr.nets import DEVICES, MAX_THREADS
from kbvr.photo.depth_array import DepthKind
from kbvr.stereo.rig import DEFAULT_BUDGET, MAX_PARALLAX_DEG
from kbvr.stereo.screen import DEFAULT_IPD_M, Screen, screen_of

Output = Literal[
    "stereo",
    "kenburns",
    "wiggle",
    "anaglyph",
    "still",
    "quilt",
    "autostereogram",
    "depth-map",
    "gltf",
    "html",
    "embed",
    "ply",
    "obj",
    "usdz",
    "splats",
]
OUTPUTS: tuple[str, ...] = get_args(Output)
"""stereo: a video for two eyes; kenburns: a plain video of a moving camera; wiggle: a loop that shows depth without
glasses; anaglyph: a loop for coloured glasses; still: pictures for two eyes; quilt: a picture of many views;
autostereogram, depth-map: what is made of the depth alone; gltf: a scene of triangles; html: the same with its viewer,
as a page; embed: the same for a place in a page; ply, obj, usdz, splats: the same for other programs."""

LOOPS = ("wiggle", "anaglyph")
"""Outputs that are loops for web pages, with a move of their own."""

FROM_DEPTH = ("autostereogram", "depth-map")
"""Outputs for which nothing is drawn."""

SCENES = ("gltf", "html", "embed", "ply", "obj", "usdz", "splats")
"""Outputs that hold a scene for others to draw; a camera moves in it."""

SCENE_KEYS_PER_S = 5.0
"""So often a scene says where its camera is; between, viewers find the way."""

AT_REST = ("still", "quilt", *FROM_DEPTH)
"""Outputs in which the camera does not move; FileChoices names what they are."""

ONE_EYED = ("kenburns", *SCENES, *FROM_DEPTH)
"""Outputs that have neither baseline nor screen plane."""

BUDGETS: Mapping[str, float] = MappingProxyType({"wiggle": WIGGLE_BUDGET, "anaglyph": ANAGLYPH_BUDGET})
"""Output -> its budget if none is given, where that is not DEFAULT_BUDGET."""

PROFILES = ("layers", "paper")
"""layers: kbvr's own; paper: the 3D Ken Burns method as its authors published it (`kbvr.profiles.layers`)."""

WINDOWS = ("none", "floating")
"""floating: black bars at the eyes' outer borders bring the frame before what it cuts."""

MAX_BUDGET = 0.15
MAX_BLUR_SHARE = 0.05


@dataclass(frozen=True, kw_only=True)
class ExportOptions(FileChoices):
    """What is written for a photo, and how; the fields of `FileChoices` are options too."""

    outputs: tuple[str, ...] = ("stereo",)
    """Names of OUTPUTS, each once."""

    profile: str = "layers"
    """A name of PROFILES."""

    path: str | None = None
    """How the camera moves; None: the path that other options belong to, else swing in stereo and kenburns in mono."""

    seconds: float | None = None
    ease: Ease | None = None
    loop: bool | None = None
    steps: Steps | None = None
    start_crop: Crop | None = None
    end_crop: Crop | None = None
    shift_px: float = DEFAULT_SHIFT_PX
    zoom: float = DEFAULT_ZOOM
    keyframes: Path | None = None
    """These are those of `kbvr.motion.paths.PathOptions`."""

    max_size_px: tuple[int, int] | None = None
    """Largest (width, height) of a view, None is what suits each output; the photo's own size is never exceeded."""

    fov_deg: float | None = None
    depth_file: Path | None = None
    depth_kind: DepthKind | None = None
    baseline_m: float | None = None
    convergence_m: float | None = None
    budget: float | None = None
    """Parallax range from nearest to farthest, as a share of the width; None is what BUDGETS has for each output."""

    screen: str = "tv"
    """What the parallax is planned for: a name or size that `kbvr.stereo.screen.screen_of` takes."""

    ipd_m: float = DEFAULT_IPD_M
    """Distance between the viewer's eyes."""

    max_parallax_deg: float = MAX_PARALLAX_DEG
    """Largest parallax each way, as a visual angle on the screen."""

    window: str = "none"
    """A name of WINDOWS."""

    focus: tuple[float, float] | None = None
    """Where the picture is sharp: x and y as shares of the photo's width and height; None is the subject."""

    blur_share: float = 0.0
    """Diameter of the disc that the most blurred is blurred to, as a share of the width; 0 is a pinhole, all sharp."""

    vignette: float = 0.0
    """How much darker the corners are, 0 to 1."""

    near_m: float | None = None
    subject_distance_m: float | None = None
    """Where the subject is put, in place of near_m, if the depth has no scale of its own."""

    depth_model: str | Path = "auto"
    """`auto`, a name or an ONNX file that `kbvr.depth.networks.depth_network` takes."""

    depth_quality: str = "good"
    segmentation: str | Path | None = None
    """Name or ONNX file of an instance segmentation that makes objects stand upright; None is none, and in the profile
    paper maskrcnn if it is there."""

    softness: float | None = None
    """How much of its own relief an object keeps then, 0 to 1; None is 0.5, and in the profile paper 0."""

    fill: str | Path = "auto"
    """`auto`, a name or an ONNX file that `kbvr.inpaint.choose.filler_named` takes."""

    threads: int | None = None
    max_memory_bytes: int | None = None
    """About how much memory an export may take at most: larger photos are made smaller (`kbvr.plan.memory_budget`)."""

    device: str = "auto"
    """What networks run on: one of `kbvr.nets.DEVICES`; `kbvr.nets.open_session` says what they mean.

    `kbvr.rendering.gpu_renderer.best_renderer` says which of them let pictures be drawn on a GPU too."""

    viewed_on: Screen = field(init=False)
    paths: dict[str, PathOptions] = field(init=False)
    """Output -> how the camera moves in it; none for those of LOOPS and AT_REST."""

    def __post_init__(self) -> None:
        """Check every range before any work.

        Raises:
            InputError: if a value is out of its range, or options do not go together.
        """
        super().__post_init__()
        check_some(self.outputs, OUTPUTS, "outputs")
        check_one(self.window, WINDOWS, "the window")
        checks = (
            (self.profile in PROFILES, f"the profile must be one of {', '.join(PROFILES)}, got {self.profile!r}"),
            (
                self.softness is None or 0 <= self.softness <= 1,
                f"the softness must be 0 to 1, got {self.softness}",
            ),
            (
                self.max_size_px is None or min(self.max_size_px) >= 16,
                f"the size per eye must be 16x16 or more, got {'x'.join(map(str, self.max_size_px or ()))}",
            ),
            (
                self.budget is None or 0 < self.budget <= MAX_BUDGET,
                f"the budget must be above 0 and at most 15%, got {self.budget or 0:.3%}",
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
            (
                self.focus is None or all(0 <= share <= 1 for share in self.focus),
                f"the focus must lie in the photo, got {self.focus} of its width and height",
            ),
            (
                0 <= self.blur_share <= MAX_BLUR_SHARE,
                f"the blur must be 0 to {MAX_BLUR_SHARE:.0%} of the width, got {self.blur_share:.3%}",
            ),
            (self.focus is None or self.blur_share > 0, "a focus needs an aperture, got none"),
            (0 <= self.vignette <= 1, f"the vignette must be 0 to 1, got {self.vignette}"),
            (self.device in DEVICES, f"the device must be one of {', '.join(DEVICES)}, got {self.device!r}"),
            (
                self.softness is None or self.segmentation is not None or self.profile == "paper",
                "a softness says how objects of a segmentation stand: give --segmentation too",
            ),
            (
                self.profile == "layers" or not {*self.outputs} & {*SCENES},
                f"scenes belong to the profile layers, got the profile {self.profile}",
            ),
            (
                self.profile == "layers" or str(self.fill) == "auto",
                f"the profile paper fills in its own way, got the filler {self.fill} too",
            ),
            (
                bool({*self.outputs} - {*ONE_EYED}) or (self.baseline_m, self.convergence_m) == (None, None),
                "a baseline and a screen plane are for two eyes, got no stereo video among the outputs",
            ),
            (
                {*outputs_at_rest(self.still, self.depth_map)} == {*self.outputs} & {*AT_REST},
                f"stills {self.still} and depth maps {self.depth_map} do not go with the outputs {self.outputs}",
            ),
            (
                not {*self.outputs} <= {*LOOPS, *AT_REST} or self._rests,
                "how a camera moves belongs to videos, got none among the outputs",
            ),
            (
                self.projection == "flat" or self.convergence_m is None,
                "VR180 has no screen plane: the eyes look straight ahead, got the distance of one",
            ),
            (
                self.projection == "flat" or self.window == "none",
                "VR180 has no screen plane that a floating window could stand before, got the window floating",
            ),
            (
                self.projection == "flat" or "stereo" in self.outputs,
                "VR180 is a stereo video, got none among the outputs",
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
            ("largest parallax", self.max_parallax_deg, 0.05, 5, "degrees"),
            ("distance of the screen plane", self.convergence_m, 0.01, 1e5, "metres"),
            ("nearest distance", self.near_m, 0.01, 1e4, "metres"),
            ("subject's distance", self.subject_distance_m, 0.01, 1e4, "metres"),
        ):
            if value is not None and not least <= value <= most:
                raise InputError(f"the {what} must be {least:g} to {most:g} {unit}, got {value:g}")
        object.__setattr__(self, "viewed_on", screen_of(self.screen, ipd_m=self.ipd_m))
        moving = [output for output in self.outputs if output not in (*LOOPS, *AT_REST)]
        object.__setattr__(self, "paths", {output: self._path_options(output) for output in moving})

    @property
    def _rests(self) -> bool:
        """Whether nothing is said of a move."""
        said = (self.path, self.seconds, self.ease, self.loop, self.steps, self.start_crop, self.end_crop)
        numbers = (self.fps, self.shift_px, self.zoom)
        return {*said, self.keyframes} == {None} and numbers == (DEFAULT_FPS, DEFAULT_SHIFT_PX, DEFAULT_ZOOM)

    def budget_of(self, output: str) -> float:
        """Return the budget of an output that has one."""
        return BUDGETS.get(output, DEFAULT_BUDGET) if self.budget is None else self.budget

    def for_photo(self, size_px: tuple[int, int], *, name: str) -> ExportOptions:
        """Return the options with what they leave to a photo of this size and name, and its pixels in percent of it.

        Raises:
            InputError: if a crop leaves the photo.
        """
        start, end = (crop and crop.in_percent_of(size_px) for crop in (self.start_crop, self.end_crop))
        alt = name.replace("_", " ") if self.alt is None else self.alt
        return replace(self, start_crop=start, end_crop=end, alt=alt)

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


def outputs_at_rest(still: str | None, depth_map: str | None) -> tuple[str, ...]:
    """Return the outputs that stills and depth maps of these names (`FileChoices`) make."""
    stills = {*names_in(still)} if still is not None else set()
    own = [name for name in ("quilt", "autostereogram") if name in stills]
    return (*(["still"] if stills - {*own} else []), *own, *(["depth-map"] if depth_map is not None else []))
