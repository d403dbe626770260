import { element } from "./dom";
import { layoutOf, rowsBetween, type Layout, type Measures } from "./layout";
import type { Section } from "./order";
import type { Photo } from "./photos";
import { Tile } from "./tile";

/** Height beyond the window, in windows, in which tiles are there already. */
const AHEAD = 0.75;
const EMPTY: Layout = { rows: [], places: [], tops: [], height: 0 };

/** A section of the grid that is in the page. */
interface Shown {
  readonly list: HTMLElement;
  readonly whole: HTMLElement;
}

/**
 * The grid of all chosen photos, as lists of links under headings. Only the tiles in and near the window are in the page,
 * and the one that has the focus or will get it by the Tab key.
 */
export class Grid {
  readonly #sections = new Map<number, Shown>();
  readonly #tiles = new Map<number, Tile>();
  #content: readonly Section[] = [];
  #photos: readonly Photo[] = [];
  #layout = EMPTY;
  #measures: Measures;
  #firsts: readonly number[] = [];
  /** Number of the photo that the Tab key leads to. */
  #active = 0;
  #isDue = false;

  constructor(
    readonly host: HTMLElement,
    private readonly measure: (width: number) => Measures,
  ) {
    this.#measures = measure(host.clientWidth);
    addEventListener("scroll", () => this.#later(), { passive: true });
    addEventListener("resize", () => this.#later());
    new ResizeObserver(() => this.#resized()).observe(host);
  }

  get photos(): readonly Photo[] {
    return this.#photos;
  }

  get layout(): Layout {
    return this.#layout;
  }

  get tiles(): Iterable<Tile> {
    return this.#tiles.values();
  }

  get rowsPerPage(): number {
    const { rowHeight, textHeight } = this.#measures;
    return Math.max(1, Math.floor(innerHeight / (rowHeight + textHeight)));
  }

  /** Show other photos, from their beginning on. */
  show(sections: readonly Section[]): void {
    this.#content = sections;
    this.#photos = sections.flatMap((section) => section.photos);
    let first = 0;
    this.#firsts = sections.map((section) => (first += section.photos.length) - section.photos.length);
    this.#active = 0;
    this.#arrange();
  }

  /** Return the tile of an element in it. */
  tileOf(node: EventTarget | null): Tile | undefined {
    const item = node instanceof Element ? node.closest(".tile") : null;
    return item ? [...this.#tiles.values()].find((tile) => tile.item === item) : undefined;
  }

  /** Move the focus to a photo, and scroll to it if it is not in the window as a whole. */
  focus(number: number): void {
    if (!this.#photos.length) return;
    const to = Math.max(0, Math.min(number, this.#photos.length - 1));
    this.#reveal(to);
    this.#make(to);
    this.#tiles.get(to)!.link.focus({ preventScroll: true });
    this.#draw();
  }

  /** Scroll as little as it takes for a photo to be in the window. */
  #reveal(number: number): void {
    const row = this.#layout.rows[this.#layout.places[number]!.row]!;
    const top = this.#top + row.top - (this.#firsts[row.section] === row.first ? this.#headingOf(row.section) : 0);
    const bottom = this.#top + row.top + row.height + this.#measures.textHeight;
    const covered = parseFloat(getComputedStyle(document.documentElement).scrollPaddingTop) || 0;
    if (top < scrollY + covered) scrollTo({ top: top - covered, behavior: "instant" });
    else if (bottom > scrollY + innerHeight) scrollTo({ top: bottom - innerHeight, behavior: "instant" });
  }

  get #top(): number {
    return this.host.getBoundingClientRect().top + scrollY;
  }

  #headingOf(section: number): number {
    return this.#content[section]!.heading ? this.#measures.headingHeight : 0;
  }

  #later(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    requestAnimationFrame(() => {
      this.#isDue = false;
      this.#draw();
    });
  }

  /** Lay out again for another width; the photo at the top of the window stays there. */
  #resized(): void {
    const width = this.host.clientWidth;
    if (!width || width === this.#measures.width) return;
    const above = scrollY - this.#top;
    const [row] = rowsBetween(this.#layout.rows, above, above, 0);
    const anchor = above > 0 ? this.#layout.rows[row] : undefined;
    this.#arrange();
    if (!anchor) return;
    const now = this.#layout.rows[this.#layout.places[anchor.first]!.row]!;
    scrollTo({ top: this.#top + now.top + above - anchor.top, behavior: "instant" });
    this.#draw();
  }

  #arrange(): void {
    this.#measures = this.measure(this.host.clientWidth);
    const shapes = this.#content.map(({ heading, photos }) => ({
      shapes: photos.map(({ size }) => size[0] / size[1]),
      hasHeading: heading !== "",
    }));
    this.#layout = layoutOf(shapes, this.#measures);
    this.host.style.height = `${this.#layout.height}px`;
    for (const number of [...this.#tiles.keys()]) this.#drop(number);
    for (const section of [...this.#sections.keys()]) this.#dropSection(section);
    this.#draw();
  }

  /** Make the tiles in and near the window, and remove the others. */
  #draw(): void {
    if (!this.host.clientWidth) return;
    const { rows } = this.#layout;
    const above = -this.host.getBoundingClientRect().top;
    const ahead = AHEAD * innerHeight;
    const { textHeight } = this.#measures;
    const [first, end] = rowsBetween(rows, above - ahead, above + innerHeight + ahead, textHeight);
    const [from, to] = first < end ? [rows[first]!.first, rows[end - 1]!.first + rows[end - 1]!.count] : [0, 0];
    this.#activate(above);
    for (const number of this.#tiles.keys()) {
      if ((number < from || number >= to) && number !== this.#active) this.#drop(number);
    }
    for (let number = from; number < to; number++) this.#make(number);
    if (this.#photos.length) this.#make(this.#active);
    const needed = new Set([...this.#tiles.keys()].map((number) => this.#sectionOf(number)));
    for (const section of this.#sections.keys()) if (!needed.has(section)) this.#dropSection(section);
    for (const [number, tile] of this.#tiles) tile.link.tabIndex = number === this.#active ? 0 : -1;
  }

  /** Let the Tab key lead to what has the focus, or to what is at the top of the window. */
  #activate(above: number): void {
    const focused = this.tileOf(document.activeElement);
    if (focused) {
      this.#active = focused.number;
      return;
    }
    const { rows, places } = this.#layout;
    const row = rows[places[this.#active]?.row ?? 0];
    if (!row || (row.top >= above && row.top + row.height <= above + innerHeight)) return;
    const [first] = rowsBetween(rows, above, above, 0);
    this.#active = rows[Math.min(first, rows.length - 1)]?.first ?? 0;
  }

  #sectionOf(number: number): number {
    return this.#layout.rows[this.#layout.places[number]!.row]!.section;
  }

  #make(number: number): void {
    if (this.#tiles.has(number)) return;
    const place = this.#layout.places[number]!;
    const row = this.#layout.rows[place.row]!;
    const tile = new Tile(this.#photos[number]!, number);
    const { section } = row;
    const { photos } = this.#content[section]!;
    const y = row.top - this.#layout.tops[section]! - this.#headingOf(section);
    tile.place(place.x, y, place.width, row.height, number - this.#firsts[section]! + 1, photos.length);
    this.#tiles.set(number, tile);
    insertInOrder(this.#section(section).list, tile.item, number);
  }

  #drop(number: number): void {
    this.#tiles.get(number)?.remove();
    this.#tiles.delete(number);
  }

  #section(section: number): Shown {
    const known = this.#sections.get(section);
    if (known) return known;
    const { heading } = this.#content[section]!;
    const list = element("div", "photos");
    list.setAttribute("role", "list");
    const whole = element("section", "", {}, list);
    if (heading) {
      const id = `section-${section}`;
      whole.prepend(element("h2", "", { id }, heading));
      list.setAttribute("aria-labelledby", id);
    } else list.setAttribute("aria-label", "Photos");
    whole.style.transform = `translateY(${this.#layout.tops[section]!}px)`;
    insertInOrder(this.host, whole, section);
    this.#sections.set(section, { list, whole });
    return this.#sections.get(section)!;
  }

  #dropSection(section: number): void {
    this.#sections.get(section)?.whole.remove();
    this.#sections.delete(section);
  }
}

/** Put a node where it belongs among its siblings, in the order of their numbers, which is that of reading. */
function insertInOrder(parent: HTMLElement, node: HTMLElement, number: number): void {
  node.dataset["number"] = String(number);
  let before = parent.lastElementChild as HTMLElement | null;
  while (before && Number(before.dataset["number"]) > number) before = before.previousElementSibling as HTMLElement | null;
  if (before) before.after(node);
  else parent.prepend(node);
}
