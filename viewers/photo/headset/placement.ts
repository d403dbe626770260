import { Matrix4, Quaternion, Vector3 } from "three";

import { smoothstep } from "../look/easing";
import type { Closing } from "./vignette";

/** Maximum enlargement and reduction of the scene. */
export const SCALE_MAX = 5;
export const FARTHER_MAX_M = 10;
const UP = Object.freeze(new Vector3(0, 1, 0));

/** Distances outside the head box: where the view is narrowest, where it begins to go dark, and where it is dark. */
const NARROW_M = 0.08;
const DARK_FROM_M = 0.06;
const DARK_M = 0.16;

/** The placement of the scene around a person in a headset, in metres and axes of the reference space. */
export class Placement {
  scale = 1;
  /** Extra distance of the scene beyond that of the photo. */
  distance_m = 0;
  readonly #anchor_m = new Vector3();
  #yaw = 0;

  constructor(private readonly nearest_m: number) {}

  /** Put the photo's camera at a head, level, in the direction of its gaze. */
  recentre(head_m: Readonly<Vector3>, rotation: Readonly<Quaternion>): void {
    const forward = new Vector3(0, 0, -1).applyQuaternion(rotation);
    this.#anchor_m.copy(head_m);
    if (Math.hypot(forward.x, forward.z) > 0.1) this.#yaw = Math.atan2(-forward.x, -forward.z);
  }

  /** Restore true size and distance. */
  reset(): void {
    this.scale = 1;
    this.distance_m = 0;
  }

  magnify(factor: number): void {
    this.scale = Math.max(1 / SCALE_MAX, Math.min(SCALE_MAX, this.scale * factor));
    this.push(0);
  }

  /** Move the scene away or nearer: at most half of the distance to the nearest point. */
  push(farther_m: number): void {
    this.distance_m = Math.max(
      -this.nearest_m * this.scale * 0.5,
      Math.min(FARTHER_MAX_M, this.distance_m + farther_m),
    );
  }

  /** Return a direction of the scene in the person's axes. */
  turned(direction: Readonly<Vector3>): Vector3 {
    return direction.clone().applyAxisAngle(UP, this.#yaw);
  }

  /** Return the transform to the person's space, for the position of the photo's camera in the scene. */
  space_from_scene(photo_m: Readonly<Vector3>): Matrix4 {
    const { x, y, z } = this.#anchor_m;
    return new Matrix4()
      .makeTranslation(x, y, z)
      .multiply(new Matrix4().makeRotationY(this.#yaw))
      .multiply(new Matrix4().makeTranslation(0, 0, -this.distance_m))
      .multiply(new Matrix4().makeScale(this.scale, this.scale, this.scale))
      .multiply(new Matrix4().makeTranslation(-photo_m.x, -photo_m.y, -photo_m.z));
  }

  /** Bring the photo's camera to the height of a head. */
  rise(head_m: Readonly<Vector3>): void {
    this.#anchor_m.y = head_m.y;
  }

  /** Return how far a head is outside the head box, to the sides, upwards and ahead, in the scene's directions. */
  outside_m(head_m: Readonly<Vector3>, box_m: Readonly<Vector3>): Vector3 {
    const offset_m = new Vector3().subVectors(head_m, this.#anchor_m).applyAxisAngle(UP, -this.#yaw);
    const beyond = (value: number, limit: number) => Math.max(Math.abs(value) - limit * this.scale, 0);
    return new Vector3(beyond(offset_m.x, box_m.x), beyond(offset_m.y, box_m.y), beyond(offset_m.z, box_m.z));
  }
}

/** Return how closed the view is for a head outside its box: narrower at first, then dark. */
export function closingOf(outside_m: number): Closing {
  return { narrow: smoothstep(outside_m / NARROW_M), dark: smoothstep((outside_m - DARK_FROM_M) / (DARK_M - DARK_FROM_M)) };
}
