import type { PlannedCamera, PlanState } from "../types";

/** Return the number of frames that play: a loop shows its views there and back. */
export function frameCountOf({ instants, is_loop }: PlanState): number {
  return is_loop && instants.length > 1 ? 2 * instants.length - 2 : instants.length;
}

/** Return the cameras of a frame; frames beyond the end are the first one. */
export function instantAt(plan: PlanState, frame: number): readonly PlannedCamera[] | undefined {
  const { instants } = plan;
  const at = frame < frameCountOf(plan) ? frame : 0;
  return instants[at < instants.length ? at : 2 * instants.length - 2 - at];
}
