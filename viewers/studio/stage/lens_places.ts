import { Vector3 } from "three";

/** The number of places of a lens from which the picture is drawn. */
export const LENS_SAMPLES = 32;
const GOLDEN_ANGLE = Math.PI * (3 - Math.sqrt(5));

/** Return one of LENS_SAMPLES places, spread evenly over a disc (Vogel's spiral), as are the first of them. */
export function lensPlace(index: number, radius_m: number): Vector3 {
  const shuffled = (index * 13) % LENS_SAMPLES; // 13 and 32 have no common divisor
  const r = radius_m * Math.sqrt((shuffled + 0.5) / LENS_SAMPLES);
  const angle = shuffled * GOLDEN_ANGLE;
  return new Vector3(r * Math.cos(angle), r * Math.sin(angle), 0);
}
