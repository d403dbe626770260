import { signal } from "@preact/signals";

import { step } from "./opening";
import { isWriting } from "./parts/keys";
import { pick } from "./start/intake";
import { redo, undo } from "./settings";
import { tool } from "./set/tool";
import { enterHeadset } from "./stage/headset";
import { EYES, eyes, isDrawn, isTinted } from "./stage/playback";
import { togglePlay } from "./stage/transport";
import { announce, current, mode, MODES, view, VIEWS } from "./state";
import { texts } from "./texts";

export const isHelpOpen = signal(false);

/** Keys that work wherever nobody writes; those of the picture do not while its depth is mended. */
const ANYWHERE: Readonly<Record<string, () => void>> = {
  "?": () => (isHelpOpen.value = true),
  o: () => pick(),
};
const ON_PICTURE: Readonly<Record<string, () => void>> = {
  " ": togglePlay,
  e: nextEyes,
  i: () => isDrawn.value && (isTinted.value = !isTinted.value),
  v: () => void enterHeadset(),
  "[": () => step(-1),
  "]": () => step(1),
  Escape: () => (tool.value = null),
};

function nextEyes(): void {
  eyes.value = EYES[(EYES.indexOf(eyes.value) + 1) % EYES.length]!;
  announce(texts.stage.eyes[eyes.value]);
}

/** Return what a key does now, if anything. */
function actionOf(event: KeyboardEvent): (() => void) | undefined {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const isMending = mode.value === "mend";
  if (event.ctrlKey || event.metaKey) {
    if (event.altKey || isMending || !current.value) return undefined;
    if (key === "z") return event.shiftKey ? redo : undo;
    return key === "y" ? redo : undefined;
  }
  if (event.altKey) {
    const at = Number(key);
    return at >= 1 && at <= MODES.length ? () => (mode.value = MODES[at - 1]!) : undefined;
  }
  if (ANYWHERE[key]) return ANYWHERE[key];
  if (isMending || !current.value) return undefined;
  const at = Number(key);
  if (key !== " " && at >= 1 && at <= VIEWS.length) return () => (view.value = VIEWS[at - 1]!);
  const target = event.composedPath()[0];
  const isForItself = target instanceof HTMLElement && target.matches("button, input, summary, [role=slider]");
  if (key === " " && isForItself) return undefined;
  return ON_PICTURE[key];
}

/** Obey keys from anywhere on the page. */
export function obeyKeys(): void {
  addEventListener("keydown", (event) => {
    if (event.defaultPrevented || document.querySelector("dialog[open]") || isWriting(event)) return;
    const action = actionOf(event);
    if (!action) return;
    event.preventDefault();
    action();
  });
}
