/** What people wait for; `python -m bench.studio` reads these measures. */
export type Wait = "kbvr:plan" | "kbvr:first-scene" | "kbvr:depth-to-scene" | "kbvr:stroke" | "kbvr:select";

/** Begin to wait; a wait that has begun already goes on from its beginning. */
export function begin(wait: Wait): void {
  if (!performance.getEntriesByName(`${wait}:begin`, "mark").length) performance.mark(`${wait}:begin`);
}

/** End a wait that has begun. */
export function end(wait: Wait): void {
  const mark = `${wait}:begin`;
  if (!performance.getEntriesByName(mark, "mark").length) return;
  performance.measure(wait, mark);
  performance.clearMarks(mark);
}
