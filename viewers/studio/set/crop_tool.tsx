import { useRef } from "preact/hooks";

import { change } from "../settings";
import { announce, options, plan } from "../state";
import { texts } from "../texts";
import { cropOf, placed, scaled, textOf, type Crop } from "./crops";
import { plannedCrops } from "./planned_crops";
import { tool } from "./tool";

const NAMES = ["from_crop", "to_crop"] as const;
type Name = (typeof NAMES)[number];
const STEP = 0.01;
const SCALE_STEP = 1.05;
const CORNERS = ["nw", "ne", "sw", "se"] as const;

/** The crops that a Ken Burns move begins and ends with, to drag on the photo. */
export function CropTool() {
  const planned = plannedCrops(plan.value);
  const crops = NAMES.map((name, index) => cropOf(options.value[name]) ?? planned[index]!);
  const put = (index: number, crop: Crop) =>
    change(Object.fromEntries(NAMES.map((name, at) => [name, textOf(at === index ? placed(crop) : crops[at]!)])));
  return (
    <div class="crop-tool" role="group" aria-label={texts.set.crops.label}>
      {NAMES.map((name, index) => (
        <CropBox key={name} name={name} crop={crops[index]!} put={(crop) => put(index, crop)} />
      ))}
    </div>
  );
}

interface CropBoxProps {
  readonly name: Name;
  readonly crop: Crop;
  readonly put: (crop: Crop) => void;
}

/** One crop: dragged and resized by pointers, and by keys. */
function CropBox({ name, crop, put }: CropBoxProps) {
  const box = useRef<HTMLDivElement>(null);
  const label = texts.set.crops[name];

  const drag = (event: PointerEvent) => {
    const frame = box.current!.parentElement!.getBoundingClientRect();
    const corner = (event.target as HTMLElement).dataset["corner"] ?? "";
    const [x, y] = [event.clientX, event.clientY];
    event.stopPropagation();
    event.preventDefault();
    box.current!.focus({ preventScroll: true });
    box.current!.setPointerCapture(event.pointerId);
    const ended = new AbortController();
    const { signal } = ended;
    const moved = ({ clientX, clientY }: PointerEvent) => {
      const [dx, dy] = [(clientX - x) / frame.width, (clientY - y) / frame.height];
      put(corner ? resized(crop, corner, dx, dy) : { ...crop, x: crop.x + dx, y: crop.y + dy });
    };
    box.current!.addEventListener("pointermove", moved, { signal });
    for (const end of ["pointerup", "pointercancel"] as const) {
      box.current!.addEventListener(end, () => ended.abort(), { signal });
    }
  };

  const press = (event: KeyboardEvent) => {
    const by = STEP * (event.shiftKey ? 5 : 1);
    const moves: Readonly<Record<string, Crop>> = {
      ArrowLeft: { ...crop, x: crop.x - by },
      ArrowRight: { ...crop, x: crop.x + by },
      ArrowUp: { ...crop, y: crop.y - by },
      ArrowDown: { ...crop, y: crop.y + by },
      "+": scaled(crop, SCALE_STEP),
      "=": scaled(crop, SCALE_STEP),
      "-": scaled(crop, 1 / SCALE_STEP),
    };
    const next = moves[event.key];
    if (event.key === "Escape") tool.value = null;
    if (!next || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    put(next);
    announce(texts.set.crops.at(placed(next)));
  };

  const percent = (value: number) => `${100 * value}%`;
  const { x, y, share } = crop;
  return (
    <div
      ref={box}
      class={`crop ${name}`}
      tabIndex={0}
      role="slider"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(100 * share)}
      aria-valuetext={texts.set.crops.at(crop)}
      style={{ left: percent(x), top: percent(y), width: percent(share), height: percent(share) }}
      onPointerDown={drag}
      onKeyDown={press}
    >
      <span class="crop-name">{texts.set.crops.short[name]}</span>
      {CORNERS.map((corner) => (
        <span key={corner} class={`corner ${corner}`} data-corner={corner} />
      ))}
    </div>
  );
}

/** Return the crop with a corner moved; the opposite one stays. */
function resized({ x, y, share }: Crop, corner: string, dx: number, dy: number): Crop {
  const outward = [corner.endsWith("e") ? dx : -dx, corner.startsWith("s") ? dy : -dy] as const;
  const room = Math.min(corner.endsWith("e") ? 1 - x : x + share, corner.startsWith("s") ? 1 - y : y + share);
  const side = Math.max(0.1, Math.min(room, share + (outward[0] + outward[1]) / 2));
  return {
    x: corner.endsWith("e") ? x : x + share - side,
    y: corner.startsWith("s") ? y : y + share - side,
    share: side,
  };
}
