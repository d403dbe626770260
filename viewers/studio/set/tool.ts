import { signal } from "@preact/signals";

import { output } from "../planning";
import { change } from "../settings";
import { options, tell } from "../state";
import { texts } from "../texts";

/** What a person does on the photo now: drag the crops, or click a place. */
export type Tool = "crops" | "focus" | "screen";
export const tool = signal<Tool | null>(null);

/** Begin with a tool, or end it. */
export function toggleTool(name: Tool): void {
  tool.value = tool.value === name ? null : name;
  if (tool.value !== "crops") return;
  const { path, aspect } = options.value;
  if (aspect !== undefined) {
    change({ aspect: null });
    tell(texts.set.crops.ofWholePhoto);
  }
  if (path === undefined || output.value === "wiggle" || output.value === "anaglyph") output.value = "kenburns";
}
