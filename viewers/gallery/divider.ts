import { element } from "./dom";

const MIDDLE = 50;

/**
 * The line between the original, on the left, and the photo in 3D, on the right. It follows the mouse or a finger, and is
 * a slider for the keyboard and for screen readers.
 */
export class Divider {
  readonly line = element("div", "divider");
  readonly #slider = element("input", "", { type: "range", min: "0", max: "100", step: "1", value: String(MIDDLE) });

  constructor(private readonly stage: HTMLElement) {
    this.#slider.setAttribute("aria-label", "Share of the original");
    this.#slider.addEventListener("input", () => this.#place(Number(this.#slider.value)));
    this.line.append(this.#slider, element("span", "grip"));
    stage.addEventListener("pointerdown", (event) => this.#isMeant(event) && this.#drag(event));
    this.#place(MIDDLE);
  }

  /** Whether a press moves the divider: one anywhere on the pictures, unless the scene is there, which needs it itself. */
  #isMeant({ target, button }: PointerEvent): boolean {
    if (button !== 0 || !this.stage.matches(".compared") || (target as Element).closest("button, figcaption")) return false;
    return this.line.contains(target as Node) || !this.stage.matches(".looking");
  }

  /** Go to a pointer, and follow it until it is released. */
  #drag(event: PointerEvent): void {
    event.preventDefault();
    this.#slider.focus({ preventScroll: true });
    this.line.setPointerCapture(event.pointerId);
    const follow = (moved: PointerEvent) => {
      const { left, width } = this.stage.getBoundingClientRect();
      this.#place(Math.round(Math.max(0, Math.min(1, (moved.clientX - left) / width)) * 100));
    };
    if (!this.line.contains(event.target as Node)) follow(event);
    this.line.addEventListener("pointermove", follow);
    const end = () => this.line.removeEventListener("pointermove", follow);
    this.line.addEventListener("lostpointercapture", end, { once: true });
  }

  #place(percent: number): void {
    this.#slider.value = String(percent);
    this.#slider.setAttribute("aria-valuetext", `${percent}% original, ${100 - percent}% in 3D`);
    this.stage.style.setProperty("--at", `${percent}%`);
  }
}
