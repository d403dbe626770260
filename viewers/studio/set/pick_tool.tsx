import { useEffect, useRef, useState } from "preact/hooks";

import { send } from "../api";
import { announce, current, options, tellProblem, view } from "../state";
import { texts } from "../texts";
import type { PlaceAt } from "../types";
import { changeInSight } from "./preview";
import { tool } from "./tool";

const STEP = 0.02;

/** A place of the photo, as shares of its sides. */
interface Place {
  readonly x: number;
  readonly y: number;
}

/** Lets a person click the place that is sharp, or at the screen. */
export function PickTool() {
  const [place, setPlace] = useState<Place>({ x: 0.5, y: 0.5 });
  const layer = useRef<HTMLDivElement>(null);
  const name = tool.value as "focus" | "screen";
  useEffect(() => layer.current?.focus({ preventScroll: true }), []);

  const placeOf = ({ clientX, clientY }: MouseEvent): Place => {
    const box = layer.current!.getBoundingClientRect();
    return { x: share((clientX - box.left) / box.width), y: share((clientY - box.top) / box.height) };
  };
  const press = (event: KeyboardEvent) => {
    const by = STEP * (event.shiftKey ? 5 : 1);
    const moves: Readonly<Record<string, readonly [number, number]>> = {
      ArrowLeft: [-by, 0],
      ArrowRight: [by, 0],
      ArrowUp: [0, -by],
      ArrowDown: [0, by],
    };
    const move = moves[event.key];
    if (event.key === "Enter" || event.key === " ") void pick(name, place);
    else if (move) setPlace({ x: share(place.x + move[0]), y: share(place.y + move[1]) });
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div
      ref={layer}
      class="pick-tool"
      role="application"
      aria-label={texts.set.pick[name]}
      tabIndex={0}
      onPointerMove={(event) => setPlace(placeOf(event))}
      onClick={(event) => void pick(name, placeOf(event))}
      onKeyDown={press}
    >
      <span class="reticle" style={{ left: `${100 * place.x}%`, top: `${100 * place.y}%` }} />
    </div>
  );
}

function share(value: number): number {
  return Math.max(0, Math.min(0.9999, value));
}

async function pick(name: "focus" | "screen", place: Place): Promise<void> {
  const project = current.value;
  if (!project) return;
  try {
    const at = await send<PlaceAt>("POST", `projects/${project.id}/at`, { ...place, options: options.value });
    if (current.value?.id !== project.id) return;
    tool.value = null;
    view.value = "scene";
    changeInSight(name === "focus" ? at.focus_option : at.parallax_zero_option);
    announce(texts.set.pick.done[name](at.depth_m));
  } catch (error) {
    tellProblem(error);
  }
}
