/** Shares of the screen's pixels, along each side, from sharp to quick. */
const SCALES = [1, 0.71, 0.5, 0.35] as const;
/** A movement is not smooth if frames take longer, and can be sharper if they take less; 33 ms is what a slow screen takes. */
const SLOW_MS = 42;
const QUICK_MS = 20;
/** So many slow frames in a row make it quicker; so many quick ones make it sharper. */
const SLOW_FRAMES = 2;
const QUICK_FRAMES = 90;

/** How sharp a picture is while it moves: as sharp as can be drawn smoothly. */
export class Sharpness {
  #level = 0;
  #slow = 0;
  #quick = 0;

  /** The share of pixels to draw, along each side. */
  get scale(): number {
    return SCALES[this.#level]!;
  }

  /** Note how long a frame of a movement took. */
  note(frame_ms: number): void {
    this.#slow = frame_ms > SLOW_MS ? this.#slow + 1 : 0;
    this.#quick = frame_ms < QUICK_MS ? this.#quick + 1 : 0;
    if (this.#slow >= SLOW_FRAMES) this.#change(1);
    else if (this.#quick >= QUICK_FRAMES) this.#change(-1);
  }

  #change(by: 1 | -1): void {
    this.#level = Math.min(Math.max(this.#level + by, 0), SCALES.length - 1);
    this.#slow = this.#quick = 0;
  }
}
