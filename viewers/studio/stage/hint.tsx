import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";

import { texts } from "../texts";
import { isPlaying, prefersCalm } from "./playback";

const KEY = "kbvr-has-looked";
const SHOWN_MS = 9000;
/** How long the pointer may move before the hint goes: what it says has to be read. */
const READ_MS = 1800;

const isNew = signal(!wasSeen());

function wasSeen(): boolean {
  try {
    return localStorage.getItem(KEY) !== null;
  } catch {
    return false; // a browser that keeps nothing
  }
}

function end(): void {
  isNew.value = false;
  try {
    localStorage.setItem(KEY, "yes");
  } catch {
    // it is seen again next time
  }
}

/** How to look around in a scene: over a person's first one, until they do, or some seconds have gone. */
export function Hint() {
  const isShown = isNew.value;
  useEffect(() => {
    if (!isShown) return;
    const since = performance.now();
    const moved = () => performance.now() - since > READ_MS && end();
    const ended = new AbortController();
    const { signal } = ended;
    const timer = setTimeout(end, SHOWN_MS);
    addEventListener("pointerdown", end, { signal });
    addEventListener("keydown", end, { signal });
    addEventListener("pointermove", moved, { signal, passive: true });
    return () => {
      ended.abort();
      clearTimeout(timer);
    };
  }, [isShown]);
  if (!isShown) return null;
  const followsMouse = matchMedia("(hover: hover) and (pointer: fine)").matches && !prefersCalm && !isPlaying.value;
  return <p class="hint-over">{followsMouse ? texts.stage.hint.mouse : texts.stage.hint.drag}</p>;
}
