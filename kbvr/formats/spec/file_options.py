"""What may be chosen about the files that are written; every default suits most people."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, fields

from kbvr.errors import InputError
from kbvr.formats.spec.codecs import CODECS, CONTAINERS, container_of
from kbvr.mesh.backdrop import SURROUNDS

DEFAULT_FPS = 25.0
LAYOUTS = (
    "sbs",
    "sbs-half",
    "tb",
    "tb-half",
    "cross",
    "mono",
    "left-right",
    "rows",
    "columns",
    "checkerboard",
    "anaglyph",
)
"""How the two eyes share a stereo video; left-right is two files, mono what one eye in the middle sees."""

GLASSES = ("red-cyan", "green-magenta", "amber-blue")
"""Colours before the left and the right eye."""

ANAGLYPH_COLOURS = ("dubois", "true", "gray", "colour", "half-colour", "optimised")
"""How the colours of two pictures become those of one (`kbvr.formats.packing.anaglyph`)."""

ANIMATIONS = ("gif", "webp", "avif", "mp4")
"""What loops for web pages are written as."""

MAX_VIEWS = 37
MAX_PERIOD_S = 60.0


PACKED_STILLS = (
    "sbs",
    "sbs-half",
    "tb",
    "tb-half",
    "cross",
    "left-right",
    "rows",
    "columns",
    "checkerboard",
    "anaglyph",
)
"""Stills that are plain picture files; the names are those of LAYOUTS."""

STILLS = (*PACKED_STILLS, "jps", "mpo", "vr180", "spatial", "autostereogram", "quilt")
"""Kinds of stereo pictures."""

PICTURES = ("jpeg", "png", "webp")
QUILTS_FOR = ("portrait", "go", "16", "32", "65")
"""Looking Glass displays; numbers are inches across the long side."""

PATTERNS = ("dots", "photo")
"""What an autostereogram repeats: random dots, or a strip of the photo."""

DEPTH_MAPS = ("png", "npy", "npz", "exr", "color")
"""Kinds of files of depth (`kbvr.formats.depth.depth_map`)."""
PROJECTIONS = ("flat", "vr180")
"""flat: pictures as a camera takes them; vr180: half a sphere round the viewer, as far as the photo goes."""

VR180_LAYOUTS = ("sbs", "tb", "mono")
VR180_SIDES_PX = (64, 8192)

TEXTURES = ("webp", "jpeg")
"""What the pictures in a scene are stored as; jpeg: the photo as JPEG and the rest as PNG, for older programs."""

COMPRESSIONS = ("none", "draco")
"""What the triangles of a scene are stored by; draco: a third of the bytes, for programs with its decoder."""

TRIANGLES = (2000, 5_000_000)

PLAYERS = ("any", "quest", "skybox", "deovr", "youtube", "plain")
"""Whom the names of stereo videos are for (`kbvr.plan.output_kinds`)."""


ABOUT_ALL = ("still", "depth_map", "projection", "overwrite")
"""Choices that say what is written at all."""


@dataclass(frozen=True, kw_only=True)
class FileChoices:
    """How files are written; `takes` in a field's metadata is what it may be, for people."""

    fps: float = field(default=DEFAULT_FPS, metadata={"takes": "1 to 240 pictures per second"})
    layout: str = field(default="sbs", metadata={"takes": f"some of {', '.join(LAYOUTS)}, with commas between them"})
    """A stereo video is written in each."""

    glasses: str = field(default="red-cyan", metadata={"takes": ", ".join(GLASSES)})
    anaglyph_colours: str = field(default="dubois", metadata={"takes": ", ".join(ANAGLYPH_COLOURS)})
    still: str | None = field(
        default=None, metadata={"takes": f"some of {', '.join(STILLS)}, with commas between them"}
    )
    """Stereo pictures of each kind are written."""

    picture: str | None = field(default=None, metadata={"takes": f"one of {', '.join(PICTURES)}"})
    """What packed stills are written as; None: JPEG, or PNG where each eye's pixels lie between the other's."""

    quality: int | None = field(default=None, metadata={"takes": "1 to 100"})
    quilt_for: str = field(default="portrait", metadata={"takes": f"one of {', '.join(QUILTS_FOR)}"})
    autostereogram_pattern: str = field(default="dots", metadata={"takes": f"one of {', '.join(PATTERNS)}"})
    depth_map: str | None = field(
        default=None, metadata={"takes": f"some of {', '.join(DEPTH_MAPS)}, with commas between them"}
    )
    """The photo's depth is written in each."""
    animate_as: str = field(
        default=",".join(ANIMATIONS), metadata={"takes": f"some of {', '.join(ANIMATIONS)}, with commas between them"}
    )
    """Loops are written as each."""

    views: int | None = field(default=None, metadata={"takes": f"2 to {MAX_VIEWS}"})
    """How many views a loop has; None is what suits it."""

    period_s: float | None = field(default=None, metadata={"takes": f"0.04 to {MAX_PERIOD_S:g} seconds"})
    """How long a loop takes, there and back; None is what suits it."""

    max_kb: float | None = field(default=None, metadata={"takes": "1 or more kB (of 1000 bytes)"})
    """The most that each file of a loop may have."""

    alt: str | None = field(default=None, metadata={"takes": "any text"})
    """What a loop shows, for people who do not see it; None is the photo's name."""

    codec: str = field(default="auto", metadata={"takes": f"auto, {', '.join(CODECS)}"})
    """auto: what most players know of those that hold the size and go into the container."""

    container: str = field(default="auto", metadata={"takes": f"auto, {', '.join(CONTAINERS)}"})
    max_mb: float | None = field(default=None, metadata={"takes": "0.001 to 100000 million bytes"})
    """A video of the usual quality that is larger is made anew with less, until it is not."""

    projection: str = field(default="flat", metadata={"takes": ", ".join(PROJECTIONS)})
    vr180_px: int = field(default=2048, metadata={"takes": "{} to {}, even".format(*VR180_SIDES_PX)})
    """Width and height of an eye's half sphere."""

    texture: str = field(default="webp", metadata={"takes": ", ".join(TEXTURES)})
    compress: str = field(default="none", metadata={"takes": ", ".join(COMPRESSIONS)})
    triangles: int = field(default=150_000, metadata={"takes": "{} to {}".format(*TRIANGLES)})
    """The most that a scene has; the default is what headsets draw without haste."""

    surround: str = field(default="dome", metadata={"takes": ", ".join(SURROUNDS)})
    eye_height_m: float = field(default=1.6, metadata={"takes": "0 to 10 metres"})
    """How high above the floor of a scene the photo's camera is."""

    name_for: str = field(default="any", metadata={"takes": ", ".join(PLAYERS)})
    overwrite: bool = False

    def __post_init__(self) -> None:
        """Check every range before any work.

        Raises:
            InputError: if a value is out of its range, or choices do not go together.
        """
        check_some(names_in(self.layout), LAYOUTS, "the layout")
        check_one(self.glasses, GLASSES, "the glasses")
        check_one(self.anaglyph_colours, ANAGLYPH_COLOURS, "the colours of an anaglyph")
        if self.anaglyph_colours in ("true", "optimised") and self.glasses != "red-cyan":
            raise InputError(f"{self.anaglyph_colours} anaglyphs are for red-cyan glasses, got {self.glasses}")
        if self.still is not None:
            check_some(names_in(self.still), STILLS, "the stills")
        if self.depth_map is not None:
            check_some(names_in(self.depth_map), DEPTH_MAPS, "the depth maps")
        if self.picture is not None:
            check_one(self.picture, PICTURES, "the kind of picture")
        check_one(self.quilt_for, QUILTS_FOR, "the display of a quilt")
        check_one(self.autostereogram_pattern, PATTERNS, "the pattern of an autostereogram")
        check_some(names_in(self.animate_as), ANIMATIONS, "the animations")
        check_one(self.texture, TEXTURES, "the texture")
        check_one(self.compress, COMPRESSIONS, "the compression of triangles")
        check_one(self.surround, SURROUNDS, "the surround")
        for what, value, least, most in (
            ("number of views", self.views, 2, MAX_VIEWS),
            ("period", self.period_s, 0.04, MAX_PERIOD_S),
            ("largest file in kB", self.max_kb, 1, 1e6),
            ("number of triangles", self.triangles, *TRIANGLES),
            ("eye height in metres", self.eye_height_m, 0, 10),
        ):
            if value is not None and not least <= value <= most:
                raise InputError(f"the {what} must be {least:g} to {most:g}, got {value:g}")
        self._check_video()

    def idle(self, taken: Collection[str]) -> tuple[str, ...]:
        """Return the names of choices that were made although no file takes them; `taken` are those that one does."""
        chosen = [one.name for one in fields(FileChoices) if getattr(self, one.name) != one.default]
        return tuple(name for name in chosen if name not in (*ABOUT_ALL, *taken))

    def _check_video(self) -> None:
        check_one(self.codec, ("auto", *CODECS), "the codec")
        check_one(self.container, ("auto", *CONTAINERS), "the container")
        check_one(self.projection, PROJECTIONS, "the projection")
        check_one(self.name_for, PLAYERS, "the player that names are for")
        container = container_of(self.codec, self.container)
        least, most = VR180_SIDES_PX
        checks = (
            (self.quality is None or 1 <= self.quality <= 100, f"the quality must be 1 to 100, got {self.quality}"),
            (
                self.max_mb is None or 0.001 <= self.max_mb <= 100_000,
                f"the largest size must be 0.001 to 100000 MB, got {self.max_mb}",
            ),
            (
                self.quality is None or self.max_mb is None,
                "a largest size means the usual quality or what fits: give a quality or a size, got both",
            ),
            (
                least <= self.vr180_px <= most and self.vr180_px % 2 == 0,
                f"the side of a half sphere must be {least} to {most} px and even, got {self.vr180_px}",
            ),
            (
                self.projection == "flat" or set(names_in(self.layout)) <= set(VR180_LAYOUTS),
                f"VR180 has the layouts {', '.join(VR180_LAYOUTS)}, got {self.layout}",
            ),
            (
                self.projection == "flat" or container == "mp4",
                f"VR180 is told to players in mp4 only, got the container {container}",
            ),
        )
        for good, message in checks:
            if not good:
                raise InputError(message)


def names_in(text: str) -> tuple[str, ...]:
    """Return the names of a text like `sbs,anaglyph`."""
    return tuple(name.strip() for name in text.split(","))


def check_one(value: str, names: tuple[str, ...], what: str) -> None:
    """Check that a value is one of some names; errors call it `what`.

    Raises:
        InputError: if it is not.
    """
    if value not in names:
        raise InputError(f"{what} must be one of {', '.join(names)}, got {value!r}")


def check_some(values: tuple[str, ...], names: tuple[str, ...], what: str) -> None:
    """Check that values are one or more of some names, each once; errors call them `what`.

    Raises:
        InputError: if they are not.
    """
    if not values or not set(values) <= set(names) or len(set(values)) != len(values):
        raise InputError(f"{what} must be some of {', '.join(names)}, each once, got {', '.join(values) or 'none'}")
