import type { Head } from "./head";

const POINTER_REACH = 1.2;
const SCROLL_REACH = 1;

/** Moves the head as the mouse passes over the element and as the element passes through the window. */
export class Looking {
  /** The mouse's place that moves nothing, in shares of the head box. */
  #rest: readonly [number, number] = [0, 0];
  #wanted: readonly [number, number] = [0, 0];

  constructor(
    private readonly element: HTMLElement,
    private readonly head: Head,
    private readonly redraw: () => void,
    signal: AbortSignal,
  ) {
    const options = { signal, passive: true };
    element.addEventListener("pointermove", (event) => this.#moved(event), options);
    element.addEventListener("pointerup", (event) => this.#released(event), options);
    element.addEventListener("pointerleave", (event) => this.#left(event), options);
    window.addEventListener("scroll", () => this.#scrolled(), { ...options, capture: true });
    this.#scrolled();
  }

  #place(event: PointerEvent): readonly [number, number] {
    const box = this.element.getBoundingClientRect();
    const x = (2 * (event.clientX - box.left)) / box.width - 1;
    const y = 1 - (2 * (event.clientY - box.top)) / box.height;
    return [x * POINTER_REACH, y * POINTER_REACH];
  }

  #moved(event: PointerEvent): void {
    if (event.pointerType !== "mouse" || event.buttons) return;
    const [x, y] = this.#place(event);
    this.#want(x - this.#rest[0], y - this.#rest[1]);
  }

  /** After a drag, stay where it ended. */
  #released(event: PointerEvent): void {
    if (event.pointerType !== "mouse") return;
    const [x, y] = this.#place(event);
    this.#rest = [x - this.#wanted[0], y - this.#wanted[1]];
  }

  #left(event: PointerEvent): void {
    if (event.pointerType !== "mouse" || event.buttons) return;
    this.#rest = [0, 0];
    this.#want(0, 0);
  }

  #want(x: number, y: number): void {
    this.#wanted = [x, y];
    this.head.want("pointer", x, y);
    this.redraw();
  }

  #scrolled(): void {
    const box = this.element.getBoundingClientRect();
    const middle = (box.top + box.bottom - innerHeight) / (box.height + innerHeight);
    this.head.want("scroll", 0, -SCROLL_REACH * middle);
    this.redraw();
  }
}
