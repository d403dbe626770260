import { BUTTONS, labelOf, type Button, type Command } from "./commands";
import { Dialog } from "./dialog";
import { help } from "./help";
import { drawing, type Icon } from "./icons";
import { made } from "./made";
import { Menu } from "./menu";
import type { StereoMode } from "../options";

const IDLE_MS = 2500;
const TOAST_MS = 4000;

/** Events that the picture must not take for a drag or a zoom. */
const HANDLED = ["pointerdown", "dblclick", "wheel", "touchstart"] as const;

/** The bar of buttons with its menu, the dialogs, messages and the loading bar over the picture. */
export class Controls {
  readonly #buttons = new Map<Command, HTMLButtonElement>();
  readonly #bar = made("div", "bar");
  readonly #message = made("div", "message");
  readonly #progress = made("div", "progress");
  readonly #stats = made("div", "stats");
  readonly #toast = made("div", "toast");
  readonly #dialog = new Dialog(() => this.wake());
  #menu!: Menu;
  #idle = 0;
  /** Whether the last touch was on buttons that nobody saw. */
  #wasFaded = false;
  #fading = 0;

  constructor(
    private readonly frame: HTMLElement,
    run: (command: Command) => void,
  ) {
    // A group, not a toolbar: in a toolbar the arrow keys move the focus, but here they look around.
    this.#bar.setAttribute("role", "group");
    this.#bar.setAttribute("aria-label", "View");
    for (const one of BUTTONS) this.#bar.append(this.#button(one, run));
    this.#menu = new Menu(this.#buttons.get("modes")!, run, () => this.wake());
    this.#message.setAttribute("role", "status");
    this.#toast.setAttribute("role", "status");
    this.#progress.setAttribute("role", "progressbar");
    this.#progress.setAttribute("aria-label", "Loading");
    this.#progress.hidden = true;
    const ring = made("div", "ring"); // of the focus, over the picture
    frame.append(ring, this.#message, this.#progress, this.#stats, this.#bar, this.#menu.list, this.#toast);
    frame.append(this.#dialog.element);
    for (const part of [this.#bar, this.#menu.list, this.#dialog.element]) {
      for (const name of HANDLED) {
        part.addEventListener(name, (event) => event.stopPropagation(), { passive: true });
      }
    }
    frame.addEventListener("pointermove", () => this.wake(), { capture: true, passive: true });
    frame.addEventListener("pointerdown", (event) => this.#touched(event), { capture: true, passive: true });
    this.#bar.addEventListener("click", (event) => this.#wasFaded && event.stopImmediatePropagation(), { capture: true });
    for (const name of ["keydown", "focusin"]) {
      frame.addEventListener(name, (event) => {
        if (event.type === "keydown" || (event.target as Element).matches(":focus-visible")) this.wake(false);
      });
    }
    this.wake();
  }

  /** Show the buttons: until the page has been idle for a while, or until a pointer moves, for people who use keys. */
  wake(untilIdle = true): void {
    clearTimeout(this.#idle);
    this.frame.classList.remove("idle");
    if (untilIdle) {
      this.#idle = setTimeout(() => this.#isOpen || this.frame.classList.add("idle"), IDLE_MS);
    }
  }

  show(...commands: Command[]): void {
    for (const command of commands) this.#offer(command, true);
  }

  hide(...commands: Command[]): void {
    for (const command of commands) this.#offer(command, false);
  }

  label(command: Command, icon: Icon, label: string): void {
    const button = this.#buttons.get(command)!;
    const { key } = BUTTONS.find((one) => one.command === command)!;
    button.replaceChildren(drawing(icon));
    button.title = key ? `${label} (${key})` : label;
    button.setAttribute("aria-label", label);
    this.#menu?.label(command, icon, label); // there is none yet while the bar is made
  }

  hideAll(): void {
    this.hide(...this.#buttons.keys());
  }

  /** Offer VR: to everybody with a headset, and on large screens or if asked for to others, who get told how. */
  offerHeadset(isThere: boolean, isAskedFor: boolean): void {
    this.label("headset", "headset", isThere ? "Enter VR" : "View in VR");
    this.frame.classList.toggle("vr", isThere || isAskedFor);
  }

  /** Show whether the element is on the full screen. */
  full(isOn: boolean): void {
    this.label("full", isOn ? "unfull" : "full", isOn ? "Leave full screen" : "Full screen");
  }

  /** Show which view mode is chosen. */
  mode(mode: StereoMode): void {
    this.label("modes", mode, `View mode: ${labelOf(mode)}`);
    this.#buttons.get("modes")!.append(drawing("up"));
    this.#menu.check(mode);
  }

  toggleMenu(): void {
    this.#menu.toggle();
  }

  help(): void {
    this.tell("Help", help());
  }

  /** Show a dialog. */
  tell(title: string, content: readonly HTMLElement[]): void {
    this.#dialog.open(title, ...content);
    this.wake();
  }

  /** Show a message over the picture; an empty text removes it. */
  say(text: string, ...actions: HTMLElement[]): void {
    this.#message.className = "message";
    this.#message.replaceChildren(...(text ? [made("p", "", text)] : []), ...actions);
  }

  /** Show a message at the bottom, where it leaves the poster in sight. */
  sayBelow(text: string): void {
    this.say(text);
    this.#message.classList.add("low");
  }

  /** Offer a scene that waits for a person, in a button over the whole picture; `say` removes it. */
  ask(name: string): void {
    const button = made("button", "resting");
    button.type = "button";
    button.setAttribute("aria-label", name);
    button.append(made("span", "", "Look around"));
    this.say("", button);
  }

  /** Whether the focus is on that button. */
  get isAskFocused(): boolean {
    return this.#message.querySelector(".resting:focus") !== null;
  }

  /** Tell screen readers what a command has done; show it for a moment, unless the picture shows it. */
  announce(text: string, isShown = false): void {
    clearTimeout(this.#fading);
    // a modal dialog hides the rest of the page from screen readers
    (this.#dialog.isOpen ? this.#dialog.element : this.frame).append(this.#toast);
    this.#toast.classList.toggle("quiet", !isShown);
    this.#toast.textContent = text;
    this.#fading = setTimeout(() => (this.#toast.textContent = ""), TOAST_MS);
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
    clearTimeout(this.#fading);
    this.#menu.dispose();
  }

  get #isOpen(): boolean {
    return this.#menu.isOpen || this.#dialog.isOpen;
  }

  #button({ command, icon, label, key, room }: Button, run: (command: Command) => void): HTMLButtonElement {
    const button = made("button", room);
    button.dataset["command"] = command;
    button.type = "button";
    button.hidden = true;
    if (key) button.setAttribute("aria-keyshortcuts", key);
    if (command === "help") button.setAttribute("aria-haspopup", "dialog");
    button.addEventListener("click", () => run(command));
    this.#buttons.set(command, button);
    this.label(command, icon, label);
    return button;
  }

  #touched(event: PointerEvent): void {
    this.#wasFaded = event.pointerType === "touch" && this.frame.classList.contains("idle");
    this.wake();
  }

  #offer(command: Command, isOffered: boolean): void {
    this.#buttons.get(command)!.hidden = !isOffered;
    this.#menu.offer(command, isOffered);
    if (command === "modes" && !isOffered) this.#menu.close();
  }
}
