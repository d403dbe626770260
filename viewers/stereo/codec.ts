/** Detects a video's codec, for the message of browsers that cannot play it. */

/** Length of the part of a file that is searched. */
export const HEAD_BYTES = 1 << 20;

const MP4_CODECS: Readonly<Record<string, string>> = {
  avc1: "H.264",
  avc3: "H.264",
  hvc1: "HEVC (H.265)",
  hev1: "HEVC (H.265)",
  av01: "AV1",
  vp09: "VP9",
  apch: "ProRes",
  apcn: "ProRes",
  mp4v: "MPEG-4 Part 2",
};

const MATROSKA_CODECS: Readonly<Record<string, string>> = {
  "V_MPEG4/ISO/AVC": "H.264",
  "V_MPEGH/ISO/HEVC": "HEVC (H.265)",
  V_AV1: "AV1",
  V_VP9: "VP9",
  V_VP8: "VP8",
};

/** Return the name of the codec in the first bytes of an MP4 or WebM, or null. */
export function codecIn(head: Uint8Array): string | null {
  const text = new TextDecoder("latin1").decode(head);
  for (const { index } of text.matchAll(/stsd/g)) {
    // Before the first entry's kind: the box's name, version and flags, count, and the entry's size.
    const codec = MP4_CODECS[text.slice(index + 16, index + 20)];
    if (codec) return codec;
  }
  const matroska = Object.keys(MATROSKA_CODECS).find((id) => text.includes(id));
  return (matroska && MATROSKA_CODECS[matroska]) ?? null;
}
