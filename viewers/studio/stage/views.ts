import type { Matrix4, Vector3 } from "three";

import { movedBy, seenFrom, type Window } from "../../photo/draw/frustum";
import { between, poseOf, windowOf, type PlannedCamera } from "../../photo/draw/planned";
import type { Frame } from "../../photo/look/framing";
import type { Facts } from "../../photo/scene/facts";
import type { PlanState } from "../types";
import { instantAt } from "./frames";
import type { Eyes } from "./playback";

/** Parallax from nearest to farthest of a pair that is not planned, as a share of the width (kbvr/motion/sway.py). */
const PARALLAX = Object.freeze({ wiggle: 0.025, anaglyph: 0.02, sbs: 0.03, cross: 0.03 });

/** What is looked at, and how. */
export interface Looking {
  /** Null before it is known: then from where the photo was taken. */
  readonly plan: PlanState | null;
  readonly facts: Facts;
  /** Of the plan. */
  readonly frame: number;
  readonly eyes: Eyes;
  /** How far the head is from the planned camera, in its axes. */
  readonly head_m: Readonly<Vector3>;
  /** The part of the picture that is shown, in its pixels. */
  readonly shown: Frame;
}

export interface View {
  readonly pose: Matrix4;
  readonly window: Window;
}

/**
 * Return where an eye is and what it sees: -1 is the left eye, 1 the right one, 0 the middle. A head that moves keeps the
 * screen plane still, and a place of the lens what is in focus; `min_m` is the smallest distance of either.
 */
export function viewOf(
  { plan, facts, frame, eyes, head_m, shown }: Looking,
  world_from_photo: Matrix4,
  side: number,
  lens_m: Vector3 | null,
  min_m: number,
): View {
  const cameras = (plan && instantAt(plan, frame)) ?? [photoCamera(facts)];
  const [left, right] = [cameras[0]!, cameras.at(-1)!];
  const isPlanned = cameras.length > 1;
  const camera = isPlanned ? between(left, right, (side + 1) / 2) : left;
  const half_m = isPlanned || !side || eyes === "one" ? 0 : baseline_m(facts, eyes) / 2;
  const offset_m = head_m.clone().setX(head_m.x + side * half_m);
  const pose = poseOf(camera, world_from_photo).multiply(movedBy(offset_m));
  const window = seenFrom(windowOf(camera, shown), offset_m, plan?.convergence_m ?? facts.subject_m, min_m);
  if (!lens_m || !plan?.lens) return { pose, window };
  return { pose: pose.multiply(movedBy(lens_m)), window: seenFrom(window, lens_m, plan.lens.focus_m, min_m) };
}

function photoCamera({ size_px, f_px }: Facts): PlannedCamera {
  const identity = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0];
  return { f_px, cx_px: size_px[0] / 2, cy_px: size_px[1] / 2, world_from_camera: identity };
}

/** Return the distance between eyes that are not planned: a person's, or less if the parallax would be too large. */
function baseline_m({ nearest_m, farthest_m, ipd_m, size_px, f_px }: Facts, eyes: keyof typeof PARALLAX): number {
  return Math.min(ipd_m, (PARALLAX[eyes] * size_px[0]) / f_px / Math.max(1 / nearest_m - 1 / farthest_m, 1e-6));
}
