import { FITS, type Fit } from "./look/framing";

/** Name of a photo without one. */
export const NO_ALT = "A photo with depth";

/** How a scene is shown on a flat screen. */
export const STEREO_MODES = ["none", "wiggle", "anaglyph", "sbs", "cross"] as const;
export type StereoMode = (typeof STEREO_MODES)[number];

/** The element's attributes, read once per scene. */
export interface Options {
  readonly src: string | null;
  readonly alt: string;
  readonly fit: Fit;
  readonly stereo: StereoMode;
  /** Whether the camera path, or the sway of a scene without one, plays from the start. */
  readonly autoplay: boolean;
  /** Whether to show frame times; then frames are drawn continuously. */
  readonly stats: boolean;
  /** Whether files can be dropped on the element. */
  readonly droppable: boolean;
  /** Whether there is a button for VR on small screens without a headset, too. */
  readonly vr: boolean;
}

export const ATTRIBUTES = ["src", "alt", "fit", "stereo", "autoplay", "stats", "droppable", "vr"] as const;

export function readOptions(element: HTMLElement): Options {
  const stereo = element.getAttribute("stereo") as StereoMode;
  const fit = element.getAttribute("fit") as Fit;
  return Object.freeze({
    src: element.getAttribute("src"),
    alt: element.getAttribute("alt")?.trim() || NO_ALT,
    fit: FITS.includes(fit) ? fit : "auto",
    stereo: STEREO_MODES.includes(stereo) ? stereo : "none",
    autoplay: element.hasAttribute("autoplay"),
    stats: element.hasAttribute("stats"),
    droppable: element.hasAttribute("droppable"),
    vr: element.hasAttribute("vr"),
  });
}
