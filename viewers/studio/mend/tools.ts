import { computed, signal } from "@preact/signals";

import type { IconName } from "../parts/icon";

export const BRUSHES = ["nearer", "farther", "flatten", "smooth", "sharpen", "infinity"] as const;
export type BrushName = (typeof BRUSHES)[number];
export const POINTERS = ["select", "lasso", "line"] as const;
export type ToolName = BrushName | (typeof POINTERS)[number];

/** Icon and key of every tool. */
export const TOOLS: Readonly<Record<ToolName, { readonly icon: IconName; readonly key: string }>> = Object.freeze({
  select: { icon: "select", key: "s" },
  lasso: { icon: "lasso", key: "l" },
  line: { icon: "line", key: "w" },
  nearer: { icon: "nearer", key: "n" },
  farther: { icon: "farther", key: "f" },
  flatten: { icon: "flatten", key: "t" },
  smooth: { icon: "smooth", key: "m" },
  sharpen: { icon: "sharpen", key: "e" },
  infinity: { icon: "sky", key: "k" },
});

export const tool = signal<ToolName>("select");
export const isBrush = computed(() => (BRUSHES as readonly string[]).includes(tool.value));
let lastBrush: BrushName = "nearer";

/** Radius of the brush, as a share of the photo's long side. */
export const radius = signal(0.04);
export const MIN_RADIUS = 0.004;
export const MAX_RADIUS = 0.15;
export const strength = signal(0.5);
export const hardness = signal(0.5);
export const usesPressure = signal(true);
export const followsEdges = signal(true);
/** Whether brushes paint only what is selected, if something is. */
export const staysInside = signal(false);

/** What a click does to the selection. */
export const HOWS = ["new", "add", "remove"] as const;
export type How = (typeof HOWS)[number];
export const how = signal<How>("new");
/** What a line is for. */
export const LINE_USES = ["surface", "straighten"] as const;
export const lineUse = signal<(typeof LINE_USES)[number]>("surface");

/** How much of the depth's colours lies over the photo, 0 to 1. */
export const overlay = signal(0.55);
/** Whether the automatic depth is shown, to compare. */
export const isComparing = signal(false);
/** How large the small 3D picture is. */
export const INSET_SIZES = ["hidden", "small", "large"] as const;
export const insetSize = signal<(typeof INSET_SIZES)[number]>("small");

export function toggleInset(): void {
  insetSize.value = insetSize.value === "hidden" ? "small" : "hidden";
}

export function choose(name: ToolName): void {
  tool.value = name;
  if (isBrush.value) lastBrush = name as BrushName;
}

export function chooseBrush(): void {
  choose(lastBrush);
}

const SIZE_STEP = 1.2;

export function resizeBrush(steps: number): void {
  radius.value = Math.min(MAX_RADIUS, Math.max(MIN_RADIUS, radius.value * SIZE_STEP ** steps));
}

export function changeStrength(by: number): void {
  strength.value = Math.min(1, Math.max(0.05, Math.round((strength.value + by) * 20) / 20));
}
