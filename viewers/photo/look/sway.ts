import { smoothstep } from "./easing";
import type { Head } from "./head";

const ONCE_S = 3.8;
const PERIOD_S = 5;
const BEGIN_S = 1;
/** Largest distance to a side, as a share of the head box before its soft limit: about 70% of the box. */
const REACH = 0.9;

/** A slow movement of the head to the right, to the left and back, which shows that the picture has depth. */
export class Sway {
  isRunning = false;
  /** Called when a sway ends, by itself or not. */
  ended = (): void => undefined;
  #repeats = false;
  #elapsed_s = 0;

  constructor(private readonly head: Head) {}

  begin(repeats: boolean): void {
    this.isRunning = true;
    this.#repeats = repeats;
    this.#elapsed_s = 0;
  }

  /** Let the head return. */
  end(): void {
    this.isRunning = false;
    this.head.want("sway", 0, 0);
    this.ended();
  }

  /** Advance by some seconds; return whether the movement continues. */
  step(seconds: number): boolean {
    if (!this.isRunning) return false;
    this.#elapsed_s += seconds;
    const turns = this.#repeats ? this.#elapsed_s / PERIOD_S : smoothstep(this.#elapsed_s / ONCE_S);
    const reach = REACH * (this.#repeats ? smoothstep(this.#elapsed_s / BEGIN_S) : 1);
    this.head.want("sway", reach * Math.sin(2 * Math.PI * turns), 0);
    if (turns >= 1 && !this.#repeats) this.end();
    return this.isRunning;
  }
}
