import { signal } from "@preact/signals";

/** How the photo lies on the stage: enlarged, and moved in pixels of the screen. */
export interface Zoomed {
  readonly scale: number;
  readonly x: number;
  readonly y: number;
}

const WHOLE: Zoomed = { scale: 1, x: 0, y: 0 };
const MAX_SCALE = 16;
/** How far beyond its border an enlarged photo can be moved, as a share of its half size. */
const SLACK = 0.5;

export const zoomed = signal<Zoomed>(WHOLE);

export function showWhole(): void {
  zoomed.value = WHOLE;
}

/** Enlarge around a place, given in pixels of the screen from the middle of the stage. */
export function enlarge(factor: number, x = 0, y = 0): void {
  const before = zoomed.value;
  const scale = Math.min(MAX_SCALE, Math.max(1, before.scale * factor));
  const ratio = scale / before.scale;
  put({ scale, x: x - (x - before.x) * ratio, y: y - (y - before.y) * ratio });
}

export function pan(x: number, y: number): void {
  const before = zoomed.value;
  put({ ...before, x: before.x + x, y: before.y + y });
}

let limits: readonly [number, number] = [0, 0];

/** Tell the size of the photo on the screen, from which it may not be moved away. */
export function limitTo(width: number, height: number): void {
  limits = [width / 2, height / 2];
  put(zoomed.peek());
}

function put({ scale, x, y }: Zoomed): void {
  const slack = scale > 1 ? SLACK : 0;
  const [right, down] = limits.map((half) => half * (scale - 1 + slack)) as [number, number];
  const kept = { scale, x: Math.min(right, Math.max(-right, x)), y: Math.min(down, Math.max(-down, y)) };
  const before = zoomed.peek();
  if (kept.scale !== before.scale || kept.x !== before.x || kept.y !== before.y) zoomed.value = kept;
}
