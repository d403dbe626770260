/** The views of two pictures on a flat screen. */

import { DUBOIS } from "../shared/anaglyph";

/** A row-major 3x3 matrix from a picture's linear RGB to the shown linear RGB. */
export type Mix = readonly number[];

const ALL: Mix = [1, 0, 0, 0, 1, 0, 0, 0, 1];
const NOTHING: Mix = [0, 0, 0, 0, 0, 0, 0, 0, 0];

export interface View {
  readonly title: string;
  /** mixed: both pictures added up. turns: in alternation. beside: side by side, the first of `order` on the left. */
  readonly kind: "mixed" | "turns" | "beside";
  /** The matrices of the left and of the right picture, if they are mixed. */
  readonly mix: readonly [Mix, Mix];
  readonly order: readonly [0 | 1, 0 | 1];
  readonly group: string;
}

function mixed(group: string, title: string, left: Mix, right: Mix): View {
  return { title, kind: "mixed", mix: [left, right], order: [0, 1], group };
}

const BARE = "Without glasses";
const GLASSES = "Coloured glasses";

/** Anaglyph matrices by Dubois (for the source see DUBOIS), the same as in kbvr/formats/packing/anaglyph.py. */
export const VIEWS = {
  left: mixed(BARE, "Left eye", ALL, NOTHING),
  right: mixed(BARE, "Right eye", NOTHING, ALL),
  wiggle: { title: "Wiggle", kind: "turns", mix: [ALL, NOTHING], order: [0, 1], group: BARE },
  sbs: { title: "Side by side", kind: "beside", mix: [ALL, NOTHING], order: [0, 1], group: BARE },
  cross: { title: "Cross-eyed", kind: "beside", mix: [ALL, NOTHING], order: [1, 0], group: BARE },
  "red-cyan": mixed(GLASSES, "Red and cyan", DUBOIS.left, DUBOIS.right),
  "green-magenta": mixed(
    GLASSES,
    "Green and magenta",
    [-0.062, -0.158, -0.039, 0.284, 0.668, 0.143, -0.015, -0.027, 0.021],
    [0.529, 0.705, 0.024, -0.016, -0.015, -0.065, 0.009, 0.075, 0.937],
  ),
  "amber-blue": mixed(
    GLASSES,
    "Amber and blue",
    [1.062, -0.205, 0.299, -0.026, 0.908, 0.068, -0.038, -0.173, 0.022],
    [-0.016, -0.123, -0.017, 0.006, 0.062, -0.017, 0.094, 0.185, 0.911],
  ),
} satisfies Record<string, View>;

export type ViewName = keyof typeof VIEWS;

/** Return the matrices that show only one eye's picture. */
export function only(eye: 0 | 1): readonly [Mix, Mix] {
  return eye === 0 ? [ALL, NOTHING] : [NOTHING, ALL];
}

/** Return the view of a name; `anaglyph` means red-cyan, the most common glasses. */
export function viewNamed(name: string): ViewName | null {
  if (name === "anaglyph") return "red-cyan";
  return Object.hasOwn(VIEWS, name) ? (name as ViewName) : null;
}
