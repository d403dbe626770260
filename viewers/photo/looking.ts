import { approach } from "./easing";
import type { Head } from "./head";

/** A tilt by this angle moves the head to about three quarters of the head box. */
const TILT_DEGREES = 20;
/** Time constant for a device's posture to become its rest position, so that a person can lie down. */
const TILT_REST_S = 8;
/** A drag over this share of the element does the same. */
const DRAG_SHARE = 0.35;
const POINTER_REACH = 1.2;
const SCROLL_REACH = 1;

interface TiltPermission {
  requestPermission?: () => Promise<"granted" | "denied">;
}

/** Return whether this device can be tilted; and whether that requires permission (iOS). */
export function canTilt(): boolean {
  return matchMedia("(pointer: coarse)").matches && typeof DeviceOrientationEvent !== "undefined";
}
export function mayAskForTilt(): boolean {
  return canTilt() && "requestPermission" in DeviceOrientationEvent;
}

/** Return whether the page, or a part of it around an element, can scroll; an embedding page may. */
function scrolls(element: Element): boolean {
  const box = element.parentElement;
  if (!box) return window.parent !== window;
  const may = box === document.documentElement || /auto|scroll/.test(getComputedStyle(box).overflowY);
  return (may && box.scrollHeight > box.clientHeight) || scrolls(box);
}

/** Moves the head by mouse, touch, tilt and the element's place in the window, until the signal aborts. */
export class Looking {
  #held: { id: number; x: number; y: number } | null = null;
  #restTilt: [number, number] | null = null;
  #tilt_ms = 0;

  constructor(
    private readonly element: HTMLElement,
    private readonly head: Head,
    private readonly redraw: () => void,
    signal: AbortSignal,
    prefersCalm: boolean,
    private readonly tilts: () => void,
  ) {
    const options = { signal, passive: true };
    element.addEventListener("pointerdown", (event) => this.#pressed(event), options);
    element.addEventListener("pointermove", (event) => this.#moved(event, !prefersCalm), options);
    for (const end of ["pointerup", "pointercancel"]) element.addEventListener(end, () => (this.#held = null), options);
    element.addEventListener("pointerleave", (event) => this.#left(event), options);
    element.addEventListener("wheel", (event) => this.#wheel(event), { signal, passive: false });
    if (prefersCalm) return;
    window.addEventListener("scroll", () => this.#scrolled(), { ...options, capture: true });
    this.#scrolled();
    if (canTilt()) window.addEventListener("deviceorientation", (event) => this.#tilted(event), options);
  }

  /** Ask for permission to read the device's orientation; must be called from a tap. */
  async askForTilt(): Promise<void> {
    await (DeviceOrientationEvent as TiltPermission).requestPermission?.();
  }

  #pressed(event: PointerEvent): void {
    if (event.pointerType === "mouse") return;
    this.#held = { id: event.pointerId, x: event.clientX, y: event.clientY };
  }

  #moved(event: PointerEvent, follows: boolean): void {
    const box = this.element.getBoundingClientRect();
    const held = this.#held;
    if (event.pointerType === "mouse") {
      if (!follows) return;
      const x = (2 * (event.clientX - box.left)) / box.width - 1;
      const y = 1 - (2 * (event.clientY - box.top)) / box.height;
      this.head.want("pointer", x * POINTER_REACH, y * POINTER_REACH);
    } else if (held?.id === event.pointerId) {
      const reach = DRAG_SHARE * box.width;
      this.head.nudge("drag", (held.x - event.clientX) / reach, (event.clientY - held.y) / reach);
      this.#held = { id: held.id, x: event.clientX, y: event.clientY };
    } else return;
    this.redraw();
  }

  #left(event: PointerEvent): void {
    if (event.pointerType !== "mouse") return;
    this.head.want("pointer", 0, 0);
    this.redraw();
  }

  /** Zoom if there is nothing to scroll, or by pinching a touchpad. */
  #wheel(event: WheelEvent): void {
    if (!event.ctrlKey && scrolls(this.element)) return;
    event.preventDefault();
    this.head.magnify(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.002)));
    this.redraw();
  }

  #scrolled(): void {
    const box = this.element.getBoundingClientRect();
    const middle = (box.top + box.bottom - innerHeight) / (box.height + innerHeight);
    this.head.want("scroll", 0, -SCROLL_REACH * middle);
    this.redraw();
  }

  #tilted({ beta, gamma, timeStamp }: DeviceOrientationEvent): void {
    if (beta === null || gamma === null) return;
    if (!this.#restTilt) this.tilts();
    this.#restTilt ??= [beta, gamma];
    const seconds = Math.min((timeStamp - this.#tilt_ms) / 1000, 1);
    this.#tilt_ms = timeStamp;
    const difference = (angle: number, rest: number) => ((angle - rest + 540) % 360) - 180;
    const [forward, sideways] = [difference(beta, this.#restTilt[0]), difference(gamma, this.#restTilt[1])];
    const share = approach(seconds, TILT_REST_S);
    this.#restTilt = [this.#restTilt[0] + share * forward, this.#restTilt[1] + share * sideways];
    const turn = ((screen.orientation?.angle ?? 0) * Math.PI) / 180;
    const [cos, sin] = [Math.cos(turn) / TILT_DEGREES, Math.sin(turn) / TILT_DEGREES];
    this.head.want("tilt", sideways * cos + forward * sin, sideways * sin - forward * cos);
    this.redraw();
  }
}
