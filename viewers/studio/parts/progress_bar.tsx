import { useEffect, useState } from "preact/hooks";

import { prefersCalm } from "../stage/playback";

/** Few steps a second: a browser without a graphics card takes a core from the work for a smooth animation. */
const STEP_MS = 250;
const STEPS = 6;
/** How far the bar runs, as a share of its own width. */
const REACH_PERCENT = 150;

interface Props {
  readonly label: string;
  /** Null while nobody knows how far it is: then it runs to and fro. */
  readonly share: number | null;
  /** How far it is, in words. */
  readonly text?: string;
}

/** A line that fills up. */
export function ProgressBar({ label, share, text }: Props) {
  const percent = share === null ? null : Math.round(100 * share);
  return (
    <div
      class={`bar ${percent === null ? "endless" : ""}`}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      {...(text && { "aria-valuetext": text })}
      {...(percent !== null && { "aria-valuenow": percent })}
    >
      {percent === null ? <Endless /> : <div style={{ width: `${percent}%` }} />}
    </div>
  );
}

function Endless() {
  const [step, setStep] = useState(0);
  useEffect(() => {
    if (prefersCalm) return;
    const timer = setInterval(() => setStep((before) => before + 1), STEP_MS);
    return () => clearInterval(timer);
  }, []);
  const at = STEPS - Math.abs((step % (2 * STEPS)) - STEPS);
  return <div style={{ translate: `${(REACH_PERCENT * at) / STEPS}%` }} />;
}
