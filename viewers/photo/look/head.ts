import { Vector3 } from "three";

import { approach } from "./easing";

const SMOOTHING_S = 0.12;
const SETTLED = 1e-4;

/** Limit a number smoothly; small ones hardly change. */
export function softLimit(value: number, limit: number): number {
  return limit * Math.tanh(value / limit);
}

/** Sources of head movement on a flat screen; each gives a share of the head box, to the right and up. */
export type Source = "pointer" | "drag" | "tilt" | "scroll" | "sway";

/** The position of a viewer's head relative to the photo's camera, and its movement. */
export class Head {
  readonly offset_m = new Vector3();

  readonly #wanted = new Map<Source, readonly [number, number]>();

  constructor(
    private readonly box_m: Readonly<Vector3>,
    private readonly smooth: boolean,
  ) {}

  want(source: Source, x: number, y: number): void {
    this.#wanted.set(source, [x, y]);
  }

  /** Move the head relative to a source's last position; movement beyond the limit is dropped. */
  nudge(source: Source, x: number, y: number): void {
    const [x0, y0] = this.#wanted.get(source) ?? [0, 0];
    const within = (value: number) => Math.max(-2, Math.min(2, value));
    this.want(source, within(x0 + x), within(y0 + y));
  }

  /** Move the head as a person drags it: without delay. */
  drag(x: number, y: number): void {
    const before = this.#target();
    this.nudge("drag", x, y);
    this.offset_m.add(this.#target().sub(before));
  }

  /** Return to the photo's camera. */
  recentre(): void {
    this.#wanted.clear();
  }

  /** Advance by some seconds; return whether the movement continues. */
  step(seconds: number): boolean {
    const target = this.#target();
    const share = this.smooth ? approach(seconds, SMOOTHING_S) : 1;
    this.offset_m.lerp(target, share);
    const isSettled = this.offset_m.distanceTo(target) < SETTLED * this.box_m.length();
    if (isSettled) this.offset_m.copy(target);
    return !isSettled;
  }

  #target(): Vector3 {
    const { x: limitX, y: limitY } = this.box_m;
    let [x, y] = [0, 0];
    for (const [dx, dy] of this.#wanted.values()) [x, y] = [x + dx, y + dy];
    return new Vector3(softLimit(x * limitX, limitX), softLimit(y * limitY, limitY), 0);
  }
}
