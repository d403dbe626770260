"""Photos that people can try without having one at hand; examples/credits.txt names their authors and licences."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "examples"


@dataclass(frozen=True)
class ExamplePhoto:
    """A photo that comes with kbvr."""

    name: str
    """Its file's name without the suffix."""

    title: str

    @property
    def path(self) -> Path:
        """The file."""
        return FOLDER / f"{self.name}.jpg"


EXAMPLE_PHOTOS = (
    ExamplePhoto("moose", "A moose"),
    ExamplePhoto("street", "An old street"),
    ExamplePhoto("coffee", "A cup of coffee"),
)


def example_named(name: str) -> ExamplePhoto | None:
    """Return an example; None if there is none of this name."""
    return next((example for example in EXAMPLE_PHOTOS if example.name == name), None)
