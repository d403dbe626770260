import { dateInWords } from "./dates";
import { element } from "./dom";
import { titleOf, type Photo } from "./photos";
import { thumbnailOf } from "./places";

/** A photo in the grid: an item of a list, with a link to the photo's page. */
export class Tile {
  readonly item: HTMLElement;
  readonly link: HTMLAnchorElement;
  readonly picture = element("span", "picture");
  readonly #image = element("img", "", { alt: "", decoding: "async", draggable: false });

  constructor(
    readonly photo: Photo,
    /** Number of the photo in the grid. */
    readonly number: number,
  ) {
    this.picture.append(this.#image);
    this.#image.addEventListener("error", () => this.picture.classList.add("missing"));
    this.#image.src = thumbnailOf(photo.key);
    const about = [photo.author, dateInWords(photo.date)].filter(Boolean).join(", ");
    this.link = element(
      "a",
      "",
      { href: `#photo=${photo.key}`, tabIndex: -1, draggable: false },
      this.picture,
      element("span", "title", { dir: "auto" }, titleOf(photo)),
      element("span", "about", { dir: "auto" }, about),
    );
    this.item = element("div", "tile", {}, this.link);
    this.item.setAttribute("role", "listitem");
  }

  /** Place the tile in its section, where it is one of so many. */
  place(x: number, y: number, width: number, height: number, position: number, count: number): void {
    const { style } = this.item;
    style.transform = `translate(${x}px, ${y}px)`;
    style.width = `${width}px`;
    this.picture.style.height = `${height}px`;
    this.item.setAttribute("aria-posinset", String(position));
    this.item.setAttribute("aria-setsize", String(count));
  }

  /** Leave the page; a thumbnail that has not arrived is not loaded any further. */
  remove(): void {
    if (!this.#image.complete) this.#image.removeAttribute("src");
    this.item.remove();
  }
}
