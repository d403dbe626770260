import { batch, signal } from "@preact/signals";

import { click, drawLine, encircle, pull, release, type Place } from "./actions";
import { edit, selection } from "./session";
import { BrushStroke } from "./strokes";
import { how, isBrush, tool, usesPressure, type How } from "./tools";
import { enlarge, pan, zoomed } from "./zoom";

/** Where the brush is, in pixels of the working copy. */
export interface Cursor {
  readonly x: number;
  readonly y: number;
  readonly isShown: boolean;
  readonly isKeyboard: boolean;
  readonly isOnSelection: boolean;
  /** What is being drawn by the lasso or as a line. */
  readonly line: readonly Place[];
}
export const cursor = signal<Cursor>({
  x: 0,
  y: 0,
  isShown: false,
  isKeyboard: false,
  isOnSelection: false,
  line: [],
});

/** A press that moves less than this is a click, in pixels of the screen. */
const CLICK_PX = 5;
/** Dragging what is selected so far, in pixels of the screen, halves or doubles its distance. */
const HALVED_PX = 220;
const KEY_STEP_SHARE = 0.01;
const WHEEL = 0.0022;

type Doing = "brush" | "select" | "pull" | "draw" | "pan" | "pinch";

/** Everything that happens on the photo while its depth is mended. */
export class Hand {
  readonly #ended = new AbortController();
  readonly #pointers = new Map<number, PointerEvent>();
  #doing: Doing | null = null;
  #stroke: BrushStroke | null = null;
  #from: PointerEvent | null = null;
  #isSpaceHeld = false;

  constructor(private readonly host: HTMLElement) {
    const { signal: ended } = this.#ended;
    const on = <K extends keyof HTMLElementEventMap>(name: K, act: (event: HTMLElementEventMap[K]) => void) =>
      host.addEventListener(name, act, { signal: ended, passive: false });
    on("pointerdown", (event) => this.#down(event));
    on("pointermove", (event) => this.#move(event));
    on("pointerup", (event) => this.#up(event));
    on("pointercancel", (event) => this.#up(event, true));
    on("pointerleave", () => (cursor.value = { ...cursor.value, isShown: false, isOnSelection: false }));
    on("wheel", (event) => this.#wheel(event));
    on("contextmenu", (event) => event.preventDefault());
    on("keydown", (event) => this.#press(event));
    on("keyup", (event) => event.key === " " && this.#releaseSpace());
    on("focus", () => host.matches(":focus-visible") && this.#moveCursor([0, 0], edit.value?.size ?? [1, 1]));
    on("blur", () => (cursor.value = { ...cursor.value, isKeyboard: false, isShown: false }));
  }

  end(): void {
    this.#ended.abort();
    this.#stroke?.end();
    release();
  }

  #place({ clientX, clientY }: MouseEvent): Place {
    const box = this.host.getBoundingClientRect();
    const [width, height] = edit.value?.size ?? [1, 1];
    return { x: ((clientX - box.left) / box.width) * width, y: ((clientY - box.top) / box.height) * height };
  }

  #down(event: PointerEvent): void {
    this.host.focus({ preventScroll: true });
    this.host.setPointerCapture(event.pointerId);
    this.#pointers.set(event.pointerId, event);
    if (this.#pointers.size > 1) return this.#pinchBegins();
    this.#from = event;
    this.#doing = this.#whatBegins(event);
    this.#show(event);
    if (this.#doing === "brush") {
      this.#stroke = new BrushStroke();
      this.#stroke.add(this.#place(event), pressureOf(event));
    }
    event.preventDefault();
  }

  #whatBegins(event: PointerEvent): Doing {
    if (event.button === 1 || event.button === 2 || this.#isSpaceHeld) return "pan";
    if (isBrush.value) return "brush";
    return tool.value === "select" ? "select" : "draw";
  }

  #pinchBegins(): void {
    this.#stroke?.end();
    this.#stroke = null;
    release();
    this.#doing = "pinch";
    cursor.value = { ...cursor.value, line: [], isShown: false };
  }

  #move(event: PointerEvent): void {
    const before = this.#pointers.get(event.pointerId);
    if (before) this.#drag(event, before);
    if (before) this.#pointers.set(event.pointerId, event);
    this.#show(event);
  }

  #drag(event: PointerEvent, before: PointerEvent): void {
    const moved = this.#from ? Math.hypot(event.clientX - this.#from.clientX, event.clientY - this.#from.clientY) : 0;
    if (this.#doing === "pinch") this.#pinch(event, before);
    else if (this.#doing === "pan") pan(event.clientX - before.clientX, event.clientY - before.clientY);
    else if (this.#doing === "brush") {
      const all = event.getCoalescedEvents?.() ?? [];
      for (const one of all.length ? all : [event]) this.#stroke?.add(this.#place(one), pressureOf(one));
    } else if (this.#doing === "draw") this.#drawOn(event);
    else if (this.#doing === "select" && moved > CLICK_PX && this.#from && isSelected(this.#place(this.#from))) {
      this.#doing = "pull";
    }
    if (this.#doing === "pull") pull(2 ** ((this.#from!.clientY - event.clientY) / HALVED_PX));
  }

  #drawOn(event: PointerEvent): void {
    const at = this.#place(event);
    const start = this.#place(this.#from!);
    const line = tool.value === "line" ? [start, at] : [...(cursor.value.line.length ? cursor.value.line : [start]), at];
    cursor.value = { ...cursor.value, line };
  }

  #pinch(event: PointerEvent, before: PointerEvent): void {
    const other = [...this.#pointers.values()].find(({ pointerId }) => pointerId !== event.pointerId);
    if (!other) return;
    const apart = (one: PointerEvent) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
    const [x, y] = this.#fromMiddle((event.clientX + other.clientX) / 2, (event.clientY + other.clientY) / 2);
    pan((event.clientX - before.clientX) / 2, (event.clientY - before.clientY) / 2);
    enlarge(apart(event) / Math.max(1, apart(before)), x, y);
  }

  /** Return a place of the screen, from the middle of the stage. */
  #fromMiddle(clientX: number, clientY: number): [number, number] {
    const box = this.host.getBoundingClientRect();
    const { x, y } = zoomed.value;
    return [clientX - (box.left + box.width / 2 - x), clientY - (box.top + box.height / 2 - y)];
  }

  #up(event: PointerEvent, isCancelled = false): void {
    this.#pointers.delete(event.pointerId);
    const doing = this.#doing;
    if (this.#pointers.size) return;
    this.#doing = null;
    this.#stroke?.end();
    this.#stroke = null;
    release();
    const { line } = cursor.value;
    batch(() => (cursor.value = { ...cursor.value, line: [], isShown: event.pointerType === "mouse" }));
    if (isCancelled) return;
    if (doing === "select") void click(this.#place(event), howOf(event));
    if (doing === "draw" && line.length > 1) {
      if (tool.value === "line") void drawLine(line[0]!, line.at(-1)!);
      else void encircle(line, howOf(event));
    }
  }

  #wheel(event: WheelEvent): void {
    event.preventDefault();
    const isZoom = event.ctrlKey || event.metaKey || event.deltaMode !== 0 || zoomed.value.scale === 1;
    if (isZoom) enlarge(Math.exp(-event.deltaY * WHEEL * (event.ctrlKey ? 4 : 1)), ...this.#fromMiddle(event.clientX, event.clientY));
    else pan(-event.deltaX, -event.deltaY);
  }

  #show(event: MouseEvent): void {
    const at = this.#place(event);
    const isOnSelection = tool.value === "select" && isSelected(at);
    cursor.value = { ...cursor.value, ...at, isShown: true, isKeyboard: false, isOnSelection };
  }

  #press(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const [width, height] = edit.value?.size ?? [1, 1];
    const by = KEY_STEP_SHARE * Math.max(width, height) * (event.shiftKey ? 5 : 1);
    const moves: Readonly<Record<string, readonly [number, number]>> = {
      ArrowLeft: [-by, 0],
      ArrowRight: [by, 0],
      ArrowUp: [0, -by],
      ArrowDown: [0, by],
    };
    const move = moves[event.key];
    if (move) this.#moveCursor(move, [width, height]);
    else if (event.key === "Enter" || event.key === " ") this.#dab(event);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #moveCursor([dx, dy]: readonly [number, number], [width, height]: readonly [number, number]): void {
    const { x, y, isKeyboard, isShown } = cursor.value;
    const start = isKeyboard || isShown ? { x, y } : { x: width / 2, y: height / 2 };
    const at = { x: Math.min(width - 1, Math.max(0, start.x + dx)), y: Math.min(height - 1, Math.max(0, start.y + dy)) };
    cursor.value = { ...cursor.value, ...at, isShown: true, isKeyboard: true };
    if (this.#isSpaceHeld) this.#stroke?.add(at, 1);
  }

  /** Do with the keyboard what a press does: Space draws for as long as it is held. */
  #dab(event: KeyboardEvent): void {
    if (event.repeat) return;
    if (event.key === " " && !cursor.value.isKeyboard) {
      this.#isSpaceHeld = true; // with the mouse, Space moves the photo
      return;
    }
    if (!cursor.value.isKeyboard) this.#moveCursor([0, 0], edit.value?.size ?? [1, 1]);
    const at = { x: cursor.value.x, y: cursor.value.y };
    if (!isBrush.value) {
      if (tool.value === "select") void click(at, howOf(event));
      else this.#mark(at);
      return;
    }
    this.#stroke = new BrushStroke();
    this.#stroke.add(at, 1);
    if (event.key === " ") this.#isSpaceHeld = true;
    else this.#endStroke();
  }

  /** Begin or end a line, or the outline of the lasso, at a place. */
  #mark(at: Place): void {
    const line = [...cursor.value.line, at];
    const isClosed = line.length > 2 && Math.hypot(at.x - line[0]!.x, at.y - line[0]!.y) < 2;
    if (tool.value === "line" && line.length === 2) void drawLine(line[0]!, line[1]!);
    else if (tool.value === "lasso" && isClosed) void encircle(line);
    else {
      cursor.value = { ...cursor.value, line };
      return;
    }
    cursor.value = { ...cursor.value, line: [] };
  }

  #releaseSpace(): void {
    this.#isSpaceHeld = false;
    this.#endStroke();
  }

  #endStroke(): void {
    this.#stroke?.end();
    this.#stroke = null;
  }
}

function isSelected({ x, y }: Place): boolean {
  const [width, height] = edit.value?.size ?? [0, 0];
  const [column, row] = [Math.floor(x), Math.floor(y)];
  if (column < 0 || row < 0 || column >= width || row >= height) return false;
  return Boolean(selection.value?.mask[row * width + column]);
}

function howOf(event: MouseEvent | KeyboardEvent): How {
  if (event.shiftKey) return "add";
  return event.altKey ? "remove" : how.value;
}

function pressureOf({ pointerType, pressure }: PointerEvent): number {
  return pointerType === "pen" && usesPressure.value ? pressure : 1;
}
