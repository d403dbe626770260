import type { Size } from "../types";

/** Right, down, left, up: the steps along an outline that has the inside at its right. */
const STEPS = [
  [1, 0],
  [0, 1],
  [-1, 0],
  [0, -1],
] as const;

/** Return the pixels of bits, row by row, the highest bit first. */
export function unpacked(bits: ArrayBuffer, [width, height]: Size): Uint8Array | null {
  if (!bits.byteLength) return null;
  const bytes = new Uint8Array(bits);
  const mask = new Uint8Array(width * height);
  for (let index = 0; index < mask.length; index++) mask[index] = (bytes[index >> 3]! >> (7 - (index & 7))) & 1;
  return mask;
}

/** Return the outline of a mask as the `d` of an SVG path, in pixels. */
export function outlineOf(mask: Uint8Array, [width, height]: Size): string {
  const row = width + 1;
  const leaving = new Uint8Array(row * (height + 1));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = y * width + x;
      if (!mask[at]) continue;
      const corner = y * row + x;
      if (!y || !mask[at - width]) leaving[corner]! |= 1;
      if (x === width - 1 || !mask[at + 1]) leaving[corner + 1]! |= 2;
      if (y === height - 1 || !mask[at + width]) leaving[corner + row + 1]! |= 4;
      if (!x || !mask[at - 1]) leaving[corner + row]! |= 8;
    }
  }
  const offsets = STEPS.map(([x, y]) => y * row + x);
  const loops: string[] = [];
  for (let start = 0; start < leaving.length; start++) {
    if (leaving[start]) loops.push(loopFrom(leaving, start, offsets, row));
  }
  return loops.join("");
}

/** Follow an outline from a corner back to it; its edges are taken out. */
function loopFrom(leaving: Uint8Array, start: number, offsets: readonly number[], row: number): string {
  const corners: string[] = [];
  let [at, before] = [start, -1];
  do {
    const direction = [1, 0, 3, 2].map((turn) => (before + turn) & 3).find((one) => leaving[at]! & (1 << one)) ?? 0;
    const next = before < 0 ? [0, 1, 2, 3].find((one) => leaving[at]! & (1 << one))! : direction;
    if (next !== before) corners.push(`${at % row} ${Math.floor(at / row)}`);
    leaving[at]! &= ~(1 << next);
    at += offsets[next]!;
    before = next;
  } while (at !== start);
  return `M${corners.join("L")}Z`;
}
