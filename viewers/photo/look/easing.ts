/** Return the share of the way to a target covered in some seconds, if 63% are covered in `smoothing_s`. */
export function approach(seconds: number, smoothing_s: number): number {
  return 1 - Math.exp(-seconds / smoothing_s);
}

/** 0 below 0, 1 above 1, smooth between. */
export function smoothstep(x: number): number {
  const t = Math.max(0, Math.min(1, x));
  return t * t * (3 - 2 * t);
}
