import type { Icon } from "./icons";
import type { StereoMode } from "../options";

/** Commands of buttons and keys. */
export type Command =
  | "path"
  | StereoMode
  | "modes"
  | "recentre"
  | "save"
  | "share"
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
  "2": "wiggle",
  "3": "anaglyph",
  "4": "sbs",
  "5": "cross",
  "+": "nearer",
  "=": "nearer",
  "-": "farther",
  "?": "help",
  ArrowDown: "down",
  ArrowLeft: "left",
  ArrowRight: "right",
  ArrowUp: "up",
  f: "full",
  m: "modes",
  p: "save",
  r: "recentre",
  v: "headset",
});

/** How wide an element has to be for a button; in a narrower one, its command is in the menu. */
export type Room = "always" | "medium" | "wide";

/** A command with a button of its own. */
export interface Button {
  readonly command: Command & (Icon | "path" | "modes");
  readonly icon: Icon;
  /** Text for tooltips, menus and screen readers. */
  readonly label: string;
  /** The key as people read it; a key of KEYS but for its case. */
  readonly key?: string;
  readonly room: Room;
}

/** The buttons in their order. */
export const BUTTONS: readonly Button[] = Object.freeze([
  { command: "path", icon: "play", label: "Play the camera path", key: "Space", room: "always" },
  { command: "modes", icon: "none", label: "View mode", key: "M", room: "always" },
  { command: "recentre", icon: "recentre", label: "Reset the view", key: "R", room: "medium" },
  { command: "tilt", icon: "tilt", label: "Tilt to look around", room: "medium" },
  { command: "save", icon: "save", label: "Save a picture", key: "P", room: "wide" },
  { command: "share", icon: "share", label: "Share", room: "wide" },
  { command: "headset", icon: "headset", label: "View in VR", key: "V", room: "medium" },
  { command: "full", icon: "full", label: "Full screen", key: "F", room: "medium" },
  { command: "help", icon: "help", label: "Help", key: "?", room: "wide" },
]);

/** The view modes in the order of the menu, with their keys. */
export const MODES: readonly (readonly [mode: StereoMode, label: string, key: string])[] = Object.freeze([
  ["none", "Flat", "1"],
  ["wiggle", "Wiggle", "2"],
  ["anaglyph", "Red-cyan glasses", "3"],
  ["sbs", "Side by side", "4"],
  ["cross", "Crossed eyes", "5"],
]);

export function labelOf(mode: StereoMode): string {
  return MODES.find(([name]) => name === mode)![1];
}

/** What to do, and its effect. */
export type Hint = readonly [action: string, effect: string];

export const TOUCH_HELP: readonly Hint[] = Object.freeze([
  ["Drag, tilt", "look around"],
  ["Pinch", "zoom"],
  ["Two fingers", "move the zoomed picture"],
  ["Double tap", "zoom in and out"],
]);

export const MOUSE_HELP: readonly Hint[] = Object.freeze([
  ["Mouse, drag, arrows", "look around"],
  ["Wheel, double click, + −", "zoom"],
  ["Space", "play or pause the camera path"],
  ["1 to 5, M", "view mode, menu"],
  ["R", "reset the view"],
  ["P", "save a picture"],
  ["V", "view in VR"],
  ["F", "full screen"],
]);
