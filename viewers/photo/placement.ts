import { Matrix4, Quaternion, Vector3 } from "three";

import { smoothstep } from "./easing";

/** The scene can be so many times larger, or smaller. */
export const SCALE_MAX = 5;
export const FARTHER_MAX_M = 10;
const UP = Object.freeze(new Vector3(0, 1, 0));

/** Beyond the head box the scene goes dark over so much. */
const VEIL_M = 0.1;

/** Where the scene stands around a person in a headset, whose metres and axes are those of the reference space. */
export class Placement {
  scale = 1;
  /** How much farther away than it was photographed. */
  distance_m = 0;
  readonly #anchor_m = new Vector3();
  #yaw = 0;

  constructor(private readonly nearest_m: number) {}

  /** Put the photo's camera where a head is, level, looking where it looks. */
  recentre(head_m: Readonly<Vector3>, rotation: Readonly<Quaternion>): void {
    const forward = new Vector3(0, 0, -1).applyQuaternion(rotation);
    this.#anchor_m.copy(head_m);
    if (Math.hypot(forward.x, forward.z) > 0.1) this.#yaw = Math.atan2(-forward.x, -forward.z);
  }

  /** As it was photographed. */
  reset(): void {
    this.scale = 1;
    this.distance_m = 0;
  }

  magnify(factor: number): void {
    this.scale = Math.max(1 / SCALE_MAX, Math.min(SCALE_MAX, this.scale * factor));
    this.push(0);
  }

  /** Move the scene away, or nearer: at most half of the way to what is nearest. */
  push(farther_m: number): void {
    this.distance_m = Math.max(-this.nearest_m * this.scale * 0.5, Math.min(FARTHER_MAX_M, this.distance_m + farther_m));
  }

  /** Return a direction of the scene in the person's axes. */
  turned(direction: Readonly<Vector3>): Vector3 {
    return direction.clone().applyAxisAngle(UP, this.#yaw);
  }

  /** Return the person's space from the scene's, for a photo whose camera stands at a place of the scene. */
  space_from_scene(photo_m: Readonly<Vector3>): Matrix4 {
    const { x, y, z } = this.#anchor_m;
    return new Matrix4()
      .makeTranslation(x, y, z)
      .multiply(new Matrix4().makeRotationY(this.#yaw))
      .multiply(new Matrix4().makeTranslation(0, 0, -this.distance_m))
      .multiply(new Matrix4().makeScale(this.scale, this.scale, this.scale))
      .multiply(new Matrix4().makeTranslation(-photo_m.x, -photo_m.y, -photo_m.z));
  }

  /** Return how dark it is for a head, 0 inside the head box to 1 some centimetres outside. */
  veil(head_m: Readonly<Vector3>, box_m: Readonly<Vector3>): number {
    const offset_m = new Vector3().subVectors(head_m, this.#anchor_m).applyAxisAngle(UP, -this.#yaw);
    const beyond = (value: number, limit: number) => Math.max(Math.abs(value) - limit * this.scale, 0);
    const outside_m = Math.hypot(beyond(offset_m.x, box_m.x), beyond(offset_m.y, box_m.y), beyond(offset_m.z, box_m.z));
    return smoothstep(outside_m / VEIL_M);
  }
}
