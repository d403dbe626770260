"""All options of an export together, and which of them do not go together."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from pydantic import model_validator

from kbvr.errors import InputError
from kbvr.motion.crop import DEFAULT_SHIFT_PX, DEFAULT_ZOOM
from kbvr.options.declare import Declared, OptionGroup
from kbvr.options.depth import DepthOptions
from kbvr.options.loop import LoopOptions
from kbvr.options.motion import MotionOptions
from kbvr.options.outputs import AT_REST, LOOPS, ONE_EYED, SCENES, OutputOptions
from kbvr.options.picture import PictureOptions
from kbvr.options.run import RunOptions
from kbvr.options.scene_file import SceneFileOptions
from kbvr.options.stereo import StereoOptions
from kbvr.options.video import DEFAULT_FPS, VR180_LAYOUTS, VideoOptions


class FileOptions(VideoOptions, PictureOptions, LoopOptions, SceneFileOptions, RunOptions):
    """What formats (`kbvr.formats`) know of the options."""

    @model_validator(mode="after")
    def _go_together(self) -> FileOptions:
        _check(
            (
                self.anaglyph_colours not in ("true", "optimised") or self.glasses == "red-cyan",
                f"{self.anaglyph_colours} anaglyphs are for red-cyan glasses, got {self.glasses}",
            ),
            (
                self.quality is None or self.max_mb is None,
                "a largest size means the usual quality or what fits: give a quality or a size, got both",
            ),
            (
                self.projection == "flat" or {*self.layout} <= {*VR180_LAYOUTS},
                f"VR180 has the layouts {', '.join(VR180_LAYOUTS)}, got {', '.join(self.layout)}",
            ),
            (
                self.projection == "flat" or (self.container in ("auto", "mp4") and self.codec != "vp9"),
                f"VR180 is told to players in mp4 only, got the container {self.container} and the codec {self.codec}",
            ),
        )
        return self


class ExportOptions(OutputOptions, DepthOptions, MotionOptions, StereoOptions, FileOptions):
    """What is made of a photo, and how; every default makes a good result."""

    @model_validator(mode="after")
    def _belong_together(self) -> ExportOptions:
        outputs = {*self.outputs}
        _check(
            (bool(outputs), "at least one kind of output must be wanted, got stereo=False and no other"),
            (
                self.max_memory is None or self.profile == "layers",
                f"a limit to the memory belongs to the profile layers, got the profile {self.profile}",
            ),
            (self.focus is None or self.aperture_percent != 0, "a focus needs an aperture, got none"),
            (
                self.softness is None or self.segmentation is not None or self.profile == "paper",
                "a softness says how objects of a segmentation stand: give --segmentation too",
            ),
            (
                self.profile == "layers" or not outputs & {*SCENES},
                f"scenes belong to the profile layers, got the profile {self.profile}",
            ),
            (
                self.profile == "layers" or str(self.fill) == "auto",
                f"the profile paper fills in its own way, got the filler {self.fill} too",
            ),
            (
                bool(outputs - {*ONE_EYED}) or (self.baseline_mm, self.convergence_m) == (None, None),
                "a baseline and a screen plane are for two eyes, got no stereo video among the outputs",
            ),
            (
                not outputs <= {*LOOPS, *AT_REST} or self._rests,
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
                self.projection == "flat" or "stereo" in outputs,
                "VR180 is a stereo video, got none among the outputs",
            ),
            (
                self.aspect is None or (self.from_crop, self.to_crop) == (None, None),
                "an aspect cuts the photo itself: give it or the crops of a kenburns path, got both",
            ),
            ((self.depth is None) == (self.depth_kind is None), "a depth file and its kind go together"),
            (
                self.depth is None or str(self.depth_model) == "auto",
                f"a depth file takes the place of a network, got both {self.depth} and {self.depth_model}",
            ),
            (
                self.near_m is None or self.subject_distance_m is None,
                "the nearest distance and the subject's both set the scale: give one of them, got both",
            ),
        )
        return self

    @property
    def _rests(self) -> bool:
        """Whether nothing is said of a move."""
        said = (self.path, self.seconds, self.ease, self.loop, self.steps, self.from_crop, self.to_crop)
        numbers = (self.fps, self.shift_px, self.zoom)
        return {*said, self.keyframes} == {None} and numbers == (DEFAULT_FPS, DEFAULT_SHIFT_PX, DEFAULT_ZOOM)

    def for_photo(self, size_px: tuple[int, int], *, name: str) -> ExportOptions:
        """Return the options with what they leave to a photo of this size and name, and its pixels in percent of it.

        Raises:
            InputError: if a crop leaves the photo.
        """
        crops = (crop and crop.in_percent_of(size_px) for crop in (self.from_crop, self.to_crop))
        alt = name.replace("_", " ") if self.alt is None else self.alt
        return self.model_copy(update={**dict(zip(("from_crop", "to_crop"), crops, strict=True)), "alt": alt})

    def idle(self, formats: Collection[str]) -> tuple[str, ...]:
        """Return the names of options that were given although none of these formats uses them."""
        return tuple(
            one.name
            for one in declared()
            if one.used_by
            and not {*one.used_by} & {*formats}
            and getattr(self, one.name) != one.default
            and one.name not in OutputOptions.model_fields
        )


GROUPS: tuple[type[OptionGroup], ...] = (
    OutputOptions,
    VideoOptions,
    PictureOptions,
    LoopOptions,
    SceneFileOptions,
    MotionOptions,
    StereoOptions,
    DepthOptions,
    RunOptions,
)
"""The groups of `ExportOptions`, in the order of the help."""


def declared() -> Iterable[Declared]:
    """Yield every option of an export once, group after group."""
    for group in GROUPS:
        yield from group.declared()


def _check(*checks: tuple[bool, str]) -> None:
    for good, message in checks:
        if not good:
            raise InputError(message)
