import { plan } from "../state";
import { eyes } from "./playback";

const STOPS = [0, 0.5, 0.7, 0.85, 1, 1.15, 1.3, Math.SQRT2] as const;
const GAMMA = 2.2;

/** Return the gradient of a vignette: light falls off with the fourth power (kbvr/rendering/depth_of_field.py). */
function vignetteOf(strength: number): string {
  const stops = STOPS.map((r) => {
    const light = 1 - (strength * r ** 4) / 4;
    return `rgb(0 0 0 / ${(1 - light ** (1 / GAMMA)).toFixed(4)}) ${100 * r}%`;
  });
  return `radial-gradient(ellipse closest-side, ${stops.join(", ")})`;
}

/** What an export adds to the finished views: darker corners, and the bars of a floating window. */
export function Finish() {
  const { vignette = 0, bars_px = [0, 0], size_px = [1, 1] } = plan.value ?? {};
  const views = eyes.value === "sbs" ? (["left", "right"] as const) : (["right", "left"] as const);
  const percent = (bar_px: number) => `${(100 * bar_px) / size_px[0]}%`;
  const isPair = eyes.value === "sbs" || eyes.value === "cross";
  return (
    <div class="finish" aria-hidden="true">
      {(isPair ? views : (["one"] as const)).map((view) => (
        <div key={view} style={vignette > 0 ? { background: vignetteOf(vignette) } : {}}>
          {view === "left" && <span class="window-bar left" style={{ width: percent(bars_px[0]) }} />}
          {view === "right" && <span class="window-bar right" style={{ width: percent(bars_px[1]) }} />}
        </div>
      ))}
    </div>
  );
}
