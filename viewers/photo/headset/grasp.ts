import { Vector3 } from "three";

import type { Grip } from "./grip";
import type { Placement } from "./placement";

/** A hand moves the scene three times as far as itself. */
const DRAG_GAIN = 3;
const STICK_SCALE_PER_S = 0.8;
const STICK_M_PER_S = 2;

/** Let hands move the scene: one pulls it nearer or pushes it away, two scale it. */
export function drag(grips: readonly Grip[], placement: Placement): void {
  const dragging = grips.filter((grip) => grip.isDragging);
  const [first, second] = dragging;
  if (first && second) {
    const before_m = first.last_m.distanceTo(second.last_m);
    if (before_m > 0) placement.magnify(first.place_m.distanceTo(second.place_m) / before_m);
  } else if (first) {
    const ahead = placement.turned(new Vector3(0, 0, -1));
    placement.push(DRAG_GAIN * new Vector3().subVectors(first.place_m, first.last_m).dot(ahead));
  }
  for (const grip of dragging) grip.last_m.copy(grip.place_m);
}

/** Let thumbsticks move the scene; return whether one does. */
export function steer(grips: readonly Grip[], placement: Placement, seconds: number): boolean {
  let isMoving = false;
  for (const { stick } of grips) {
    const [sideways, up] = stick;
    if (sideways) placement.magnify(Math.exp(sideways * STICK_SCALE_PER_S * seconds));
    if (up) placement.push(up * STICK_M_PER_S * seconds);
    isMoving ||= sideways !== 0 || up !== 0;
  }
  return isMoving;
}
