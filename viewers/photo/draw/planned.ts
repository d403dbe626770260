import { Matrix4 } from "three";

import type { Frame } from "../look/framing";
import type { Window } from "./frustum";

/** A camera as kbvr plans it: OpenCV axes, and lengths in pixels of its picture. */
export interface PlannedCamera {
  readonly f_px: number;
  readonly cx_px: number;
  readonly cy_px: number;
  /** 3 x 4, row by row; the world is the photo's camera. */
  readonly world_from_camera: readonly number[];
}

/** From OpenCV's axes to those of three.js, and back: y and z turn round. */
const FLIP = Object.freeze(new Matrix4().makeScale(1, -1, -1));

/** Return a planned camera's pose in a scene, whose photo was taken from `world_from_photo`. */
export function poseOf({ world_from_camera: m }: PlannedCamera, world_from_photo: Matrix4): Matrix4 {
  const [a, b, c, x, d, e, f, y, g, h, i, z] = m as readonly number[] & { readonly length: 12 };
  const photo_from_camera = new Matrix4().set(a!, b!, c!, x!, d!, e!, f!, y!, g!, h!, i!, z!, 0, 0, 0, 1);
  return world_from_photo.clone().multiply(FLIP).multiply(photo_from_camera).multiply(FLIP);
}

/** Return the window through which a planned camera sees a frame of its picture. */
export function windowOf({ f_px, cx_px, cy_px }: PlannedCamera, frame: Frame): Window {
  return {
    x: (frame.x - cx_px) / f_px,
    y: (cy_px - frame.y) / f_px,
    halfWidth: frame.width / (2 * f_px),
    halfHeight: frame.height / (2 * f_px),
  };
}

/** Return the camera between two of a row of eyes, which look in the same direction: at share 0 a, at 1 b. */
export function between(a: PlannedCamera, b: PlannedCamera, share: number): PlannedCamera {
  const mixed = (x: number, y: number) => x + (y - x) * share;
  return {
    f_px: mixed(a.f_px, b.f_px),
    cx_px: mixed(a.cx_px, b.cx_px),
    cy_px: mixed(a.cy_px, b.cy_px),
    world_from_camera: a.world_from_camera.map((value, index) => mixed(value, b.world_from_camera[index]!)),
  };
}
