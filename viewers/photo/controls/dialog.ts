import { drawing } from "./icons";
import { made } from "./made";

/** A modal dialog with a heading; the browser closes it on Escape and then returns the focus. */
export class Dialog {
  readonly element = made("dialog");
  readonly #title = made("h2");
  readonly #body = made("div", "body");

  constructor(changed: () => void) {
    this.#title.id = "title";
    this.element.setAttribute("aria-labelledby", this.#title.id);
    const close = made("button", "close");
    close.type = "button";
    close.title = "Close (Esc)";
    close.setAttribute("aria-label", "Close");
    close.append(drawing("close"));
    close.addEventListener("click", () => this.close());
    this.element.append(this.#title, close, this.#body);
    this.element.addEventListener("close", changed);
    this.element.addEventListener("keydown", (event) => event.stopPropagation()); // arrows scroll it
    this.element.addEventListener("click", (event) => {
      if (event.target === this.element && this.#isBeside(event)) this.close();
    });
  }

  get isOpen(): boolean {
    return this.element.open;
  }

  open(title: string, ...content: HTMLElement[]): void {
    this.#title.textContent = title;
    this.#body.replaceChildren(...content);
    if (!this.isOpen) this.element.showModal();
  }

  close(): void {
    this.element.close();
  }

  /** Return whether a click is on the backdrop. */
  #isBeside({ clientX, clientY }: MouseEvent): boolean {
    const { left, right, top, bottom } = this.element.getBoundingClientRect();
    return clientX < left || clientX > right || clientY < top || clientY > bottom;
  }
}
