/** Stereo metadata in Matroska and WebM files: RFC 9559; the numbers of elements contain their length marks. */

import type { Parts } from "./parts";
import type { Packing, VideoFacts } from "./video_facts";

const HEAD_BYTES = 1 << 18;

const EBML = 0x1a45dfa3;
const SEGMENT = 0x18538067;
const TRACKS = 0x1654ae6b;
const CLUSTER = 0x1f43b675;
const TRACK = 0xae;
const TRACK_TYPE = 0x83;
const FRAME_NS = 0x23e383;
const VIDEO = 0xe0;
const STEREO_MODE = 0x53b8;
const PROJECTION = 0x7670;
const PROJECTION_TYPE = 0x7671;
const PROJECTION_BOUNDS = 0x7672;

const IS_VIDEO = 1;
const IS_SOUND = 2;
const EQUIRECTANGULAR = 1;
const HALF_CIRCLE = 2 ** 31;
const BOUND_TOLERANCE = 2 ** 32 / 100;
/** Values of StereoMode. */
const STEREO_MODES: Readonly<Record<number, Packing>> = { 0: "mono", 1: "sbs", 2: "tb-right", 3: "tb", 11: "cross" };

type Element = readonly [id: number, content: Uint8Array];

/** Return the facts; null if it is no Matroska, or its tracks are not near its beginning. */
export async function factsInMatroska(parts: Parts): Promise<VideoFacts | null> {
  const head = await parts(0, HEAD_BYTES);
  const whole = elementsIn(head);
  if (whole[0]?.[0] !== EBML) return null;
  const tracks = elementsIn(first(elementsIn(first(whole, SEGMENT)), TRACKS))
    .filter(([id]) => id === TRACK)
    .map(([, content]) => elementsIn(content));
  const kinds = tracks.map((track) => value(first(track, TRACK_TYPE)));
  const track = tracks[kinds.indexOf(IS_VIDEO)];
  if (!track) return null;
  const video = elementsIn(first(track, VIDEO));
  const projection = elementsIn(first(video, PROJECTION));
  const bounds = first(projection, PROJECTION_BOUNDS);
  const [leftCut, rightCut] = [12, 16].map((at) => value(bounds.subarray(at, at + 4))) as [number, number];
  const mode = video.find(([id]) => id === STEREO_MODE);
  const frameNs = value(first(track, FRAME_NS));
  return {
    packing: mode ? (STEREO_MODES[value(mode[1])] ?? null) : null,
    isHalfSphere:
      value(first(projection, PROJECTION_TYPE)) === EQUIRECTANGULAR &&
      Math.abs(leftCut + rightCut - HALF_CIRCLE) < BOUND_TOLERANCE,
    frameS: frameNs > 0 ? frameNs / 1e9 : null,
    hasSound: kinds.includes(IS_SOUND),
  };
}

/** Return the elements in a content, up to the pictures; the last one may be cut off. */
function elementsIn(content: Uint8Array): Element[] {
  const elements: Element[] = [];
  for (let at = 0; at + 2 <= content.length; ) {
    const idLength = markedLength(content[at] as number);
    const sizeAt = at + idLength;
    const sizeLength = markedLength(content[sizeAt] ?? 0);
    if (idLength > 4 || sizeLength > 8) break;
    const id = value(content.subarray(at, sizeAt));
    if (id === CLUSTER) break;
    const start = sizeAt + sizeLength;
    // The mark is taken off first: a number would lose its last digits beside it.
    const digits = content.slice(sizeAt, start);
    digits[0] = (digits[0] as number) & (255 >> sizeLength);
    const size = value(digits);
    const isUnknown = size >= 2 ** (7 * sizeLength) - 1;
    const end = isUnknown ? content.length : start + size;
    elements.push([id, content.subarray(start, end)]);
    at = end;
  }
  return elements;
}

function first(elements: readonly Element[], wanted: number): Uint8Array {
  return elements.find(([id]) => id === wanted)?.[1] ?? new Uint8Array();
}

/** Return the length of a number that marks it by the zeros before its first one; more than 8 if it has none. */
function markedLength(firstByte: number): number {
  return Math.clz32(firstByte) - 23;
}

function value(bytes: Uint8Array): number {
  return bytes.reduce((sum, byte) => sum * 256 + byte, 0);
}
