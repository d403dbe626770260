/** The position of each eye's picture in a file, and the layout in the file's name. */

import endings from "./endings.json";

/** Part of a picture: left, top, width and height as shares of the picture's size; y points down. */
export type Rect = readonly [number, number, number, number];

/** One eye's picture: the index of the painter's picture that contains it, 0 or 1 for those of the file, and its part. */
export interface Eye {
  readonly picture: 0 | 1 | 2;
  readonly rect: Rect;
}

export interface Layout {
  readonly title: string;
  /** The pictures of the left and the right eye. */
  readonly eyes: readonly [Eye, Eye];
  /** Width of a view relative to its pixels: 2 for one squeezed to half its width. */
  readonly stretch: number;
  /** Whether the view is half a sphere around the viewer: columns are longitudes, rows latitudes, 180 degrees of each. */
  readonly halfSphere: boolean;
  /** Whether the file stores each eye's picture separately, as MPO does. */
  readonly apart: boolean;
}

const whole: Eye = { picture: 0, rect: [0, 0, 1, 1] };
const second: Eye = { picture: 1, rect: [0, 0, 1, 1] };
const onLeft: Eye = { picture: 0, rect: [0, 0, 0.5, 1] };
const onRight: Eye = { picture: 0, rect: [0.5, 0, 0.5, 1] };
const above: Eye = { picture: 0, rect: [0, 0, 1, 0.5] };
const below: Eye = { picture: 0, rect: [0, 0.5, 1, 0.5] };

function layout(title: string, left: Eye, right: Eye, more: Partial<Layout> = {}): Layout {
  return { title, eyes: [left, right], stretch: 1, halfSphere: false, apart: false, ...more };
}

export const LAYOUTS = {
  mono: layout("One picture", whole, whole),
  sbs: layout("Side by side", onLeft, onRight),
  "sbs-half": layout("Side by side, half width", onLeft, onRight, { stretch: 2 }),
  tb: layout("Top and bottom", above, below),
  "tb-half": layout("Top and bottom, half height", above, below, { stretch: 0.5 }),
  cross: layout("Side by side, crossed", onRight, onLeft),
  "180-sbs": layout("180° side by side", onLeft, onRight, { halfSphere: true }),
  "180-tb": layout("180° top and bottom", above, below, { halfSphere: true }),
  "180-mono": layout("180° one picture", whole, whole, { halfSphere: true }),
  apart: layout("Two pictures", whole, second, { apart: true }),
  "180-apart": layout("180° two pictures", whole, second, { halfSphere: true, apart: true }),
} satisfies Record<string, Layout>;

export type LayoutName = keyof typeof LAYOUTS;

/** Return whether both eyes see the same picture. */
export function isMono(name: LayoutName): boolean {
  const [left, right] = LAYOUTS[name].eyes;
  return left === right;
}

/** Return the layout of kbvr's name of a packing; packings without two separate pictures are shown unchanged. */
export function layoutNamed(name: string): LayoutName | null {
  if (Object.hasOwn(LAYOUTS, name)) return name as LayoutName;
  return Object.values(endings).includes(name) ? "mono" : null;
}

/**
 * Return the layout at the end of a file's name, or null.
 *
 * In the names of videos, points, dashes and spaces count as underscores. In those of photos they mean other things:
 * lake-LR.jpg is one in low resolution.
 */
export function layoutOf(fileName: string, isVideo: boolean): LayoutName | null {
  if (fileName.toLowerCase().endsWith(".jps")) return "cross";
  const stem = stemOf(fileName);
  const named = endingOf(isVideo ? plain(stem) : stem);
  return named ? layoutNamed(named[1]) : null;
}

/** Return a file's name without the suffix, and without what tells the layout or the author. */
export function plainName(fileName: string): string {
  const stem = stemOf(fileName).replace(/\.vr$/i, "");
  const ending = endingOf(stem)?.[0] ?? "";
  return stem.slice(0, stem.length - ending.length).replace(/_kbvr(_wiggle)?$/, "") || stem;
}

function stemOf(fileName: string): string {
  return fileName.replace(/\.[^.]*$/, "");
}

/** The ends of names in lower case, with and without `_kbvr`, and their layouts; the longest first. */
const ENDINGS = Object.entries(endings)
  .flatMap(([ending, name]) => [[ending.toLowerCase(), name] as const, [plain(ending), name] as const])
  .flatMap(([ending, name]) => [ending, ending.replace("_kbvr", "")].map((end) => [end, name] as const))
  .sort(([one], [other]) => other.length - one.length);

function endingOf(stem: string): readonly [ending: string, layout: string] | undefined {
  return ENDINGS.find(([end]) => stem.toLowerCase().endsWith(end));
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[-. ]/g, "_");
}
