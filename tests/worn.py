"""A person in an emulated headset: hands that point and press, and what the viewer says of itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import atan2, cos, hypot, sin
from typing import Any, Literal

import numpy as np
from web_engines import IWER_HEAD_M, Headset, Web

Hand = Literal["left", "right"]
STATE = "document.querySelector('kbvr-photo').state"

HANDS_M = {"left": (-0.2, 1.3, -0.2), "right": (0.2, 1.3, -0.2)}
"""Where hands are: beside the body."""

AIM = """([from, turned, hand, isHand]) => {
  const held = (isHand ? xrDevice.hands : xrDevice.controllers)[hand];
  held.position.set(...from);
  held.quaternion.set(...turned);
}"""

WATCH = """() => {
  window.watched = [];
  const look = () => {
    const state = document.querySelector("kbvr-photo").state?.headset;
    if (state) window.watched.push([state.scene, state.narrow, state.veil]);
    window.watching = requestAnimationFrame(look);
  };
  look();
}"""


@dataclass(frozen=True, eq=False)
class Worn:
    """A headset that shows scenes of kbvr."""

    headset: Headset

    @property
    def state(self) -> dict[str, Any]:
        """What the viewer says of the headset's view."""
        return self.headset.page.evaluate(f"{STATE}.headset")

    @property
    def labels(self) -> list[str]:
        """What can be pointed at."""
        return [target["label"] for target in self.state["targets"]]

    def frames(self, count: int = 2) -> None:
        """Let some frames pass."""
        self.headset.page.evaluate("async count => { while (count--) await new Promise(requestAnimationFrame) }", count)

    def until(self, condition: str) -> None:
        """Wait until an expression of the view's state, `state`, is true."""
        self.headset.page.wait_for_function(f"() => {{ const state = {STATE}.headset; return {condition}; }}")

    def settled(self) -> None:
        """Wait until the vignette stands still."""
        self.headset.page.wait_for_function(
            f"""() => {{
              const {{ narrow, veil }} = {STATE}.headset;
              const [now, before] = [`${{narrow}} ${{veil}}`, window.closing];
              window.closing = now;
              return now === before;
            }}""",
            polling=100,
        )

    def move(self, *position_m: float) -> None:
        """Put the head somewhere, above the floor."""
        self.headset.page.evaluate("place => xrDevice.position.set(...place)", list(position_m))
        self.frames()

    def aim(self, label: str, hand: Hand = "right", *, with_fingers: bool = False, on_floor: bool = False) -> None:
        """Point at what has this label; `on_floor` tells whether the reference space begins at the floor."""
        places = {target["label"]: target["place_m"] for target in self.state["targets"]}
        x, y, z = places[label]
        self._point(np.array((x, y + IWER_HEAD_M * (not on_floor), z)), hand, with_fingers=with_fingers)

    def press(self, button: str, hand: Hand = "right") -> None:
        """Press a button of a controller and let it go."""
        press = "([button, value, hand]) => xrDevice.controllers[hand].updateButtonValue(button, value)"
        for value in (1, 0):
            self.headset.page.evaluate(press, [button, value, hand])
            self.frames()

    def push(self, x: float, y: float, hand: Hand = "right") -> None:
        """Push a thumbstick to the right and away from the body; it stays there."""
        push = "([x, y, hand]) => xrDevice.controllers[hand].updateAxes('thumbstick', x, y)"
        self.headset.page.evaluate(push, [x, -y, hand])
        self.frames()

    def pinch(self, hand: Hand = "right") -> None:
        """Pinch and let go."""
        for value in (1, 0):
            self.headset.page.evaluate(f"value => xrDevice.hands.{hand}.updatePinchValue(value)", value)
            self.frames(4)

    def ask(self) -> None:
        """Call the panel: press where nothing is."""
        self._point(np.array((0.2, 9, -0.3)), "right")
        self.press("trigger")
        self.until("state.targets.length > 0")

    def _point(self, place: np.ndarray, hand: Hand, *, with_fingers: bool = False) -> None:
        turned = looking(place - HANDS_M[hand])
        self.headset.page.evaluate(AIM, [list(HANDS_M[hand]), turned, hand, with_fingers])
        self.frames()

    def choose(self, label: str, *, on_floor: bool = False) -> None:
        """Press what has this label, on the panel or on the wall."""
        self.aim(label, on_floor=on_floor)
        self.press("trigger")

    def open_gallery(self) -> None:
        """Open the wall, and wait until nothing else is seen."""
        self.press("a-button")
        self.until("state.isGalleryOpen && state.veil > 0.99")

    @contextmanager
    def watched(self) -> Iterator[list[tuple[str, float, float]]]:
        """Give, at the end, the scene and how closed the view was at every frame."""
        self.headset.page.evaluate(WATCH)
        frames: list[tuple[str, float, float]] = []
        yield frames
        self.headset.page.evaluate("() => cancelAnimationFrame(window.watching)")
        frames += [tuple(frame) for frame in self.headset.page.evaluate("window.watched")]


def looking(direction: Sequence[float]) -> list[float]:
    """Return the quaternion of what looks in a direction, upright."""
    x, y, z = direction
    yaw, pitch = atan2(-x, -z) / 2, atan2(y, hypot(x, z)) / 2
    return [cos(yaw) * sin(pitch), sin(yaw) * cos(pitch), -sin(yaw) * sin(pitch), cos(yaw) * cos(pitch)]


@contextmanager
def put_on(web: Web, address: str, size_px: tuple[int, int] = (160, 160), **more: Any) -> Iterator[Worn]:
    """Open a page with a scene and enter VR."""
    with web.in_headset(address, size_px, button=None, **more) as headset:
        worn = Worn(headset)
        worn.frames(3)
        yield worn
