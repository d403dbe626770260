import { useEffect } from "preact/hooks";

import { Icon } from "../parts/icon";
import { ProgressBar } from "../parts/progress_bar";
import { announce } from "../state";
import { texts } from "../texts";
import type { ProjectState } from "../types";

const STEPS = ["reading", "depth", "triangles"] as const;

/** How far a project is, from its photo to its scene: over the stage. */
export function ProgressCard({ project: { stage, share, problem, scene } }: { readonly project: ProjectState }) {
  useEffect(() => announce(stage === "failed" ? problem : texts.stages[stage]), [stage, problem]);
  if (stage === "failed") {
    return (
      <div class="progress-card failed" role="alert">
        <Icon name="warn" />
        <p>{problem}</p>
      </div>
    );
  }
  if (stage === "ready" || scene) return null;
  const at = STEPS.indexOf(stage as (typeof STEPS)[number]);
  return (
    <div class="progress-card">
      <ol>
        {STEPS.map((name, index) => (
          <li key={name} class={index < at ? "done" : index === at ? "now" : ""} aria-current={index === at && "step"}>
            {index < at && <Icon name="tick" />}
            {texts.stages[name]}
          </li>
        ))}
      </ol>
      <ProgressBar label={texts.stages[stage]} share={share} />
    </div>
  );
}
