"""What may be chosen about the files that are written; every default suits most people."""

from __future__ import annotations

from dataclasses import dataclass, field

from kbvr.errors import InputError

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
"""How the colours of two pictures become those of one (`kbvr.formats.anaglyph`)."""

ANIMATIONS = ("gif", "webp", "avif", "mp4")
"""What loops for web pages are written as."""

MAX_VIEWS = 37
MAX_PERIOD_S = 60.0


@dataclass(frozen=True, kw_only=True)
class FileChoices:
    """How files are written; `takes` in a field's metadata is what it may be, for people."""

    fps: float = field(default=25.0, metadata={"takes": "1 to 240 pictures per second"})
    layout: str = field(default="sbs", metadata={"takes": f"some of {', '.join(LAYOUTS)}, with commas between them"})
    """A stereo video is written in each."""

    glasses: str = field(default="red-cyan", metadata={"takes": ", ".join(GLASSES)})
    anaglyph_colours: str = field(default="dubois", metadata={"takes": ", ".join(ANAGLYPH_COLOURS)})
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
        check_some(names_in(self.animate_as), ANIMATIONS, "the animations")
        for what, value, least, most in (
            ("number of views", self.views, 2, MAX_VIEWS),
            ("period", self.period_s, 0.04, MAX_PERIOD_S),
            ("largest file in kB", self.max_kb, 1, 1e6),
        ):
            if value is not None and not least <= value <= most:
                raise InputError(f"the {what} must be {least:g} to {most:g}, got {value:g}")


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
