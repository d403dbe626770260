import { part } from "./dom";
import type { Choice, Sort } from "./order";
import type { Photo } from "./photos";

const NO_FOLDER = "(No collection)";

/** The search, the collections and the order, above the grid. */
export class Tools {
  readonly #query = part("query", HTMLInputElement);
  readonly #folder = part("folder", HTMLSelectElement);
  readonly #sort = part("sort", HTMLSelectElement);
  /** Collections in the order of their options, after the one for all. */
  readonly #folders: readonly string[];

  constructor(photos: readonly Photo[], hasDates: boolean, onChange: (choice: Choice) => void) {
    const counts = new Map<string, number>();
    for (const { folder } of photos) counts.set(folder, (counts.get(folder) ?? 0) + 1);
    this.#folders = [...counts.keys()].sort(new Intl.Collator("en", { numeric: true }).compare);
    part("collections", HTMLElement).hidden = this.#folders.length < 2;
    const names = this.#folders.map((folder) => `${folder || NO_FOLDER} (${counts.get(folder)!.toLocaleString("en")})`);
    this.#folder.replaceChildren(...["All collections", ...names].map((name) => new Option(name)));
    if (!hasDates) this.#sort.closest("label")!.hidden = true;
    const changed = () => onChange(this.choice);
    this.#query.addEventListener("input", changed);
    for (const select of [this.#folder, this.#sort]) select.addEventListener("change", changed);
    part("tools", HTMLFormElement).addEventListener("submit", (event) => event.preventDefault());
    document.addEventListener("keydown", (event) => this.#press(event));
  }

  get choice(): Choice {
    return {
      query: this.#query.value,
      sort: this.#sort.value as Sort,
      folder: this.#folders[this.#folder.selectedIndex - 1] ?? null,
    };
  }

  set choice({ query, sort, folder }: Choice) {
    if (this.#query.value !== query) this.#query.value = query;
    this.#sort.value = sort;
    this.#folder.selectedIndex = folder === null ? 0 : this.#folders.indexOf(folder) + 1;
  }

  /** The key "/" leads to the search, Escape empties it. */
  #press(event: KeyboardEvent): void {
    const isTyping = (event.target as Element).matches("input, select, textarea");
    if (event.key === "/" && !isTyping && this.#query.offsetParent) {
      event.preventDefault();
      this.#query.focus();
    }
  }
}
