/** JPEG files with two pictures or a stated packing: MPO, JPS and VR180 photos. */

import type { LayoutName } from "./layouts";

export interface StereoJpeg {
  readonly layout: LayoutName;
  /** Each is a separate JPEG; the left eye's first if there are two. */
  readonly pictures: readonly Blob[];
}

const DISPARITY = 0x020002;
const LEFT_FIELD_FIRST = 0x04;
const HALF_WIDTH = 0x02;
const SIDE_BY_SIDE = 2;
const XMP = "http://ns.adobe.com/xap/1.0/\0";
const EXTENDED_XMP = "http://ns.adobe.com/xmp/extension/\0";
const EXTENDED_HEAD_BYTES = EXTENDED_XMP.length + 32 + 4 + 4;

interface Segment {
  readonly marker: number;
  readonly content: Uint8Array<ArrayBuffer>;
  /** Offset of the content in the file. */
  readonly at: number;
}

/** Return the stereo pictures or packing of a file; null if it is not a JPEG, or states none or an impossible one. */
export function stereoIn(bytes: Uint8Array<ArrayBuffer>, fileName: string): StereoJpeg | null {
  const segments = segmentsOf(bytes);
  try {
    return pairIn(bytes, segments, fileName) ?? halfSpheresIn(bytes, segments) ?? packedIn(bytes, segments);
  } catch (error) {
    // If the directory points outside the file, or a picture is not Base64, the first picture may still be intact.
    if (error instanceof RangeError || error instanceof DOMException) return null;
    throw error;
  }
}

function segmentsOf(bytes: Uint8Array<ArrayBuffer>): Segment[] {
  const segments: Segment[] = [];
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) return segments;
  for (let at = 2; at + 4 <= bytes.length && bytes[at] === 0xff; ) {
    const marker = bytes[at + 1] ?? 0;
    if (marker === 0xda) break;
    const length = (bytes[at + 2] ?? 0) * 256 + (bytes[at + 3] ?? 0);
    segments.push({ marker, content: bytes.subarray(at + 4, at + 2 + length), at: at + 4 });
    at += 2 + length;
  }
  return segments;
}

function text(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes);
}

function starting(segments: readonly Segment[], marker: number, identifier: string): Segment[] {
  return segments.filter(
    (segment) => segment.marker === marker && text(segment.content.subarray(0, identifier.length)) === identifier,
  );
}

function jpeg(bytes: Uint8Array<ArrayBuffer>): Blob {
  return new Blob([bytes], { type: "image/jpeg" });
}

/** MPO: CIPA DC-007; the directory in the segment MPF lists the pictures, with offsets relative to its header. */
function pairIn(bytes: Uint8Array<ArrayBuffer>, segments: readonly Segment[], fileName: string): StereoJpeg | null {
  const index = starting(segments, 0xe2, "MPF\0")[0];
  if (!index || index.content.length < 12) return null;
  const base = index.at + 4;
  const data = new DataView(bytes.buffer, bytes.byteOffset + base, index.content.length - 4);
  const isLittle = data.getUint16(0) === 0x4949;
  const directory = data.getUint32(4, isLittle);
  for (let entry = 0; entry < data.getUint16(directory, isLittle); entry++) {
    const at = directory + 2 + 12 * entry;
    if (data.getUint16(at, isLittle) !== 0xb002 || data.getUint32(at + 4, isLittle) < 32) continue;
    const list = data.getUint32(at + 8, isLittle);
    const types = [0, 16].map((place) => data.getUint32(list + place, isLittle) & 0xffffff);
    if (types.some((type) => type !== DISPARITY) && !fileName.toLowerCase().endsWith(".mpo")) return null;
    const second = base + data.getUint32(list + 16 + 8, isLittle);
    const length = data.getUint32(list + 16 + 4, isLittle);
    return { layout: "apart", pictures: [jpeg(bytes.subarray(0, second)), jpeg(bytes.subarray(second, second + length))] };
  }
  return null;
}

/** VR180 photo: the right eye's JPEG is in the extended XMP (Google's "Cardboard Camera VR Photo Format"). */
function halfSpheresIn(bytes: Uint8Array<ArrayBuffer>, segments: readonly Segment[]): StereoJpeg | null {
  const xmp = starting(segments, 0xe1, XMP).map((segment) => text(segment.content)).join("");
  const [fullWidth, fullHeight, width, height] = [
    "FullPanoWidthPixels",
    "FullPanoHeightPixels",
    "CroppedAreaImageWidthPixels",
    "CroppedAreaImageHeightPixels",
  ].map((name) => Number(new RegExp(`GPano:${name}[=">]+(\\d+)`).exec(xmp)?.[1]));
  if (!width || !height || 2 * width !== fullWidth || height !== fullHeight) return null;
  const inside = starting(segments, 0xe1, EXTENDED_XMP)
    .map((segment) => text(segment.content.subarray(EXTENDED_HEAD_BYTES)))
    .join("");
  const right = /GImage:Data="([^"]*)"/.exec(inside)?.[1];
  if (right === undefined) return { layout: "180-mono", pictures: [jpeg(bytes)] };
  const decoded = Uint8Array.from(atob(right), (character) => character.charCodeAt(0));
  return { layout: "180-apart", pictures: [jpeg(bytes), jpeg(decoded)] };
}

/** JPS: VRex's "Stereoscopic JPEG File Format" 2.2; a block of separation, flags, layout and kind of medium. */
function packedIn(bytes: Uint8Array<ArrayBuffer>, segments: readonly Segment[]): StereoJpeg | null {
  const [, flags, layout] = starting(segments, 0xe3, "_JPSJPS_")[0]?.content.subarray(10, 14) ?? [];
  if (flags === undefined || layout !== SIDE_BY_SIDE || flags & HALF_WIDTH) return null;
  return { layout: flags & LEFT_FIELD_FIRST ? "sbs" : "cross", pictures: [jpeg(bytes)] };
}
