import { effect, signal, untracked } from "@preact/signals";

import { Refusal, send } from "./api";
import { blame, problems } from "./settings";
import { current, options, plan } from "./state";
import type { PlanOutput, PlanState } from "./types";

/** The output whose cameras the stage shows. */
export const output = signal<PlanOutput>("wiggle");
/** Whether a plan is on its way. */
export const isPlanning = signal(false);

let wanted: string | null = null;
let isAsking = false;

/** Ask for the plan of what is wanted now; one question at a time, the latest wins. */
async function ask(): Promise<void> {
  if (isAsking) return;
  isAsking = true;
  isPlanning.value = true;
  for (let asked: string | null = null; wanted !== asked; ) {
    asked = wanted;
    const project = current.peek();
    if (!project?.depth) break;
    try {
      const body = { output: output.peek(), options: options.peek() };
      const answer = await send<PlanState>("POST", `projects/${project.id}/plan`, body);
      if (current.peek()?.id !== project.id) continue;
      plan.value = answer;
      if (wanted === asked) problems.value = {};
    } catch (error) {
      if (wanted === asked && error instanceof Refusal) blame(error);
    }
  }
  isAsking = false;
  isPlanning.value = false;
}

/** Keep the plan up to date with the project, its depth, its options and the chosen output. */
export function followPlan(): void {
  let shown = "";
  effect(() => {
    const { id = "", depth = null } = current.value ?? {};
    const next = depth && JSON.stringify([id, depth.revision, output.value, options.value]);
    untracked(() => {
      if (shown !== id) plan.value = null;
      shown = id;
      wanted = next;
      if (next) requestAnimationFrame(() => void ask());
    });
  });
}
