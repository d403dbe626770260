import { element, part } from "./dom";
import { factsOf, fileItem } from "./facts";
import type { Motion } from "./motion";
import { titleOf, type Photo } from "./photos";
import { pictureOf } from "./places";
import { Stage, WAYS, type Way } from "./stage";
import { onSwipe } from "./swipe";

/** What a photo's page asks for. */
export interface DetailActions {
  readonly close: () => void;
  readonly open: (photo: Photo) => void;
}

/** The page of one photo. */
export class Detail {
  readonly whole = part("detail", HTMLElement);
  readonly #ways = element("div", "ways");
  readonly #buttons = new Map<Way, HTMLButtonElement>();
  #stage: Stage | null = null;
  #way: Way = "beside";
  #photos: readonly Photo[] = [];
  #at = 0;

  constructor(
    private readonly motion: Motion,
    private readonly actions: DetailActions,
  ) {
    this.#ways.setAttribute("role", "group");
    this.#ways.setAttribute("aria-label", "View");
    for (const [way, label] of Object.entries(WAYS) as [Way, string][]) {
      const button = element("button", "", { type: "button" }, label);
      button.addEventListener("click", () => this.#choose(way));
      this.#buttons.set(way, button);
      this.#ways.append(button);
    }
    part("place", HTMLElement).after(this.#ways);
    part("close", HTMLAnchorElement).addEventListener("click", (event) => {
      event.preventDefault();
      actions.close();
    });
    part("before", HTMLButtonElement).addEventListener("click", () => this.#step(-1));
    part("after", HTMLButtonElement).addEventListener("click", () => this.#step(1));
    document.addEventListener("keydown", (event) => this.#press(event));
    const keeps = (target: Element) => target.closest("kbvr-photo, .compared, button, a") !== null;
    onSwipe(part("stage", HTMLElement), keeps, (direction) => this.#step(direction));
    this.#choose("beside");
  }

  get photo(): Photo | null {
    return this.whole.hidden ? null : (this.#photos[this.#at] ?? null);
  }

  /** Show a photo, one of these. */
  show(photo: Photo, photos: readonly Photo[]): void {
    this.#photos = photos;
    this.#at = photos.indexOf(photo);
    const wasHidden = this.whole.hidden;
    this.whole.hidden = false;
    this.#stage?.remove();
    this.#stage = new Stage(photo, this.motion, this.#way);
    part("stage", HTMLElement).replaceChildren(this.#stage.whole);
    this.#ways.hidden = !this.#stage.has3d;
    this.#describe(photo);
    if (wasHidden) {
      scrollTo({ top: 0, behavior: "instant" });
      this.whole.focus({ preventScroll: true });
    }
  }

  hide(): void {
    this.#stage?.remove();
    this.#stage = null;
    this.whole.hidden = true;
    part("announced", HTMLElement).textContent = "";
  }

  #describe(photo: Photo): void {
    const title = titleOf(photo);
    part("name", HTMLElement).textContent = title;
    const caption = part("caption", HTMLElement);
    caption.textContent = photo.caption === title ? "" : photo.caption;
    caption.hidden = !caption.textContent;
    part("facts", HTMLElement).replaceChildren(...factsOf(photo));
    const { files } = photo;
    part("files", HTMLElement).replaceChildren(...files.map(fileItem));
    part("downloads", HTMLElement).hidden = !files.length;
    part("place", HTMLElement).textContent = `${this.#at + 1} of ${this.#photos.length.toLocaleString("en")}`;
    for (const [id, step] of [["before", -1], ["after", 1]] as const) {
      const neighbour = this.#photos[this.#at + step];
      part(id, HTMLButtonElement).disabled = !neighbour;
      if (neighbour) new Image().src = pictureOf(neighbour.key);
    }
  }

  #step(direction: -1 | 1): void {
    const next = this.#photos[this.#at + direction];
    if (!next) return;
    this.actions.open(next);
    part("announced", HTMLElement).textContent = `${titleOf(next)}, ${part("place", HTMLElement).textContent}`;
  }

  #choose(way: Way): void {
    this.#way = way;
    if (this.#stage) this.#stage.way = way;
    for (const [one, button] of this.#buttons) button.setAttribute("aria-pressed", String(one === way));
  }

  #press(event: KeyboardEvent): void {
    if (this.whole.hidden || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const target = event.target as Element;
    if (event.key === "Escape" && !target.matches(":popover-open, :fullscreen")) this.actions.close();
    else if (target.matches("input, kbvr-photo")) return;
    else if (event.key === "ArrowLeft") this.#step(-1);
    else if (event.key === "ArrowRight") this.#step(1);
    else return;
    event.preventDefault();
  }
}
