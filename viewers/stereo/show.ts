/** What is shown, and how: the page's state. */

import { type Eye, isMono, LAYOUTS, type LayoutName } from "./layouts";
import type { Source } from "./source";
import type { ViewName } from "./views";

export interface Show {
  source: Source | null;
  layout: LayoutName;
  isSwapped: boolean;
  view: ViewName;
}

/** Return what the left and the right eye see. */
export function eyesOf(show: Show): readonly [Eye, Eye] {
  const [left, right] = LAYOUTS[show.layout].eyes;
  return show.isSwapped ? [right, left] : [left, right];
}

/** Return a view's width over its height; 1 if nothing is shown. */
export function aspectOf(show: Show): number {
  const [width, height] = sizePx(show);
  const [, , across, down] = LAYOUTS[show.layout].eyes[0].rect;
  return height > 0 ? (LAYOUTS[show.layout].stretch * width * across) / (height * down) : 1;
}

function sizePx(show: Show): [number, number] {
  const picture = show.source?.pictures[0];
  if (!picture) return [0, 0];
  return picture instanceof HTMLVideoElement
    ? [picture.videoWidth, picture.videoHeight]
    : [picture.width, picture.height];
}

/** Return whether there is one picture for both eyes, which is shown as it is. */
export function isFlat(show: Show): boolean {
  return isMono(show.layout);
}

/** Return the layouts that a source can have. */
export function layoutsFor(source: Source): LayoutName[] {
  const isPair = source.pictures.length === 2;
  return (Object.keys(LAYOUTS) as LayoutName[]).filter((name) => LAYOUTS[name].apart === isPair);
}
