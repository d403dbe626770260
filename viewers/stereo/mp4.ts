/**
 * Stereo metadata in MP4 and QuickTime files.
 *
 * ISO/IEC 14496-12 defines boxes. `st3d` and `sv3d` are Google's Spherical Video V2 (github.com/google/spatial-media),
 * `vexu` is Apple's ("QuickTime and ISO Base Media File Formats and Spatial and Immersive Media").
 */

import { packingInSample } from "./frame_packing";
import type { Parts } from "./parts";
import type { Packing, VideoFacts } from "./video_facts";

const HEAD_BYTES = 1 << 16;
/** Longer indexes are those of films of many hours, or of damaged files. */
const MAX_INDEX_BYTES = 1 << 25;
const MAX_BOXES = 64;
/** What is read of the first sample: messages come before the picture. */
const SAMPLE_BYTES = 4096;
/** Bytes of a sample entry before its boxes. */
const ENTRY_HEADER = 78;

const ST3D: readonly (Packing | undefined)[] = ["mono", "tb", "sbs", undefined, "cross"];
/** Half of the circle is cut off, left and right together; the bounds are shares of it as 0.32 fixed-point numbers. */
const HALF_CIRCLE = 2 ** 31;
const BOUND_TOLERANCE = 2 ** 32 / 100;

interface Box {
  readonly kind: string;
  readonly content: Uint8Array;
}

/** Return the facts, or null if it is no MP4. */
export async function factsInMp4(parts: Parts): Promise<VideoFacts | null> {
  const head = await parts(0, HEAD_BYTES);
  const read: Parts = async (start, length) =>
    start + length <= head.length ? head.slice(start, start + length) : parts(start, length);
  let at = 0;
  for (let count = 0; count < MAX_BOXES; count++) {
    const header = await read(at, 16);
    if (header.length < 8) return null;
    const { kind, start, size } = headerOf(header);
    if (count === 0 && !["ftyp", "moov", "wide", "free", "mdat", "skip"].includes(kind)) return null;
    if (kind === "moov") return size <= MAX_INDEX_BYTES ? factsIn(await read(at + start, size - start), parts) : null;
    if (size < 8) return null;
    at += size;
  }
  return null;
}

/** Return a box's kind, the start of its content and its size; 0 for one that reaches to the end of the file. */
function headerOf(bytes: Uint8Array): { kind: string; start: number; size: number } {
  const size = number(bytes, 0);
  return size === 1 && bytes.length >= 16
    ? { kind: text(bytes, 4), start: 16, size: number(bytes, 8) * 2 ** 32 + number(bytes, 12) }
    : { kind: text(bytes, 4), start: 8, size };
}

async function factsIn(moov: Uint8Array, parts: Parts): Promise<VideoFacts | null> {
  const tracks = boxesIn(moov).filter(({ kind }) => kind === "trak").map(({ content }) => content);
  const kinds = tracks.map((track) => text(inside(track, "mdia", "hdlr") ?? new Uint8Array(12), 8));
  const video = tracks[kinds.indexOf("vide")];
  if (!video) return null;
  const entry = boxesIn((inside(video, "mdia", "minf", "stbl", "stsd") ?? new Uint8Array()).subarray(8))[0];
  const told = entry ? boxesIn(entry.content.subarray(ENTRY_HEADER)) : [];
  const { packing, isHalfSphere } = stereoIn(told);
  return {
    packing: packing ?? (await packingInStream(video, told, parts)),
    isHalfSphere,
    frameS: frameIn(video),
    hasSound: kinds.includes("soun"),
  };
}

/** Return the packing that the first sample of an H.264 stream states. */
async function packingInStream(track: Uint8Array, told: readonly Box[], parts: Parts): Promise<Packing | null> {
  const configuration = told.find(({ kind }) => kind === "avcC")?.content;
  const table = inside(track, "mdia", "minf", "stbl") ?? new Uint8Array();
  const [short, long] = [inside(table, "stco"), inside(table, "co64")];
  const at = short ? number(short, 8) : long ? number(long, 8) * 2 ** 32 + number(long, 12) : 0;
  if (!configuration || at === 0) return null;
  return packingInSample(await parts(at, SAMPLE_BYTES), ((configuration[4] ?? 0) & 3) + 1);
}

function stereoIn(told: readonly Box[]): Pick<VideoFacts, "packing" | "isHalfSphere"> {
  const [st3d, sv3d, vexu] = ["st3d", "sv3d", "vexu"].map((kind) => told.find((box) => box.kind === kind)?.content);
  const bounds = sv3d && inside(sv3d, "proj", "equi");
  const projection = vexu && inside(vexu, "proj", "prji");
  return {
    packing: (st3d && ST3D[st3d[4] as number]) ?? (vexu ? packingOf(vexu) : null),
    isHalfSphere:
      (bounds !== undefined && Math.abs(number(bounds, 12) + number(bounds, 16) - HALF_CIRCLE) < BOUND_TOLERANCE) ||
      (projection !== undefined && text(projection, 4) === "hequ"),
  };
}

/** Apple's packing; without one, the views are in separate layers (MV-HEVC), of which browsers show the first. */
function packingOf(vexu: Uint8Array): Packing | null {
  const packed = inside(vexu, "pack", "pkin");
  const eyes = inside(vexu, "eyes", "stri");
  const isRightFirst = ((eyes?.[4] ?? 0) & 8) !== 0;
  if (packed && text(packed, 4) === "side") return isRightFirst ? "cross" : "sbs";
  if (packed && text(packed, 4) === "over") return isRightFirst ? "tb-right" : "tb";
  return null;
}

/** Return the duration of the frames if all but the last are equally long. */
function frameIn(track: Uint8Array): number | null {
  const header = inside(track, "mdia", "mdhd");
  const durations = inside(track, "mdia", "minf", "stbl", "stts");
  if (!header || !durations) return null;
  const timescale = number(header, header[0] === 1 ? 20 : 12);
  const [runs, frames, length] = [4, 8, 12].map((at) => number(durations, at)) as [number, number, number];
  const isSteady = runs === 1 || (runs === 2 && frames > 1 && number(durations, 16) === 1);
  return isSteady && timescale > 0 && length > 0 ? length / timescale : null;
}

/** Return the boxes in a content; those after a damaged one are left out. */
function boxesIn(content: Uint8Array): Box[] {
  const boxes: Box[] = [];
  for (let at = 0; at + 8 <= content.length; ) {
    const { kind, start, size } = headerOf(content.subarray(at, at + 16));
    const end = size === 0 ? content.length : at + size;
    if (end < at + start || end > content.length) break;
    boxes.push({ kind, content: content.subarray(at + start, end) });
    at = end;
  }
  return boxes;
}

/** Return the content of the box at the end of a path of kinds. */
function inside(content: Uint8Array, ...path: readonly string[]): Uint8Array | undefined {
  return path.reduce<Uint8Array | undefined>(
    (outer, kind) => outer && boxesIn(outer).find((box) => box.kind === kind)?.content,
    content,
  );
}

/** Return the unsigned 32-bit number at an offset; 0 beyond the end. */
function number(bytes: Uint8Array, at: number): number {
  return [0, 1, 2, 3].reduce((value, place) => value * 256 + (bytes[at + place] ?? 0), 0);
}

function text(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4));
}
