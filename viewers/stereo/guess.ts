/** Decides how a file is laid out, from what it says, its name and its shape. */

import { LAYOUTS, type LayoutName } from "./layouts";
import type { Packing, VideoFacts } from "./video_facts";

/** Tolerance of the shape of half spheres, whose pictures are square. */
const SQUARE = 1.04;

export interface Guess {
  readonly layout: LayoutName;
  /** Whether the eyes are the other way round in this file. */
  readonly isSwapped: boolean;
}

const FLAT: Readonly<Record<Packing, LayoutName>> = { mono: "mono", sbs: "sbs", cross: "cross", tb: "tb", "tb-right": "tb" };
const ROUND: Readonly<Record<Packing, LayoutName>> = {
  mono: "180-mono",
  sbs: "180-sbs",
  cross: "180-sbs",
  tb: "180-tb",
  "tb-right": "180-tb",
};

/**
 * Return the layout, or null if nothing tells it.
 *
 * The packing in the file comes first; the name may add that it is squeezed or half a sphere, which most files do not
 * state. A frame of 16:9 with both eyes is squeezed, as for 3D televisions.
 */
export function guess(named: LayoutName | null, facts: VideoFacts | null, width: number, height: number): Guess | null {
  const aspect = width / height;
  const packing = facts?.packing ?? null;
  if (packing && packing !== "mono") {
    const isRound = facts?.isHalfSphere || (named !== null && LAYOUTS[named].halfSphere);
    const isReversed = packing === "tb-right" || (packing === "cross" && isRound);
    if (isRound) return { layout: ROUND[packing], isSwapped: isReversed };
    const squeezed = `${FLAT[packing]}-half`;
    const isSqueezed = squeezed in LAYOUTS && (named === squeezed || Math.abs(aspect * 9 - 16) < 0.1);
    return { layout: isSqueezed ? (squeezed as LayoutName) : FLAT[packing], isSwapped: isReversed };
  }
  const layout = facts?.isHalfSphere ? (named && LAYOUTS[named].halfSphere ? named : "180-mono") : named;
  if (layout === "180-mono") return ofShape(aspect, facts?.isHalfSphere ?? false);
  return layout && { layout, isSwapped: false };
}

/** A name that ends in 180 does not say how the eyes share the picture, and may only be the 180th photo. */
function ofShape(aspect: number, isSure: boolean): Guess | null {
  const isAbout = (wanted: number): boolean => Math.abs(Math.log(aspect / wanted)) < Math.log(SQUARE);
  const layout = isAbout(2) ? "180-sbs" : isAbout(0.5) ? "180-tb" : isSure || isAbout(1) ? "180-mono" : null;
  return layout && { layout, isSwapped: false };
}
