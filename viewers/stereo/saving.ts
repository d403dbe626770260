/** Saves what is seen as a picture. */

import { plainName } from "./layouts";
import { isFlat, type Show } from "./show";

/** Ends of names that tell players what is in the picture, as in kbvr/plan/name_endings.py. */
const ENDINGS: Partial<Record<Show["view"], string>> = {
  sbs: "_LR",
  cross: "_RL",
  "red-cyan": "_anaglyph",
  "green-magenta": "_anaglyph",
  "amber-blue": "_anaglyph",
};

/** Return the name of a saved picture of a file of this name: beach_frame.png for beach_LR.mp4. */
export function frameName(fileName: string, show: Show): string {
  return `${plainName(fileName)}_frame${isFlat(show) ? "" : (ENDINGS[show.view] ?? "")}.png`;
}

/**
 * Save a picture: on touch screens by the device's own menu of where to, elsewhere among the downloads.
 *
 * Returns whether it was saved; a person may close the menu.
 */
export async function save(png: Blob, name: string): Promise<boolean> {
  const files = [new File([png], name, { type: png.type })];
  if (matchMedia("(pointer: coarse)").matches && navigator.canShare?.({ files })) {
    try {
      await navigator.share({ files });
      return true;
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") return false;
      console.info("The picture cannot be shared, so it is downloaded:", error);
    }
  }
  const url = URL.createObjectURL(png);
  const link = Object.assign(document.createElement("a"), { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000); // some browsers ask first where to
  return true;
}
