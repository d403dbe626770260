/** Frame times of the last second, or of the last frame if it took longer. */
export class FrameTimes {
  readonly #ends_ms: number[] = [];

  /** Start again after a pause or with another clock. */
  clear(): void {
    this.#ends_ms.length = 0;
  }

  /** Add the time at which a frame was drawn, in milliseconds. */
  add(now_ms: number): void {
    this.#ends_ms.push(now_ms);
    while (this.#ends_ms.length > 2 && now_ms - this.#ends_ms[0]! > 1000) this.#ends_ms.shift();
  }

  /** Return the times as text. */
  text(): string {
    const times_ms = this.#ends_ms.slice(1).map((end_ms, i) => end_ms - this.#ends_ms[i]!);
    if (!times_ms.length) return "";
    times_ms.sort((a, b) => a - b);
    const median_ms = times_ms[times_ms.length >> 1]!;
    return `frame median ${median_ms.toFixed(1)} ms, worst ${times_ms.at(-1)!.toFixed(1)} ms`;
  }
}
