/** A message in a headset, for some seconds or until the next one. */
export class Note {
  #text = "";
  #until_ms = 0;

  /** Say something. */
  say(text: string, seconds: number): void {
    this.#text = text;
    this.#until_ms = performance.now() + seconds * 1000;
  }

  clear(): void {
    this.#text = "";
  }

  /** The text of now, or empty. */
  get text(): string {
    if (performance.now() > this.#until_ms) this.#text = "";
    return this.#text;
  }
}
