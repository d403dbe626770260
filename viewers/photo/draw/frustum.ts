import { Matrix4, PerspectiveCamera, Vector3 } from "three";

import type { Facts } from "../scene/facts";
import type { Frame } from "../look/framing";

/** A part of a camera's picture at a distance of 1: its middle, right and up, and half of its extents. */
export interface Window {
  readonly x: number;
  readonly y: number;
  readonly halfWidth: number;
  readonly halfHeight: number;
}

/** Return the window through which the photo's camera sees a frame of the photo. */
export function windowOn({ size_px: [width_px, height_px], f_px }: Facts, frame: Frame): Window {
  return {
    x: (frame.x - width_px / 2) / f_px,
    y: (height_px / 2 - frame.y) / f_px,
    halfWidth: frame.width / (2 * f_px),
    halfHeight: frame.height / (2 * f_px),
  };
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
  const scale = still_m / distance_m;
  const [x, y] = [window.x * scale - offset_m.x / distance_m, window.y * scale - offset_m.y / distance_m];
  const [w, h] = [window.halfWidth * scale, window.halfHeight * scale];
  const near = eye.near;
  eye.projectionMatrix.makePerspective((x - w) * near, (x + w) * near, (y + h) * near, (y - h) * near, near, eye.far);
  eye.projectionMatrixInverse.copy(eye.projectionMatrix).invert();
}
