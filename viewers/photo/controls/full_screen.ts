/**
 * Shows an element on the full screen.
 *
 * Browsers without the Fullscreen API for elements (on iPhones) show it over the whole page instead, as a popover, which
 * no ancestor can clip.
 */
export class FullScreen {
  constructor(
    private readonly element: HTMLElement,
    changed: () => void,
    signal: AbortSignal,
  ) {
    document.addEventListener("fullscreenchange", changed, { signal });
    element.addEventListener("toggle", changed, { signal });
    element.addEventListener("keydown", (event) => event.key === "Escape" && this.#isOver && this.#cover(false), { signal });
  }

  /** Whether it would change anything: an element that fills the page already needs the API. */
  get isPossible(): boolean {
    if (document.fullscreenEnabled) return true;
    const { clientWidth, clientHeight } = this.element;
    const isWhole = clientWidth >= innerWidth && clientHeight >= innerHeight;
    return this.isOn || ("popover" in HTMLElement.prototype && !isWhole);
  }

  get isOn(): boolean {
    return document.fullscreenElement === this.element || this.#isOver;
  }

  async toggle(): Promise<void> {
    if (document.fullscreenElement) return document.exitFullscreen();
    if (document.fullscreenEnabled) return this.element.requestFullscreen();
    this.#cover(!this.#isOver);
  }

  get #isOver(): boolean {
    return this.element.popover !== null && this.element.matches(":popover-open");
  }

  #cover(isOver: boolean): void {
    if (isOver) {
      this.element.popover = "manual";
      this.element.showPopover();
    } else {
      this.element.hidePopover();
      this.element.popover = null;
    }
  }
}
