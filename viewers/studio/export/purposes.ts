import type { Options, Schema } from "../types";

/** What people make something for; each becomes an export of its own, because their sizes and formats differ. */
export const PURPOSES = [
  "blog",
  "headset",
  "phone",
  "page",
  "program",
  "tv",
  "glasses",
  "display",
  "vr180",
  "depth",
] as const;
export type Purpose = (typeof PURPOSES)[number];

/** Purpose -> its preset, or its options. */
const OPTIONS: Readonly<Record<Purpose, string | Options>> = Object.freeze({
  blog: "blog",
  headset: "quest",
  phone: "story",
  page: { html: "yes" },
  program: { gltf: "yes" },
  tv: "tv-3d",
  glasses: { still: "anaglyph" },
  display: "looking-glass",
  vr180: "youtube-vr180",
  depth: { depth_map: "png,color" },
});

/** Return the purpose of a preset, if it is the preset of one. */
export function purposeOf(preset: string): Purpose | undefined {
  return PURPOSES.find((purpose) => OPTIONS[purpose] === preset);
}

/** Purposes whose length in seconds can be chosen. */
const FILMS: readonly Purpose[] = ["headset", "phone", "tv", "vr180"];
/** Purposes whose pictures have a largest size. */
const SIZED: readonly Purpose[] = ["blog", "headset", "phone", "tv", "glasses", "depth"];
/** Purposes that are encoded with a quality. */
const ENCODED: readonly Purpose[] = ["headset", "phone", "tv", "glasses", "display", "vr180", "page", "program"];

export function optionsOf(purpose: Purpose, schema: Schema | null): Options {
  const options = OPTIONS[purpose];
  return typeof options === "string" ? (schema?.presets[options] ?? {}) : options;
}

/** Options that an export may set itself. */
export const ESSENTIALS = ["max_size", "seconds", "quality", "animate_as"] as const;
export type Essential = (typeof ESSENTIALS)[number];

const USERS: Readonly<Record<Essential, readonly Purpose[]>> = Object.freeze({
  max_size: SIZED,
  seconds: FILMS,
  quality: ENCODED,
  animate_as: ["blog"],
});

export function usesEssential(purpose: Purpose, essential: Essential): boolean {
  return USERS[essential].includes(purpose);
}
