import type { PlanState, PlannedCamera } from "../types";
import { placed, type Crop } from "./crops";

const WHOLE: Crop = { x: 0, y: 0, share: 1 };

/** Return the crops of the photo that a move begins with and goes to, as its cameras see them at the screen. */
export function plannedCrops(plan: PlanState | null): readonly [from: Crop, to: Crop] {
  if (!plan || plan.output === "wiggle" || plan.output === "anaglyph" || !plan.instants.length) return [WHOLE, WHOLE];
  const { instants, is_loop, size_px, convergence_m } = plan;
  const last = is_loop || isThereAndBack(plan) ? Math.floor((instants.length - 1) / 2) : instants.length - 1;
  const [first, end] = [instants[0]![0]!, instants[last]![0]!];
  const seen = (camera: PlannedCamera) => seenAt(camera, size_px, convergence_m ?? 2, first.f_px);
  return [seen(first), seen(end)];
}

function isThereAndBack({ instants }: PlanState): boolean {
  const [first, last] = [instants[0]![0]!, instants.at(-1)![0]!];
  const middle = instants[Math.floor(instants.length / 2)]![0]!;
  const apart = (a: PlannedCamera, b: PlannedCamera) =>
    Math.hypot(...[3, 7, 11].map((at) => a.world_from_camera[at]! - b.world_from_camera[at]!)) +
    Math.abs(a.f_px - b.f_px);
  return apart(first, last) < 0.5 * apart(first, middle);
}

/** Return what a camera sees of the photo at a distance, as if all of the scene were there. */
function seenAt(camera: PlannedCamera, [width, height]: readonly [number, number], at_m: number, f_px: number): Crop {
  const { world_from_camera: m } = camera;
  const distance_m = Math.max(at_m - m[11]!, 1e-3);
  const share = Math.min(1, (distance_m / at_m) * (f_px / camera.f_px));
  const u = 0.5 + (((m[3]! + ((width / 2 - camera.cx_px) / camera.f_px) * distance_m) / at_m) * f_px) / width;
  const v = 0.5 + (((m[7]! + ((height / 2 - camera.cy_px) / camera.f_px) * distance_m) / at_m) * f_px) / height;
  return placed({ x: u - share / 2, y: v - share / 2, share });
}
