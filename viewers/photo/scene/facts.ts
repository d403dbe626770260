import { Vector3 } from "three";

import type { Box } from "../look/framing";
import { Problem } from "../../shared/problem";

/** The data about the photo in the scene's extras. */
export interface Facts {
  readonly size_px: readonly [number, number];
  readonly f_px: number;
  /** Half extents of the head box: how far the eyes' midpoint may move from the photo's camera. */
  readonly headBox_m: Readonly<Vector3>;
  readonly nearest_m: number;
  readonly farthest_m: number;
  /** Distance of the subject, which stands still on a flat screen. */
  readonly subject_m: number;
  /** The box around the subject; null if nothing stands out, or the file does not tell. */
  readonly subject_px: Box | null;
  readonly ipd_m: number;
  /** Title of the photo, or an empty text. */
  readonly photo: string;
}

/** Read the extras of a scene. */
export function readFacts(userData: Record<string, unknown>): Facts {
  const extras = userData["kbvr"] as Record<string, unknown> | undefined;
  if (!extras) throw new Problem("This GLB is not a scene made by kbvr: it has no data about the photo.");
  const number = (value: unknown, name: string): number => {
    if (typeof value === "number" && Number.isFinite(value) && value > 0) return value;
    throw new Problem(`The scene is damaged: ${name} must be a number above 0.`);
  };
  const numbers = (name: string, count: number): number[] => {
    const list = extras[name];
    if (Array.isArray(list) && list.length === count) return list.map((value) => number(value, name));
    throw new Problem(`The scene is damaged: ${name} must be ${count} numbers.`);
  };
  const box = (name: string): Box | null => {
    const sides = extras[name];
    if (sides === undefined) return null;
    const isBox = Array.isArray(sides) && sides.length === 4 && sides.every(Number.isFinite);
    const [left, top, right, bottom] = isBox ? (sides as number[] & Box) : [1, 1, 0, 0];
    if (left >= 0 && top >= 0 && left < right && top < bottom) return Object.freeze<Box>([left, top, right, bottom]);
    throw new Problem(`The scene is damaged: ${name} must be the left, top, right and bottom of a box.`);
  };
  const one = (name: string) => number(extras[name], name);
  const [width_px, height_px] = numbers("size_px", 2) as [number, number];
  return Object.freeze({
    size_px: [width_px, height_px] as const,
    f_px: one("f_px"),
    headBox_m: Object.freeze(new Vector3(...numbers("head_box_m", 3))),
    nearest_m: one("nearest_m"),
    farthest_m: one("farthest_m"),
    subject_m: one("subject_m"),
    subject_px: box("subject_box_px"),
    ipd_m: one("ipd_m"),
    photo: typeof extras["photo"] === "string" ? extras["photo"] : "",
  });
}
