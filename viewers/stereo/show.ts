/** The page's state: the source and its presentation. */

import { type Eye, isMono, LAYOUTS, type LayoutName } from "./layouts";
import type { Source } from "./source";
import { type ViewName, VIEWS } from "./views";

export interface Show {
  source: Source | null;
  layout: LayoutName;
  isSwapped: boolean;
  view: ViewName;
  /** Relative to the usual speed. */
  wiggleSpeed: number;
  isWigglePaused: boolean;
}

/** Return the pictures of the left and the right eye. */
export function eyesOf(show: Show): readonly [Eye, Eye] {
  const [left, right] = LAYOUTS[show.layout].eyes;
  return show.isSwapped ? [right, left] : [left, right];
}

/** Return the aspect (width / height) of a view; 1 without a source. */
export function aspectOf(show: Show): number {
  const [width, height] = viewSizePx(show);
  return height > 0 ? width / height : 1;
}

/** Return the width and height of a view without squeezing, in pixels of its finer direction; 0 without a source. */
export function viewSizePx(show: Show): [number, number] {
  const [width, height] = sizePx(show);
  const { eyes, stretch } = LAYOUTS[show.layout];
  const [, , across, down] = eyes[0].rect;
  return [width * across * Math.max(1, stretch), (height * down) / Math.min(1, stretch)];
}

function sizePx(show: Show): [number, number] {
  const picture = show.source?.pictures[0];
  if (!picture) return [0, 0];
  return picture instanceof HTMLVideoElement
    ? [picture.videoWidth, picture.videoHeight]
    : [picture.width, picture.height];
}

/** Return whether both eyes see one picture, which is shown unchanged. */
export function isFlat(show: Show): boolean {
  return isMono(show.layout);
}

/** Return the possible layouts of a source. */
export function layoutsFor(source: Source): LayoutName[] {
  const isPair = source.pictures.length === 2;
  return (Object.keys(LAYOUTS) as LayoutName[]).filter((name) => LAYOUTS[name].apart === isPair);
}

/** Return whether the page itself moves a still picture: in a wiggle. */
export function wiggles(show: Show): boolean {
  return show.source !== null && VIEWS[show.view].kind === "turns" && !isFlat(show);
}
