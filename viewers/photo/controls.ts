import { BUTTONS, HELP, type Command } from "./commands";
import { drawing, type Icon } from "./icons";

const IDLE_MS = 2500;

/** The row of buttons, the help, messages and the loading bar over the picture. */
export class Controls {
  readonly #buttons = new Map<Command, HTMLButtonElement>();
  readonly #bar = made("div", "bar");
  readonly #help = made("div", "help");
  readonly #message = made("div", "message");
  readonly #progress = made("div", "progress");
  readonly #stats = made("div", "stats");
  #idle = 0;

  constructor(
    private readonly frame: HTMLElement,
    run: (command: Command) => void,
  ) {
    this.#bar.setAttribute("role", "toolbar");
    this.#bar.setAttribute("aria-label", "View");
    for (const [command, icon, label] of BUTTONS) {
      const button = document.createElement("button");
      button.type = "button";
      button.hidden = true;
      button.addEventListener("click", () => run(command));
      this.#buttons.set(command, button);
      this.#bar.append(button);
      this.label(command, icon, label);
    }
    this.#help.hidden = true;
    this.#help.setAttribute("role", "note");
    const list = document.createElement("dl");
    for (const [keys, action] of HELP) list.append(made("dt", "", keys), made("dd", "", action));
    this.#help.append(list);
    this.#message.setAttribute("role", "status");
    this.#progress.setAttribute("role", "progressbar");
    this.#progress.setAttribute("aria-label", "Loading");
    this.#progress.hidden = true;
    frame.append(this.#message, this.#progress, this.#stats, this.#help, this.#bar);
    for (const event of ["pointermove", "pointerdown", "keydown", "focusin"])
      frame.addEventListener(event, () => this.wake());
    this.wake();
  }

  /** Show the buttons until the page has been idle for a while. */
  wake(): void {
    clearTimeout(this.#idle);
    this.frame.classList.remove("idle");
    this.#idle = setTimeout(() => this.frame.classList.add("idle"), IDLE_MS);
  }

  show(...commands: Command[]): void {
    for (const command of commands) this.#buttons.get(command)!.hidden = false;
  }

  hide(...commands: Command[]): void {
    for (const command of commands) this.#buttons.get(command)!.hidden = true;
  }

  label(command: Command, icon: Icon, label: string): void {
    const button = this.#buttons.get(command)!;
    button.replaceChildren(drawing(icon));
    button.title = label;
    button.setAttribute("aria-label", label);
  }

  toggleHelp(): void {
    this.#help.hidden = !this.#help.hidden;
    this.#buttons.get("help")!.setAttribute("aria-expanded", String(!this.#help.hidden));
  }

  /** Show a message over the picture; an empty text removes it. */
  say(text: string, ...actions: HTMLElement[]): void {
    this.#message.replaceChildren(...(text ? [made("p", "", text)] : []), ...actions);
  }

  /** Show the loaded share: 0 to 1, null for unknown, undefined for done. */
  progress(share: number | null | undefined): void {
    this.#progress.hidden = share === undefined;
    this.#progress.classList.toggle("unknown", share === null);
    if (typeof share !== "number") {
      this.#progress.removeAttribute("aria-valuenow");
      return;
    }
    this.#progress.setAttribute("aria-valuenow", String(Math.round(100 * share)));
    this.#progress.style.setProperty("--share", String(share));
  }

  stats(text: string): void {
    this.#stats.textContent = text;
  }

  dispose(): void {
    clearTimeout(this.#idle);
  }
}

function made(tag: string, name: string, text = ""): HTMLElement {
  const element = document.createElement(tag);
  element.className = name;
  element.textContent = text;
  return element;
}
