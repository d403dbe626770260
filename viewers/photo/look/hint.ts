import { drawing } from "../controls/icons";

/** Whether a person has used a scene of this page, and needs no more hints. */
let isKnown = false;
/** The page's hint: one is enough. */
let shown: Hint | null = null;

/** Words over the picture that say how to look around, until a person does so on this page. */
export class Hint {
  readonly #box = document.createElement("div");
  readonly #text = document.createElement("span");

  /** A frame that is too small for the hint (photo.css) leaves it to another one. */
  constructor(frame: HTMLElement, signal: AbortSignal) {
    if (isKnown || shown || signal.aborted) return;
    this.#box.className = "hint";
    this.#text.textContent = "Drag to look around";
    this.#box.append(drawing("drag"), this.#text);
    frame.append(this.#box);
    if (!this.isShown) {
      this.#box.remove();
      return;
    }
    shown = this;
    signal.addEventListener("abort", () => this.#remove());
  }

  get isShown(): boolean {
    return this.#box.getClientRects().length > 0;
  }

  /** Name tilting too, once the device reports it. */
  addTilt(): void {
    this.#text.textContent = "Tilt or drag to look around";
  }

  /** Remove the page's hint for good. */
  static dismiss(): void {
    isKnown = true;
    if (shown) shown.#remove();
  }

  #remove(): void {
    this.#box.remove();
    if (shown === this) shown = null;
  }
}
