import { isWriting } from "../parts/keys";
import { clear, invert, nudge, redo, undo } from "./actions";
import { BRUSHES, changeStrength, choose, chooseBrush, isComparing, POINTERS, resizeBrush, toggleInset, TOOLS } from "./tools";
import { enlarge, showWhole } from "./zoom";

const ZOOM_STEP = 1.5;
const STRENGTH_STEP = 0.1;
/** Factor on the distance of what is selected, for one press of a key. */
const NUDGE = 1.08;

const KEYS: Readonly<Record<string, () => void>> = Object.freeze({
  b: chooseBrush,
  "[": () => resizeBrush(-1),
  "]": () => resizeBrush(1),
  "{": () => changeStrength(-STRENGTH_STEP),
  "}": () => changeStrength(STRENGTH_STEP),
  ",": () => void nudge(1 / NUDGE),
  ".": () => void nudge(NUDGE),
  h: toggleInset,
  i: invert,
  Escape: clear,
  "+": () => enlarge(ZOOM_STEP),
  "=": () => enlarge(ZOOM_STEP),
  "-": () => enlarge(1 / ZOOM_STEP),
  "0": showWhole,
  ...Object.fromEntries([...POINTERS, ...BRUSHES].map((name) => [TOOLS[name].key, () => choose(name)])),
});

/** Obey keys while the depth is mended; return what ends that. */
export function obeyMendKeys(): () => void {
  const ended = new AbortController();
  const { signal } = ended;
  addEventListener("keydown", press, { signal });
  addEventListener("keyup", (event) => event.key.toLowerCase() === "x" && (isComparing.value = false), { signal });
  addEventListener("blur", () => (isComparing.value = false), { signal });
  return () => ended.abort();
}

function press(event: KeyboardEvent): void {
  if (event.defaultPrevented || isWriting(event) || event.altKey) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const isCommand = event.ctrlKey || event.metaKey;
  let action: (() => void) | undefined;
  if (isCommand && key === "z") action = () => void (event.shiftKey ? redo() : undo());
  else if (isCommand && key === "y") action = () => void redo();
  else if (!isCommand && key === "x") action = () => (isComparing.value = true);
  else if (!isCommand) action = KEYS[key];
  if (!action) return;
  event.preventDefault();
  action();
}
