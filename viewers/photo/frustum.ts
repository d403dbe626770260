import { Matrix4, PerspectiveCamera, Vector3 } from "three";

import type { Facts } from "./facts";
import type { Fit } from "./options";

/** Half extents of a camera's view at a distance of 1. */
export interface Window {
  readonly halfWidth: number;
  readonly halfHeight: number;
}

/** Return the view of the photo's camera for which the photo fits into an element of this aspect. */
export function windowOn(facts: Facts, aspect: number, fit: Fit, zoom: number): Window {
  const [width_px, height_px] = facts.size_px;
  const byWidth = aspect > width_px / height_px === (fit === "cover");
  const halfWidth = byWidth ? width_px / (2 * facts.f_px) : (aspect * height_px) / (2 * facts.f_px);
  return { halfWidth: halfWidth / zoom, halfHeight: halfWidth / aspect / zoom };
}

/**
 * Put a camera at an offset from a pose, in the same direction, and shift its picture so that the plane at a distance
 * in front of that pose stands still.
 */
export function placeEye(
  eye: PerspectiveCamera,
  world_from_pose: Matrix4,
  offset_m: Readonly<Vector3>,
  window: Window,
  still_m: number,
): void {
  eye.matrixAutoUpdate = false;
  eye.matrix.copy(world_from_pose).multiply(new Matrix4().makeTranslation(offset_m.x, offset_m.y, offset_m.z));
  eye.matrixWorldNeedsUpdate = true;
  const distance_m = Math.max(still_m + offset_m.z, 2 * eye.near);
  const [x, y] = [-offset_m.x / distance_m, -offset_m.y / distance_m];
  const scale = still_m / distance_m;
  const [w, h] = [window.halfWidth * scale, window.halfHeight * scale];
  const near = eye.near;
  eye.projectionMatrix.makePerspective((x - w) * near, (x + w) * near, (y + h) * near, (y - h) * near, near, eye.far);
  eye.projectionMatrixInverse.copy(eye.projectionMatrix).invert();
}
