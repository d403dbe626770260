"""All options of an export together, and which of them conflict with or depend on each other."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from pydantic import model_validator

from kbvr.errors import OptionsError
from kbvr.options.declare import Declared, OptionGroup
from kbvr.options.depth import DepthOptions
from kbvr.options.loop import LoopOptions
from kbvr.options.motion import MotionOptions
from kbvr.options.old_photo import OldPhotoOptions
from kbvr.options.outputs import AT_REST, LOOPS, ONE_EYED, SCENES, OutputOptions
from kbvr.options.picture import PictureOptions
from kbvr.options.run import RunOptions
from kbvr.options.scene_file import SceneFileOptions
from kbvr.options.stereo import StereoOptions
from kbvr.options.video import DEFAULT_FPS, VR180_LAYOUTS, VideoOptions

MAX_FLAT_FOV_DEG = 170.0
"""No flat picture shows more."""


class FileOptions(VideoOptions, PictureOptions, LoopOptions, SceneFileOptions, RunOptions):
    """The options that formats (`kbvr.formats`) know."""

    @model_validator(mode="after")
    def _check_files(self) -> FileOptions:
        is_flat = self.projection == "flat"
        _check(
            (
                self.anaglyph_colours not in ("true", "optimised") or self.glasses == "red-cyan",
                f"{{anaglyph_colours}} {self.anaglyph_colours} requires {{glasses}} red-cyan, got {self.glasses}",
            ),
            (self.quality is None or self.max_mb is None, "{quality} and {max_mb} cannot be combined"),
            (
                is_flat or {*self.layout} <= {*VR180_LAYOUTS},
                f"{{projection}} vr180 requires {{layout}} sbs, tb or mono, got {', '.join(self.layout)}",
            ),
            (
                is_flat or self.container in ("auto", "mp4"),
                f"{{projection}} vr180 requires {{container}} mp4, got {self.container}",
            ),
            (is_flat or self.codec != "vp9", "{projection} vr180 and {codec} vp9 cannot be combined"),
        )
        return self


class ExportOptions(OutputOptions, OldPhotoOptions, DepthOptions, MotionOptions, StereoOptions, FileOptions):
    """What is made of a photo, and how; the defaults give a good result."""

    @model_validator(mode="after")
    def _check_all(self) -> ExportOptions:
        outputs = {*self.outputs}
        is_flat, is_paper = self.projection == "flat", self.profile == "paper"
        has_two_eyes = bool(outputs - {*ONE_EYED})
        motion = () if outputs - {*LOOPS, *AT_REST} else self._given_motion()
        _check(
            (bool(outputs), "no output is chosen: {stereo} is off and no other output is on"),
            (self.max_memory is None or not is_paper, "{max_memory} requires {profile} layers"),
            (self.colorize is not None or self.colorize_strength == 1, "{colorize_strength} requires {colorize}"),
            (self.focus is None or self.aperture_percent != 0, "{focus} requires {aperture_percent} above 0"),
            (self.softness is None or self.segmentation is not None or is_paper, "{softness} requires {segmentation}"),
            (
                not is_paper or not outputs & {*SCENES},
                f"scene outputs ({', '.join(sorted(outputs & {*SCENES}))}) require {{profile}} layers",
            ),
            (not is_paper or str(self.fill) == "auto", "{fill} requires {profile} layers"),
            (has_two_eyes or self.baseline_mm is None, "{baseline_mm} requires a stereo output"),
            (has_two_eyes or self.convergence_m is None, "{convergence_m} requires a stereo output"),
            (not motion, f"{{{motion[0] if motion else ''}}} requires a video or a scene"),
            (is_flat or self.convergence_m is None, "{convergence_m} and {projection} vr180 cannot be combined"),
            (is_flat or self.window == "none", "{window} floating and {projection} vr180 cannot be combined"),
            (is_flat or "stereo" in outputs, "{projection} vr180 requires {stereo}"),
            (self.aspect is None or self.from_crop is None, "{aspect} and {from_crop} cannot be combined"),
            (self.aspect is None or self.to_crop is None, "{aspect} and {to_crop} cannot be combined"),
            *self._depth_checks(),
            (
                self.near_m is None or self.subject_distance_m is None,
                "{near_m} and {subject_distance_m} cannot be combined",
            ),
        )
        return self

    def _depth_checks(self) -> tuple[tuple[bool, str], ...]:
        has_file = self.depth is not None or self.rgbd is not None
        is_auto = str(self.depth_model) == "auto"
        has_pair = str(self.pair) not in ("auto", "none")
        return (
            (has_file or self.depth_kind is None, "{depth_kind} requires {depth} or {rgbd}"),
            (self.depth is None or self.rgbd is None, "{depth} and {rgbd} cannot be combined"),
            (self.pair_file is None or self.depth is None, "{depth} and a file of {pair} cannot be combined"),
            (not has_pair or self.rgbd is None, "{rgbd} and {pair} cannot be combined"),
            (
                not has_pair or self.panorama in ("auto", "none"),
                f"{{panorama}} {self.panorama} and {{pair}} cannot be combined",
            ),
            (self.rgbd is None or self.depth_kind != "kbvr", "{rgbd} and {depth_kind} kbvr cannot be combined"),
            (self.depth is None or is_auto, "{depth} and {depth_model} cannot be combined"),
            (self.depth is None or not self.repair, "{repair} and {depth} cannot be combined"),
            (self.rgbd is None or not self.repair, "{repair} and {rgbd} cannot be combined"),
            (self.rgbd is None or is_auto, "{rgbd} and {depth_model} cannot be combined"),
            (
                self.fov_deg is None or self.fov_deg <= MAX_FLAT_FOV_DEG or self.panorama == "cylinder",
                f"{{fov_deg}} above {MAX_FLAT_FOV_DEG:g} requires {{panorama}} cylinder, got {self.fov_deg or 0:g}",
            ),
            (
                not has_file or "vr360" not in (self.still or ()),
                f"{{{'depth' if self.rgbd is None else 'rgbd'}}} and {{still}} vr360 cannot be combined",
            ),
            (
                not has_file or self.panorama in ("auto", "none"),
                f"{{panorama}} {self.panorama} cannot be combined with {{depth}} or {{rgbd}}",
            ),
        )

    def _given_motion(self) -> list[str]:
        """Return the names of options that move the camera of a video and differ from their defaults."""
        names = ("path", "seconds", "ease", "loop", "steps", "from_crop", "to_crop", "shift_px", "zoom", "keyframes")
        defaults = dict.fromkeys(names) | {"fps": DEFAULT_FPS}
        return [name for name, default in defaults.items() if getattr(self, name) != default]

    def for_photo(self, size_px: tuple[int, int], *, alt: str) -> ExportOptions:
        """Return the options for a photo of this size: crops in percent, and its alternative text unless one is given.

        Raises:
            InputError: if a crop is not inside the photo.
        """
        crops = (crop and crop.in_percent_of(size_px) for crop in (self.from_crop, self.to_crop))
        alt = alt if self.alt is None else self.alt
        return self.model_copy(update={**dict(zip(("from_crop", "to_crop"), crops, strict=True)), "alt": alt})

    def unused(self, formats: Collection[str]) -> tuple[str, ...]:
        """Return the names of options that were given but that none of these formats uses."""
        return tuple(
            option.name
            for option in declared()
            if option.used_by
            and not {*option.used_by} & {*formats}
            and getattr(self, option.name) != option.default
            and option.name not in OutputOptions.model_fields
        )


GROUPS: tuple[type[OptionGroup], ...] = (
    OutputOptions,
    VideoOptions,
    PictureOptions,
    LoopOptions,
    SceneFileOptions,
    MotionOptions,
    StereoOptions,
    OldPhotoOptions,
    DepthOptions,
    RunOptions,
)
"""The groups of `ExportOptions`, in the order of the help."""


def declared() -> Iterable[Declared]:
    """Yield every option of an export once, group after group."""
    for group in GROUPS:
        yield from group.declared()


def flag_of(name: str) -> str:
    """Return the flag of an option by its name in Python; other names stay as they are."""
    return next((option.flag for option in declared() if option.name == name), name)


def _check(*checks: tuple[bool, str]) -> None:
    for passes, message in checks:
        if not passes:
            raise OptionsError(message)
