import { Color, type Vector3 } from "three";

import { Vignette, type Closing } from "./vignette";

const DARKNESS = new Color(0x050506);
/** Share of darkness above which a person no longer finds the way by what is seen. */
const LOST = 0.5;

/** Closes the view for comfort, behind the gallery, and while scenes are exchanged. */
export class Curtain {
  readonly #vignette = new Vignette();
  /** Called when nothing is seen any more. */
  #whenDark: (() => void) | null = null;

  get mesh(): Vignette["mesh"] {
    return this.#vignette.mesh;
  }

  get state(): Closing {
    return this.#vignette.state;
  }

  get isDark(): boolean {
    return this.#vignette.isDark;
  }

  /** Whether a person is in the dark, but not because of another scene. */
  get isLost(): boolean {
    return this.#vignette.state.dark > LOST && !this.#whenDark;
  }

  /** Close the view; resolves when nothing is seen, and then opens it again. Rejects if it is aborted before. */
  darken(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#whenDark = resolve;
      const stop = () => {
        if (this.#whenDark === resolve) this.#whenDark = null;
        reject(signal.reason as Error);
      };
      signal.addEventListener("abort", stop, { once: true });
    });
  }

  /** Come closer to what is wanted; `backdrop` is the colour behind the gallery, which hides everything. */
  step(seconds: number, wanted: Closing, backdrop: Color | null, gaze: Readonly<Vector3>): void {
    const dark = this.#whenDark || backdrop ? 1 : wanted.dark;
    const colour = this.#whenDark ? DARKNESS : (backdrop ?? DARKNESS);
    this.#vignette.step(seconds, { narrow: wanted.narrow, dark }, colour, gaze);
    if (!this.isDark) return;
    this.#whenDark?.();
    this.#whenDark = null;
  }

  /** Show everything at once. */
  open(): void {
    this.#whenDark = null;
    this.#vignette.open();
  }

  dispose(): void {
    this.#vignette.dispose();
  }
}
