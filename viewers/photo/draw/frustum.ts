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
 * Return the window of a camera that has moved by an offset, in its own axes, so that the plane at a distance in front
 * of where it was stands still.
 */
export function seenFrom(window: Window, offset_m: Readonly<Vector3>, still_m: number, min_m: number): Window {
  const distance_m = Math.max(still_m + offset_m.z, min_m);
  const scale = still_m / distance_m;
  return {
    x: window.x * scale - offset_m.x / distance_m,
    y: window.y * scale - offset_m.y / distance_m,
    halfWidth: window.halfWidth * scale,
    halfHeight: window.halfHeight * scale,
  };
}

/** Let a camera see a window from a pose, between its nearest and farthest distances. */
export function aim(eye: PerspectiveCamera, world_from_eye: Matrix4, window: Window): void {
  const { x, y, halfWidth: w, halfHeight: h } = window;
  eye.matrixAutoUpdate = false;
  eye.matrix.copy(world_from_eye);
  eye.matrixWorldNeedsUpdate = true;
  const near = eye.near;
  eye.projectionMatrix.makePerspective((x - w) * near, (x + w) * near, (y + h) * near, (y - h) * near, near, eye.far);
  eye.projectionMatrixInverse.copy(eye.projectionMatrix).invert();
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
  const world_from_eye = world_from_pose.clone().multiply(movedBy(offset_m));
  aim(eye, world_from_eye, seenFrom(window, offset_m, still_m, 2 * eye.near));
}

export function movedBy({ x, y, z }: Readonly<Vector3>): Matrix4 {
  return new Matrix4().makeTranslation(x, y, z);
}
