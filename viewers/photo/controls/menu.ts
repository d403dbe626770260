import { BUTTONS, MODES, type Command } from "./commands";
import { drawing, type Icon } from "./icons";
import { made } from "./made";
import type { StereoMode } from "../options";

/** Keys that open the menu from its button -> the place of the item that gets the focus. */
const OPENING: Readonly<Record<string, number>> = Object.freeze({ ArrowDown: 0, ArrowUp: -1 });

/**
 * The menu of view modes, and of the commands that the bar has no room for.
 *
 * A menu button with menuitemradio and menuitem, as in the ARIA Authoring Practices: arrows, Home, End and first letters
 * move the focus, Escape and Tab close the menu.
 */
export class Menu {
  readonly list = made("div", "menu");
  readonly #items = new Map<Command, HTMLButtonElement>();
  readonly #stay = new AbortController();

  constructor(
    private readonly button: HTMLButtonElement,
    private readonly run: (command: Command) => void,
    private readonly changed: () => void,
  ) {
    this.list.id = "menu";
    this.list.hidden = true;
    this.list.setAttribute("role", "menu");
    this.list.setAttribute("aria-label", "View mode");
    const modes = made("div");
    modes.setAttribute("role", "group");
    modes.setAttribute("aria-label", "View mode");
    modes.append(...MODES.map(([mode, label, key]) => this.#item(mode, mode, label, key)));
    const more = made("div", "more");
    more.setAttribute("role", "group");
    more.setAttribute("aria-label", "More");
    for (const { command, icon, label, key, room } of BUTTONS) {
      if (room !== "always") more.append(this.#item(command, icon, label, key, room));
    }
    this.list.append(modes, more);
    button.setAttribute("aria-haspopup", "menu");
    button.setAttribute("aria-controls", this.list.id);
    button.setAttribute("aria-expanded", "false");
    button.addEventListener("keydown", (event) => {
      const place = OPENING[event.key];
      if (place === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      this.open(place);
    });
    this.list.addEventListener("keydown", (event) => this.#press(event));
    const closes = (event: Event) => {
      if (!event.composedPath().some((at) => at === this.list || at === button)) this.close();
    };
    document.addEventListener("pointerdown", closes, { capture: true, signal: this.#stay.signal });
  }

  get isOpen(): boolean {
    return !this.list.hidden;
  }

  /** Open the menu with the focus on an item: the chosen mode, or one by its place. */
  open(place?: number): void {
    this.list.hidden = false;
    this.button.setAttribute("aria-expanded", "true");
    this.changed();
    const item = place === undefined ? this.list.querySelector<HTMLElement>("[aria-checked=true]") : this.#shown.at(place);
    item?.focus();
  }

  close(returnsFocus = false): void {
    if (!this.isOpen) return;
    this.list.hidden = true;
    this.button.setAttribute("aria-expanded", "false");
    if (returnsFocus) this.button.focus();
    this.changed();
  }

  toggle(): void {
    if (this.isOpen) this.close(true);
    else this.open();
  }

  /** Show or hide a command. */
  offer(command: Command, isOffered: boolean): void {
    const item = this.#items.get(command);
    if (item) item.hidden = !isOffered;
  }

  check(mode: StereoMode): void {
    for (const [name] of MODES) this.#items.get(name)!.setAttribute("aria-checked", String(name === mode));
  }

  label(command: Command, icon: Icon, label: string): void {
    const item = this.#items.get(command);
    if (!item) return;
    item.querySelector("svg")!.replaceWith(drawing(icon));
    item.querySelector("span")!.textContent = label;
  }

  dispose(): void {
    this.#stay.abort();
  }

  get #shown(): HTMLButtonElement[] {
    return [...this.#items.values()].filter((item) => item.getClientRects().length);
  }

  #item(command: Command, icon: Icon, label: string, key = "", room = ""): HTMLButtonElement {
    const item = made("button", room);
    item.dataset["command"] = command;
    item.type = "button";
    item.tabIndex = -1;
    item.setAttribute("role", room ? "menuitem" : "menuitemradio");
    item.append(drawing(icon), made("span", "", label));
    if (key) {
      const kbd = made("kbd", "", key);
      kbd.setAttribute("aria-hidden", "true"); // aria-keyshortcuts tells it
      item.setAttribute("aria-keyshortcuts", key);
      item.append(kbd);
    }
    if (!room) {
      item.setAttribute("aria-checked", "false");
      item.append(drawing("tick"));
    } else item.hidden = true;
    item.addEventListener("click", () => {
      this.close(true);
      this.run(command);
    });
    this.#items.set(command, item);
    return item;
  }

  #press(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    event.stopPropagation(); // a letter is not a command here
    if (event.key === "Tab") return this.close();
    if (event.key === "Enter" || event.key === " ") return; // clicks
    event.preventDefault();
    if (event.key === "Escape") return this.close(true);
    const items = this.#shown;
    const at = items.indexOf(event.composedPath()[0] as HTMLButtonElement);
    const place = { ArrowDown: (at + 1) % items.length, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
    const next = place === undefined ? startingWith(event.key, items, at) : items.at(place);
    if (next) next.focus();
    else items.find((item) => item.getAttribute("aria-keyshortcuts") === event.key.toUpperCase())?.click();
  }
}

/** Return the next item after a place whose name starts with a letter. */
function startingWith(letter: string, items: readonly HTMLElement[], at: number): HTMLElement | undefined {
  const inTurn = [...items.slice(at + 1), ...items.slice(0, at + 1)];
  return inTurn.find((item) => item.textContent!.toLowerCase().startsWith(letter.toLowerCase()));
}
