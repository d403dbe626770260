import type { Grid } from "./grid";
import { Loop } from "./loop";
import type { Motion } from "./motion";
import type { Tile } from "./tile";

/** Passing over a picture does not start it. */
const HOVER_MS = 120;
/** Scrolling has ended after so long without it. */
const REST_MS = 350;

/**
 * Plays the loop of one tile at a time: of the one that the mouse is over, that has the focus by the keyboard, that a
 * finger presses, or, where there is no mouse, that is in the middle of the window.
 */
export class Preview {
  #tile: Tile | null = null;
  #loop: Loop | null = null;
  #timer = 0;
  readonly #hasNoMouse = matchMedia("(hover: none)");

  constructor(
    private readonly grid: Grid,
    private readonly motion: Motion,
  ) {
    const { host } = grid;
    host.addEventListener("pointerover", (event) => {
      if (event.pointerType === "mouse") this.#over(grid.tileOf(event.target));
    });
    host.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && this.#over(undefined));
    host.addEventListener("pointerdown", (event) => event.pointerType !== "mouse" && this.#play(grid.tileOf(event.target)));
    host.addEventListener("focusin", (event) => {
      if ((event.target as Element).matches(":focus-visible")) this.#play(grid.tileOf(event.target));
    });
    host.addEventListener("focusout", () => this.stop());
    addEventListener("scroll", () => this.#hasNoMouse.matches && this.#rest(), { passive: true });
    motion.onChange(() => (motion.isOn ? this.#rest() : this.stop()));
    this.#rest();
  }

  /** Let all stand still. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#loop?.remove();
    this.#loop = null;
    this.#tile = null;
  }

  #over(tile: Tile | undefined): void {
    if (tile === (this.#tile ?? undefined)) return;
    this.stop();
    if (tile) this.#timer = window.setTimeout(() => this.#play(tile), HOVER_MS);
  }

  /** Once scrolling has ended, play what is in the middle where there is no mouse to choose with. */
  #rest(): void {
    if (!this.#hasNoMouse.matches) return;
    clearTimeout(this.#timer);
    if (this.#tile && !this.#tile.item.isConnected) this.stop();
    this.#timer = window.setTimeout(() => this.#play(this.#middle()), REST_MS);
  }

  #middle(): Tile | undefined {
    const saves = (navigator as { connection?: { saveData?: boolean } }).connection?.saveData;
    if (saves || !this.grid.host.clientWidth) return undefined;
    let [best, closest] = [undefined as Tile | undefined, Infinity];
    for (const tile of this.grid.tiles) {
      const { left, right, top, bottom } = tile.picture.getBoundingClientRect();
      const distance = Math.hypot((left + right - innerWidth) / 2, (top + bottom - innerHeight) / 2);
      if (distance < closest) [best, closest] = [tile, distance];
    }
    return best;
  }

  #play(tile: Tile | undefined): void {
    if (tile === this.#tile && this.#loop) return;
    this.stop();
    if (!tile?.photo.wiggle || !this.motion.isOn) return;
    this.#tile = tile;
    this.#loop = new Loop(tile.photo.wiggle, tile.picture);
    this.#loop.play();
  }
}
