/** How a scene is shown on a flat screen. */
export const STEREO_MODES = ["none", "anaglyph", "sbs", "wiggle"] as const;
export type StereoMode = (typeof STEREO_MODES)[number];

/** How the photo's frame and the element's differ: cover fills the element, contain shows the whole photo. */
export type Fit = "cover" | "contain";

/** Attributes of the element, read once for every scene. */
export interface Options {
  readonly src: string | null;
  readonly alt: string;
  readonly fit: Fit;
  readonly stereo: StereoMode;
  /** Whether the camera path plays from the start. */
  readonly autoplay: boolean;
  /** Whether frame times are shown; then frames are drawn all the time. */
  readonly stats: boolean;
  /** Whether files can be dropped on the element. */
  readonly droppable: boolean;
}

export const ATTRIBUTES = ["src", "alt", "fit", "stereo", "autoplay", "stats", "droppable"] as const;

export function readOptions(element: HTMLElement): Options {
  const stereo = element.getAttribute("stereo") as StereoMode;
  return Object.freeze({
    src: element.getAttribute("src"),
    alt: element.getAttribute("alt") ?? "A photo with depth",
    fit: element.getAttribute("fit") === "contain" ? "contain" : "cover",
    stereo: STEREO_MODES.includes(stereo) ? stereo : "none",
    autoplay: element.hasAttribute("autoplay"),
    stats: element.hasAttribute("stats"),
    droppable: element.hasAttribute("droppable"),
  });
}
