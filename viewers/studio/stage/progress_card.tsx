import { useEffect } from "preact/hooks";

import { Icon } from "../parts/icon";
import { announce } from "../state";
import { texts } from "../texts";
import type { ProjectStage, ProjectState } from "../types";

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
      <ProgressBar stage={stage} share={share} />
    </div>
  );
}

/** A line that fills up; it runs to and fro while nobody knows how far it is. */
export function ProgressBar({ stage, share }: { readonly stage: ProjectStage; readonly share: number | null }) {
  const percent = share === null ? null : Math.round(100 * share);
  return (
    <div
      class={`bar ${percent === null ? "endless" : ""}`}
      role="progressbar"
      aria-label={texts.stages[stage]}
      aria-valuemin={0}
      aria-valuemax={100}
      {...(percent !== null && { "aria-valuenow": percent })}
    >
      <div style={percent === null ? {} : { width: `${percent}%` }} />
    </div>
  );
}
