import { computed, effect, signal, untracked } from "@preact/signals";

import { output } from "../planning";
import { plan } from "../state";
import { frameCountOf } from "./frames";

/** How two eyes' views are shown on a screen. */
export const EYES = ["one", "wiggle", "anaglyph", "sbs", "cross"] as const;
export type Eyes = (typeof EYES)[number];

export const prefersCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;

export const eyes = signal<Eyes>("one");
export const isPlaying = signal(false);
/** Index of the plan's frame that is shown. */
export const frame = signal(0);
/** Whether what the photo hides, and kbvr invented, is tinted. */
export const isTinted = signal(false);
/** Whether the picture is in a headset. */
export const isPresenting = signal(false);
/** The number of places of the lens through which the picture has been drawn; 0 while it is sharp everywhere. */
export const samples = signal(0);
/** Whether the picture is drawn with all of the screen's pixels: while it moves, it may not be. */
export const isSharp = signal(true);
/** Whether a scene is drawn on the stage. */
export const isDrawn = signal(false);

export const frameCount = computed(() => (plan.value ? frameCountOf(plan.value) : 0));
export const canPlay = computed(() => frameCount.value > 1);

/** The output that these eyes' cameras are those of: a pair is planned for the screen, a single camera for the move. */
export function chooseEyes(value: Eyes): void {
  eyes.value = value;
}

/** Keep the frame within the plan; a still has none to play. */
export function followFrames(): void {
  effect(() => {
    const count = frameCount.value;
    untracked(() => {
      if (frame.value >= count) frame.value = 0;
    });
  });
  let shown = output.peek();
  effect(() => {
    if (output.value !== shown) frame.value = 0;
    shown = output.value;
  });
}
