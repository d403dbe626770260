import type { Viewer } from "../viewer";
import type { Place } from "./zoom";

/** A drag over this share of the element moves the head to about three quarters of the head box. */
const DRAG_SHARE = 0.35;
const TAP_PX = 12;
const TAP_MS = 300;
/** Largest distance of the two taps of a double tap, in pixels. */
const TAPS_APART_PX = 40;
const WHEEL = 0.002;
const TOUCHPAD = 0.01;
const LINE_PX = 16;
const WHEEL_MAX_PX = 200;

/** Return the element that one is drawn in, also across the borders of components. */
function around(element: Element): Element | null {
  const root = element.getRootNode();
  return element.assignedSlot ?? element.parentElement ?? (root instanceof ShadowRoot ? root.host : null);
}

/** Return whether the page, or a part of it around an element, can scroll; an embedding page may. */
function scrolls(element: Element): boolean {
  // In :is(), browsers pass over what they do not know.
  if (element.matches(":is(:fullscreen, :popover-open)")) return false;
  const box = around(element);
  if (!box) return window.parent !== window;
  const may = box === document.documentElement || /auto|scroll/.test(getComputedStyle(box).overflowY);
  return (may && box.scrollHeight > box.clientHeight) || scrolls(box);
}

/** What gestures move. */
export type Moved = Pick<Viewer, "head" | "zoom" | "eyes" | "redraw">;

interface Tap {
  readonly x: number;
  readonly y: number;
  readonly at_ms: number;
}

/** Moves and enlarges the view by mouse and touch, until the signal aborts. */
export class Gestures {
  /** Where the mouse button or the fingers are, two at most, in pixels of the window. */
  readonly #held = new Map<number, Place>();
  #pressed: Tap | null = null;
  #tapped: Tap | null = null;
  #isTouch = false;

  constructor(
    private readonly element: HTMLElement,
    private readonly canvas: HTMLElement,
    private readonly viewer: Moved,
    private readonly zoomed: () => void,
    signal: AbortSignal,
  ) {
    canvas.addEventListener("pointerdown", (event) => this.#press(event), { signal });
    canvas.addEventListener("pointermove", (event) => this.#move(event), { signal });
    canvas.addEventListener("pointerup", (event) => this.#lift(event, true), { signal });
    canvas.addEventListener("pointercancel", (event) => this.#lift(event, false), { signal });
    canvas.addEventListener("dblclick", (event) => !this.#isTouch && this.#toggle(event), { signal });
    canvas.addEventListener("wheel", (event) => this.#wheel(event), { signal, passive: false });
    // One finger may scroll the page, two may not.
    const keep = (event: TouchEvent) => event.touches.length > 1 && event.cancelable && event.preventDefault();
    canvas.addEventListener("touchmove", keep, { signal, passive: false });
  }

  #press(event: PointerEvent): void {
    if (event.button !== 0 || this.#held.size === 2) return;
    const { pointerId, clientX: x, clientY: y, timeStamp: at_ms } = event;
    this.#isTouch = event.pointerType !== "mouse";
    this.canvas.setPointerCapture(pointerId);
    this.#held.set(pointerId, { x, y });
    this.#pressed = this.#held.size === 1 ? { x, y, at_ms } : null;
    this.#hold();
  }

  #move({ pointerId, clientX: x, clientY: y }: PointerEvent): void {
    if (!this.#held.has(pointerId)) return;
    const before = this.#grasp();
    this.#held.set(pointerId, { x, y });
    const now = this.#grasp();
    const box = this.canvas.getBoundingClientRect();
    const [dx, dy] = [now.x - before.x, now.y - before.y];
    this.viewer.zoom.pan((2 * dx * this.viewer.eyes) / box.width, (2 * dy) / box.height);
    if (this.#held.size === 2) this.viewer.zoom.magnify(now.spread / before.spread, this.#place(now));
    else this.viewer.head.drag(-dx / (DRAG_SHARE * box.width), dy / (DRAG_SHARE * box.width));
    this.viewer.redraw();
  }

  #lift({ pointerId, clientX: x, clientY: y, timeStamp: at_ms }: PointerEvent, isUp: boolean): void {
    if (!this.#held.delete(pointerId)) return;
    this.#hold();
    const pressed = this.#pressed;
    this.#pressed = null;
    if (!this.#isTouch || !isUp || !pressed) return;
    if (Math.hypot(x - pressed.x, y - pressed.y) > TAP_PX || at_ms - pressed.at_ms > TAP_MS) return;
    const first = this.#tapped;
    const isSecond = first && at_ms - first.at_ms < 2 * TAP_MS && Math.hypot(x - first.x, y - first.y) < TAPS_APART_PX;
    this.#tapped = isSecond ? null : { x, y, at_ms };
    if (isSecond) this.#toggle({ clientX: x, clientY: y });
  }

  /** Take or release the picture, as there are pointers. */
  #hold(): void {
    const { zoom } = this.viewer;
    zoom.release();
    if (this.#held.size) zoom.hold(this.#held.size === 2);
    this.element.classList.toggle("dragging", this.#held.size > 0);
    this.viewer.redraw();
  }

  /** Return the middle of the pointers, and their distance. */
  #grasp(): Place & { readonly spread: number } {
    const [a, b = a] = [...this.#held.values()] as [Place, Place?];
    return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, spread: Math.max(Math.hypot(a.x - b.x, a.y - b.y), 1) };
  }

  /** Return a place of the window in the picture of the eye that it is in. */
  #place({ x, y }: Place): Place {
    const box = this.canvas.getBoundingClientRect();
    const { eyes } = this.viewer;
    const across = ((x - box.left) / box.width) * eyes;
    const eye = Math.max(0, Math.min(eyes - 1, Math.floor(across)));
    return { x: 2 * (across - eye) - 1, y: (2 * (y - box.top)) / box.height - 1 };
  }

  #toggle({ clientX: x, clientY: y }: { readonly clientX: number; readonly clientY: number }): void {
    this.viewer.zoom.toggle(this.#place({ x, y }));
    this.viewer.redraw();
  }

  /** Zoom if there is nothing to scroll, or by pinching a touchpad. */
  #wheel(event: WheelEvent): void {
    if (!event.ctrlKey && scrolls(this.element)) return;
    event.preventDefault();
    const turned_px = event.deltaY * (event.deltaMode === WheelEvent.DOM_DELTA_LINE ? LINE_PX : 1);
    const limited_px = Math.max(-WHEEL_MAX_PX, Math.min(WHEEL_MAX_PX, turned_px));
    const factor = Math.exp(-limited_px * (event.ctrlKey ? TOUCHPAD : WHEEL));
    this.viewer.zoom.magnify(factor, this.#place({ x: event.clientX, y: event.clientY }));
    this.zoomed();
    this.viewer.redraw();
  }
}
