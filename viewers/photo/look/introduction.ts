import { Hint } from "./hint";
import type { Viewer } from "../viewer";

const HALF = 0.5;

/** What a scene does until a person takes over: it sways once, or all the time, and says how to look around. */
export class Introduction {
  readonly #hint: Hint;
  #isOver = false;

  /** `repeats`: sway until a person takes over. `seen` is called after the sway and after every touch. */
  constructor(
    element: HTMLElement,
    frame: HTMLElement,
    private readonly viewer: Viewer,
    private readonly repeats: boolean,
    prefersCalm: boolean,
    seen: () => void,
    signal: AbortSignal,
  ) {
    this.#hint = new Hint(frame, signal);
    viewer.sway.ended = seen;
    const hover = (event: PointerEvent) => event.pointerType === "mouse" && this.#takeOver();
    element.addEventListener("pointermove", hover, { signal });
    element.addEventListener("pointerdown", () => this.end(), { signal, capture: true }); // on buttons too
    element.addEventListener("pointerup", (event) => event.pointerType === "touch" && seen(), { signal });
    if (!prefersCalm) this.#swayInSight(element, signal);
  }

  get isHinting(): boolean {
    return this.#hint.isShown;
  }

  /** Name tilting too. */
  addTilt(): void {
    this.#hint.addTilt();
  }

  /** Leave the scene to the person who has begun to use it. */
  end(): void {
    this.#takeOver();
    Hint.dismiss();
  }

  #takeOver(): void {
    this.#isOver = true;
    if (!this.viewer.sway.isRunning) return;
    this.viewer.sway.end();
    this.viewer.redraw();
  }

  /** Begin once half of the element, or of the window, shows the scene. */
  #swayInSight(element: HTMLElement, signal: AbortSignal): void {
    const observer = new IntersectionObserver(
      (entries) => {
        const { intersectionRatio, intersectionRect, rootBounds } = entries.at(-1)!;
        const share = intersectionRect.height / (rootBounds?.height ?? Infinity);
        if (Math.max(intersectionRatio, share) < HALF || this.#isOver) return;
        observer.disconnect();
        this.#isOver = true;
        if (this.viewer.movesByItself) return;
        this.viewer.sway.begin(this.repeats);
        this.viewer.redraw();
      },
      { threshold: [0.1, 0.2, 0.3, 0.4, HALF, 0.75, 1] },
    );
    observer.observe(element);
    signal.addEventListener("abort", () => observer.disconnect());
  }
}
