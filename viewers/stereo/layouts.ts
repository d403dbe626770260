/** Where each eye's picture is in a file, and what the file's name says of it. */

import endings from "./endings.json";

/** Part of a picture: left, top, width and height as shares of the picture's; y goes down. */
export type Rect = readonly [number, number, number, number];

/** One eye's picture: which of the painter's pictures it is in, and where; the file's are 0 and, if there is one, 1. */
export interface Eye {
  readonly picture: 0 | 1 | 2;
  readonly rect: Rect;
}

export interface Layout {
  readonly says: string;
  /** What the left and the right eye see. */
  readonly eyes: readonly [Eye, Eye];
  /** By how much a view is wider than its rectangle's pixels say: 2 for one that was squeezed to half its width. */
  readonly stretch: number;
  /** Whether the view is half a sphere round the viewer: columns are longitudes, rows latitudes, 180 degrees of each. */
  readonly halfSphere: boolean;
  /** Whether each eye's picture is by itself in the file, as in MPO. */
  readonly apart: boolean;
}

const whole: Eye = { picture: 0, rect: [0, 0, 1, 1] };
const second: Eye = { picture: 1, rect: [0, 0, 1, 1] };
const onLeft: Eye = { picture: 0, rect: [0, 0, 0.5, 1] };
const onRight: Eye = { picture: 0, rect: [0.5, 0, 0.5, 1] };
const above: Eye = { picture: 0, rect: [0, 0, 1, 0.5] };
const below: Eye = { picture: 0, rect: [0, 0.5, 1, 0.5] };

function layout(says: string, left: Eye, right: Eye, more: Partial<Layout> = {}): Layout {
  return { says, eyes: [left, right], stretch: 1, halfSphere: false, apart: false, ...more };
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

/** Return whether both eyes see the same. */
export function isMono(name: LayoutName): boolean {
  const [left, right] = LAYOUTS[name].eyes;
  return left === right;
}

/** Return the layout of a name that kbvr gives to packings; those that are no two pictures are shown as they are. */
export function layoutNamed(name: string): LayoutName | null {
  if (name in LAYOUTS) return name as LayoutName;
  return Object.values(endings).includes(name) ? "mono" : null;
}

/** Return the layout that a file's name ends with, with or without `_kbvr`; null if it ends with none. */
export function layoutOf(fileName: string): LayoutName | null {
  const lower = fileName.toLowerCase();
  if (lower.endsWith(".jps")) return "cross";
  const stem = lower.replace(/\.[^.]*$/, "");
  const named = Object.entries(endings)
    .flatMap(([ending, name]) => [ending, ending.replace("_kbvr", "")].map((end) => [end.toLowerCase(), name] as const))
    .sort(([one], [other]) => other.length - one.length)
    .find(([end]) => stem.endsWith(end));
  return named ? layoutNamed(named[1]) : null;
}
