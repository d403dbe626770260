/** What a flat screen shows of two pictures. */

import { DUBOIS } from "../shared/anaglyph";

/** Nine numbers, row by row: red, green and blue of what is shown from red, green and blue of a picture's linear light. */
export type Mix = readonly number[];

const ALL: Mix = [1, 0, 0, 0, 1, 0, 0, 0, 1];
const NOTHING: Mix = [0, 0, 0, 0, 0, 0, 0, 0, 0];

export interface View {
  readonly says: string;
  /** mixed: both pictures in one place. turns: one after the other. beside: both, the first of `order` on the left. */
  readonly kind: "mixed" | "turns" | "beside";
  /** What is taken of the left and of the right picture, if they are mixed. */
  readonly mix: readonly [Mix, Mix];
  readonly order: readonly [0 | 1, 0 | 1];
  readonly group: string;
}

function mixed(group: string, says: string, left: Mix, right: Mix): View {
  return { says, kind: "mixed", mix: [left, right], order: [0, 1], group };
}

const GLASSES = "Anaglyph, for coloured glasses";
const BARE = "Without glasses";

/** The anaglyphs' matrices are Dubois's, whose source is where DUBOIS is; the same numbers as in kbvr/formats/packing/anaglyph.py. */
export const VIEWS = {
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
  wiggle: { says: "Wiggle", kind: "turns", mix: [ALL, NOTHING], order: [0, 1], group: BARE },
  left: mixed(BARE, "Left eye", ALL, NOTHING),
  right: mixed(BARE, "Right eye", NOTHING, ALL),
  sbs: { says: "Side by side", kind: "beside", mix: [ALL, NOTHING], order: [0, 1], group: BARE },
  cross: { says: "Cross-eyed", kind: "beside", mix: [ALL, NOTHING], order: [1, 0], group: BARE },
} satisfies Record<string, View>;

export type ViewName = keyof typeof VIEWS;

/** Return what shows one eye's picture alone. */
export function only(eye: 0 | 1): readonly [Mix, Mix] {
  return eye === 0 ? [ALL, NOTHING] : [NOTHING, ALL];
}

/** Return the view of a name; `anaglyph` is the one for the glasses that most people have. */
export function viewNamed(name: string): ViewName | null {
  if (name === "anaglyph") return "red-cyan";
  return name in VIEWS ? (name as ViewName) : null;
}
