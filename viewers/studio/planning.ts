import { effect, signal, untracked } from "@preact/signals";

import { Refusal, send, Unreachable } from "./api";
import { blame, problems } from "./settings";
import { connection, current, options, plan } from "./state";
import type { PlanOutput, PlanState } from "./types";

/** The output whose cameras the stage shows. */
export const output = signal<PlanOutput>("wiggle");
/** Whether a plan is on its way. */
export const isPlanning = signal(false);

/** The plan whose comfort is told: that of a stereo video, where the chosen output is for one eye. */
export const comfortPlan = signal<PlanState | null>(null);

const ONE_EYED: readonly PlanOutput[] = ["wiggle", "kenburns"];
const COMFORT_MS = 300;
/** How long until it is asked whether the first scene is there. */
const LOOK_AGAIN_MS = 1000;
let comfortTimer = 0;

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
      if (!(error instanceof Refusal)) break; // it is asked again when the server is back
      if (wanted === asked) blame(error);
    }
  }
  isAsking = false;
  isPlanning.value = false;
  clearTimeout(comfortTimer);
  if (ONE_EYED.includes(output.peek())) askComfortSoon();
  else comfortPlan.value = plan.peek();
}

function askComfortSoon(wait_ms = COMFORT_MS): void {
  clearTimeout(comfortTimer);
  comfortTimer = window.setTimeout(() => void askComfort(), wait_ms);
}

/** Ask how comfortable a stereo video is, when nothing else is asked and people no longer wait for the first scene. */
async function askComfort(): Promise<void> {
  const [project, asked] = [current.peek(), wanted];
  if (!project?.depth || isAsking) return;
  if (!project.scene && project.stage !== "failed") return askComfortSoon(LOOK_AGAIN_MS);
  try {
    const body = { output: "stereo", options: options.peek() };
    const answer = await send<PlanState>("POST", `projects/${project.id}/plan`, body);
    if (wanted === asked) comfortPlan.value = answer;
  } catch (error) {
    if (!(error instanceof Refusal || error instanceof Unreachable)) throw error;
    comfortPlan.value = null; // options that suit the chosen output only
  }
}

/** Keep the plan up to date with the project, its depth, its options and the chosen output. */
export function followPlan(): void {
  let shown = "";
  effect(() => {
    const { id = "", depth = null } = current.value ?? {};
    const next = depth && JSON.stringify([id, depth.revision, output.value, options.value, connection.value]);
    untracked(() => {
      if (shown !== id) plan.value = comfortPlan.value = null;
      shown = id;
      wanted = next;
      if (next) queueMicrotask(() => void ask()); // what changes together is asked once
    });
  });
}
