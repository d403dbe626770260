/** Speeds of videos, and of wiggles of still pictures. */

export const SPEEDS: readonly number[] = [0.25, 0.5, 0.75, 1, 1.25, 1.5, 2];

export const USUAL_SPEED = 1;

/** Return the speed that is some steps faster, or slower if they are negative. */
export function faster(speed: number, steps: number): number {
  const place = SPEEDS.indexOf(speed) + steps;
  return SPEEDS[Math.min(SPEEDS.length - 1, Math.max(0, place))] as number;
}
