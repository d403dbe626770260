import { drawing } from "../controls/icons";

/** Whether a person has used a scene of this page, and needs no more hints. */
let isKnown = false;
const used = new EventTarget();

/** Words over the picture that say how to look around, until a person does so on this page. */
export class Hint {
  readonly #box = document.createElement("div");
  readonly #text = document.createElement("span");

  constructor(frame: HTMLElement, signal: AbortSignal) {
    if (isKnown || signal.aborted) return;
    this.#box.className = "hint";
    this.#text.textContent = "Drag to look around";
    this.#box.append(drawing("drag"), this.#text);
    frame.append(this.#box);
    for (const end of [used, signal]) end.addEventListener(end === used ? "used" : "abort", () => this.#box.remove());
  }

  get isShown(): boolean {
    return this.#box.isConnected;
  }

  /** Name tilting too, once the device reports it. */
  addTilt(): void {
    this.#text.textContent = "Tilt or drag to look around";
  }

  /** Remove the hints of all scenes of this page. */
  static dismiss(): void {
    isKnown = true;
    used.dispatchEvent(new Event("used"));
  }
}
