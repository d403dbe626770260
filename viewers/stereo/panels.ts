/** What comes and goes: the bar while the page is idle, the help, and the further controls on narrow screens. */

import { part } from "./dom";

const IDLE_MS = 2500;

const page = document.documentElement;

export class Panels {
  private readonly help = part("help", HTMLElement);
  private readonly helpButton = part("keys", HTMLButtonElement);
  private readonly more = part("extra", HTMLElement);
  private readonly moreButton = part("more", HTMLButtonElement);
  private opener: HTMLElement | null = null;
  private timer = 0;

  constructor() {
    this.helpButton.onclick = () => this.toggleHelp();
    part("close", HTMLButtonElement).onclick = () => this.toggleHelp();
    this.moreButton.onclick = () => this.toggleMore();
    this.more.addEventListener("click", ({ target }) => {
      if (target instanceof Element && target.closest("button")) this.toggleMore(false);
    });
    addEventListener("pointerdown", ({ target }) => {
      const isElsewhere = target instanceof Node && !this.more.contains(target) && !this.moreButton.contains(target);
      if (isElsewhere) this.toggleMore(false);
    });
    for (const event of ["pointermove", "pointerdown", "keydown", "focusin"]) addEventListener(event, () => this.wake());
  }

  get isIdle(): boolean {
    return page.classList.contains("idle");
  }

  /** Show the bar until the page has been idle for a while. */
  wake(): void {
    clearTimeout(this.timer);
    page.classList.remove("idle");
    this.timer = setTimeout(() => {
      const isOpen = !this.help.hidden || this.more.classList.contains("open");
      page.classList.toggle("idle", page.classList.contains("loaded") && !isOpen);
    }, IDLE_MS);
  }

  toggleHelp(isOpen = this.help.hidden === true): void {
    if (isOpen === !this.help.hidden) return;
    if (isOpen) this.opener = document.activeElement instanceof HTMLElement ? document.activeElement : null;
    this.help.hidden = !isOpen;
    this.helpButton.setAttribute("aria-expanded", String(isOpen));
    if (isOpen) this.help.focus({ preventScroll: true });
    else (this.opener?.checkVisibility() ? this.opener : this.moreButton).focus({ preventScroll: true });
  }

  /** Show or hide the further controls, which wide screens always show. */
  toggleMore(isOpen = !this.more.classList.contains("open")): void {
    this.more.classList.toggle("open", isOpen);
    this.moreButton.setAttribute("aria-expanded", String(isOpen));
  }

  /** Close what is open, the topmost first. */
  escape(): void {
    if (!this.help.hidden) {
      this.toggleHelp(false);
    } else if (this.more.classList.contains("open")) {
      this.toggleMore(false);
      this.moreButton.focus({ preventScroll: true });
    }
  }
}
