import type { Icon } from "./icons";
import type { StereoMode } from "./options";

/** Commands of buttons and keys. */
export type Command =
  | "path"
  | StereoMode
  | "stereo"
  | "recentre"
  | "tilt"
  | "headset"
  | "full"
  | "help"
  | "left"
  | "right"
  | "up"
  | "down"
  | "nearer"
  | "farther";

export const KEYS: Readonly<Record<string, Command>> = Object.freeze({
  " ": "path",
  "1": "none",
  "2": "anaglyph",
  "3": "sbs",
  "4": "wiggle",
  "+": "nearer",
  "=": "nearer",
  "-": "farther",
  "?": "help",
  ArrowDown: "down",
  ArrowLeft: "left",
  ArrowRight: "right",
  ArrowUp: "up",
  f: "full",
  r: "recentre",
  v: "headset",
});

/** Buttons in their order, with labels for tooltips and screen readers. */
export const BUTTONS: readonly (readonly [command: Command & (Icon | "path" | "stereo"), icon: Icon, label: string])[] =
  Object.freeze([
    ["path", "play", "Play the camera path (space)"],
    ["stereo", "none", "Stereo"],
    ["recentre", "recentre", "Recentre (R)"],
    ["tilt", "tilt", "Tilt to look around"],
    ["headset", "headset", "Enter VR (V)"],
    ["full", "full", "Full screen (F)"],
    ["help", "help", "Keys (?)"],
  ]);

export const STEREO_LABELS: Readonly<Record<StereoMode, string>> = Object.freeze({
  none: "Stereo: off (1)",
  anaglyph: "Stereo: red-cyan glasses (2)",
  sbs: "Stereo: side by side (3)",
  wiggle: "Stereo: wiggle (4)",
});

export const HELP: readonly (readonly [keys: string, action: string])[] = Object.freeze([
  ["Mouse, arrows", "look around"],
  ["+ −", "zoom"],
  ["Space", "play the camera path"],
  ["1", "flat"],
  ["2", "red-cyan glasses"],
  ["3", "side by side"],
  ["4", "wiggle"],
  ["R", "recentre"],
  ["V", "enter VR"],
  ["F", "full screen"],
]);
