/** The packing of both eyes' pictures in H.264 streams: the SEI message "frame packing arrangement" (ITU-T H.264, D.1.26). */

import type { Packing } from "./video_facts";

const SEI = 6;
const FRAME_PACKING = 45;
const SIDE_BY_SIDE = 3;
const TOP_AND_BOTTOM = 4;
const RIGHT_FIRST = 2;

/** Return the packing in the first sample of a stream whose units begin with their length, in so many bytes; or null. */
export function packingInSample(sample: Uint8Array, lengthBytes: number): Packing | null {
  for (let at = 0; at + lengthBytes < sample.length; ) {
    const start = at + lengthBytes;
    const length = sample.subarray(at, start).reduce((sum, byte) => sum * 256 + byte, 0);
    const unit = sample.subarray(start, start + length);
    const packing = ((unit[0] as number) & 31) === SEI ? packingInMessages(withoutEscapes(unit.subarray(1))) : null;
    if (packing || length === 0) return packing;
    at = start + length;
  }
  return null;
}

function packingInMessages(messages: readonly number[]): Packing | null {
  let at = 0;
  const number = (): number => {
    let sum = 0;
    while (messages[at] === 255) sum += messages[at++] as number;
    return sum + (messages[at++] ?? 0);
  };
  while (at + 2 < messages.length) {
    const [type, size] = [number(), number()];
    if (type === FRAME_PACKING) return packingIn(messages.slice(at, at + size));
    at += size;
  }
  return null;
}

/** Read the number of the arrangement, whether it ends, its type, whether it is a quincunx, and whose picture is first. */
function packingIn(message: readonly number[]): Packing | null {
  const bits = message.map((byte) => byte.toString(2).padStart(8, "0")).join("");
  const afterNumber = 2 * bits.indexOf("1") + 1;
  const value = (from: number, count: number): number => parseInt(bits.slice(afterNumber + from, afterNumber + from + count), 2);
  const [isEnd, type, first] = [value(0, 1), value(1, 7), value(9, 6)];
  if (isEnd || (type !== SIDE_BY_SIDE && type !== TOP_AND_BOTTOM)) return null;
  if (type === SIDE_BY_SIDE) return first === RIGHT_FIRST ? "cross" : "sbs";
  return first === RIGHT_FIRST ? "tb-right" : "tb";
}

/** Leave out the bytes 3 that keep two zeros from being taken for the start of a unit (7.4.1). */
function withoutEscapes(bytes: Uint8Array): number[] {
  return [...bytes].filter((byte, at) => !(byte === 3 && bytes[at - 1] === 0 && bytes[at - 2] === 0));
}
