import { current, options } from "../state";
import type { ProjectState } from "../types";

/** Return the field of view of the photo's long side, in degrees. */
function fovOf(project: ProjectState | null): number | undefined {
  if (!project?.f_px || !project.working_px) return undefined;
  return (2 * Math.atan(Math.max(...project.working_px) / 2 / project.f_px) * 180) / Math.PI;
}

/** Return what an automatic number is for this photo and its other options, where the page knows. */
export function automaticOf(name: string): number | undefined {
  if (name === "fov_deg") return fovOf(current.value);
  if (name === "aperture_percent") return options.value["focus"] === undefined ? 0 : 1;
  return undefined;
}
