import { useEffect, useLayoutEffect, useRef } from "preact/hooks";

import { Gestures } from "../../photo/look/gestures";
import { announce, current } from "../state";
import { texts } from "../texts";
import { picture } from "./live";
import type { LivePicture } from "./picture";
import { isDrawn, isPlaying, isSharp, prefersCalm, samples } from "./playback";

const STEP = 0.25;
const ZOOM_STEP = 1.2;
const POINTER_REACH = 1.2;

/** The place of the canvas, of which the page has one; it moves to where it is shown. */
export function LiveCanvas({ width, height, isStill = false }: { width: number; height: number; isStill?: boolean }) {
  const host = useRef<HTMLDivElement>(null);
  const drawing = picture.value;
  useLayoutEffect(() => {
    if (!drawing || !host.current) return;
    host.current.append(drawing.canvas);
    return () => drawing.canvas.remove();
  }, [drawing]);
  useLayoutEffect(() => drawing?.resize(width, height), [drawing, width, height]);
  useEffect(() => {
    if (!drawing || !host.current || isStill) return;
    const ended = new AbortController();
    new Gestures(host.current, drawing.canvas, drawing, () => undefined, ended.signal);
    followPointer(host.current, drawing, ended.signal);
    drawing.canvas.addEventListener("pointerdown", () => (isPlaying.value = false), { signal: ended.signal });
    return () => ended.abort();
  }, [drawing, isStill]);
  if (drawing) describe(drawing.canvas, isStill);
  return (
    <div
      ref={host}
      class={`live ${isDrawn.value ? "drawn" : ""} ${isSharp.value ? "" : "quick"}`}
      data-samples={samples.value}
      onKeyDown={(event) => drawing && !isStill && press(event, drawing)}
    />
  );
}

function describe(canvas: HTMLCanvasElement, isStill: boolean): void {
  canvas.tabIndex = isStill ? -1 : 0;
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", texts.stage.scene(current.value?.name ?? ""));
}

/** Move the head as the mouse passes over the picture. */
function followPointer(host: HTMLElement, drawing: LivePicture, signal: AbortSignal): void {
  const want = (x: number, y: number) => {
    if (isPlaying.value) return;
    drawing.head.want("pointer", x * POINTER_REACH, y * POINTER_REACH);
    drawing.redraw();
  };
  if (prefersCalm) return;
  const moved = (event: PointerEvent) => {
    if (event.pointerType !== "mouse" || event.buttons) return;
    const box = host.getBoundingClientRect();
    want((2 * (event.clientX - box.left)) / box.width - 1, 1 - (2 * (event.clientY - box.top)) / box.height);
  };
  host.addEventListener("pointermove", moved, { signal, passive: true });
  host.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && want(0, 0), { signal });
}

/** Look around by keys. */
function press(event: KeyboardEvent, drawing: LivePicture): void {
  const moves: Readonly<Record<string, () => void>> = {
    ArrowLeft: () => drawing.look(-STEP, 0),
    ArrowRight: () => drawing.look(STEP, 0),
    ArrowUp: () => drawing.look(0, STEP),
    ArrowDown: () => drawing.look(0, -STEP),
    "+": () => drawing.magnify(ZOOM_STEP),
    "-": () => drawing.magnify(1 / ZOOM_STEP),
    "0": () => {
      drawing.recentre();
      announce(texts.stage.recentred);
    },
  };
  const move = moves[event.key];
  if (!move || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  move();
}
