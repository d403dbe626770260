import { useEffect, useRef } from "preact/hooks";

import { texts } from "../texts";
import type { Size } from "../types";
import { edit, selection } from "./session";
import { cursor, Hand } from "./hand";
import { isBrush, radius, tool } from "./tools";
import { zoomed } from "./zoom";

/** Takes what a pen, a finger, a mouse or the keyboard does on the photo, and shows the brush. */
export function Brushing({ size: [width, height] }: { readonly size: Size }) {
  const layer = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const host = layer.current!;
    const hand = new Hand(host);
    return () => hand.end();
  }, []);
  const at = cursor.value;
  const [columns, rows] = edit.value?.size ?? [1, 1];
  const diameter = 2 * radius.value * Math.max(width, height);
  const line = at.line;
  const label = isBrush.value ? texts.mend.brushing(texts.mend.tools[tool.value].label) : texts.mend.selecting;
  return (
    <div
      ref={layer}
      class={`brushing ${isBrush.value ? "brush" : tool.value} ${selection.value && at.isOnSelection ? "grab" : ""}`}
      role="application"
      aria-roledescription={texts.mend.canvas}
      aria-label={label}
      tabIndex={0}
    >
      {at.isShown && isBrush.value && (
        <span
          class="brush-ring"
          style={{
            left: `${(100 * at.x) / columns}%`,
            top: `${(100 * at.y) / rows}%`,
            width: `${diameter}px`,
            height: `${diameter}px`,
            "--scale": zoomed.value.scale,
          }}
        />
      )}
      {at.isKeyboard && !isBrush.value && (
        <span class="reticle" style={{ left: `${(100 * at.x) / columns}%`, top: `${(100 * at.y) / rows}%` }} />
      )}
      {line.length > 1 && (
        <svg class="over" viewBox={`0 0 ${columns} ${rows}`} preserveAspectRatio="none" aria-hidden="true">
          <polyline class="drawn-line" points={line.map(({ x, y }) => `${x},${y}`).join(" ")} />
        </svg>
      )}
    </div>
  );
}
