import { readOptions } from "./options";
import { placePoster } from "./poster_place";

/** Longer than the scene takes to appear (photo.css). */
const FADE_MS = 600;

/**
 * The photo, shown until the scene is there, and instead of it where it cannot be shown: an image in the page with the
 * slot "poster", or the one that the attribute "poster" names. One with the slot "preview" may be there before it.
 */
export class Poster {
  readonly layer = document.createElement("div");
  readonly #preview = document.createElement("slot");
  readonly #slot = document.createElement("slot");
  readonly #own = new Image();
  readonly #behind = new Image();
  readonly #size = new ResizeObserver(() => this.#place());
  #fading = 0;

  constructor(private readonly host: HTMLElement) {
    this.#preview.name = "preview";
    this.#slot.name = "poster";
    this.#behind.className = "behind";
    for (const image of [this.#own, this.#behind]) image.alt = "";
    this.layer.className = "poster";
    this.layer.append(this.#behind, this.#preview, this.#slot, this.#own);
    this.#own.addEventListener("load", () => this.#place());
    this.#slot.addEventListener("slotchange", () => this.update());
    this.#size.observe(host);
    this.update();
  }

  /** Take the poster that the page names now. */
  update(): void {
    const source = this.#inPage ? null : this.host.getAttribute("poster");
    show(this.#own, source);
    this.#own.alt = readOptions(this.host).alt;
    show(this.#behind, this.#preview.assignedElements().length ? null : (this.#inPage?.src ?? source));
    this.#inPage?.addEventListener("load", () => this.#place(), { once: true });
    this.#place();
  }

  show(): void {
    clearTimeout(this.#fading);
    this.layer.hidden = false;
    this.layer.removeAttribute("aria-hidden");
    this.#place();
  }

  /** Disappear once the scene has appeared in front. */
  fade(): void {
    this.layer.setAttribute("aria-hidden", "true");
    this.#fading = setTimeout(() => (this.layer.hidden = true), FADE_MS);
  }

  hide(): void {
    clearTimeout(this.#fading);
    this.layer.hidden = true;
  }

  dispose(): void {
    clearTimeout(this.#fading);
    this.#size.disconnect();
  }

  get #inPage(): HTMLImageElement | null {
    const [element] = this.#slot.assignedElements();
    return element instanceof HTMLImageElement ? element : null;
  }

  #place(): void {
    placePoster(this.#inPage ?? this.#own, this.host, readOptions(this.host).fit);
  }
}

function show(image: HTMLImageElement, source: string | null): void {
  image.hidden = !source;
  if (source && image.getAttribute("src") !== source) image.src = source;
}
