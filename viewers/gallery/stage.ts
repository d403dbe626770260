import { Divider } from "./divider";
import { element } from "./dom";
import { Loop } from "./loop";
import type { Motion } from "./motion";
import { titleOf, type Photo } from "./photos";
import { pictureOf, thumbnailOf } from "./places";
import { Scene } from "./scene";

export const WAYS = { beside: "Side by side", compared: "Compare" } as const;
export type Way = keyof typeof WAYS;

const LOOK = "Look around";

/**
 * The original and the photo in 3D: side by side, or over each other with a divider. In 3D it is a loop at first, and a
 * scene to look around in once a person asks for it.
 */
export class Stage {
  readonly whole = element("div", "stage");
  readonly #depth = element("figure", "pane depth");
  readonly #shown: HTMLElement;
  readonly #look = element("button", "look", { type: "button" }, LOOK);
  readonly #pause = element("button", "pause", { type: "button" });
  readonly #told = element("p", "told");
  readonly #loop: Loop | null;
  #scene: Scene | null = null;
  #isPlaying = false;
  #isGone = false;

  constructor(
    private readonly photo: Photo,
    motion: Motion,
    way: Way,
  ) {
    const { size, wiggle, hasScene } = photo;
    this.whole.style.setProperty("--aspect", String(size[0] / size[1]));
    this.whole.classList.toggle("tall", size[0] < size[1]);
    this.whole.append(this.#original());
    this.#told.setAttribute("role", "status");
    this.#shown = picture(photo, "");
    this.#loop = wiggle === null ? null : new Loop(wiggle, this.#shown);
    if (this.has3d) {
      this.#shown.append(this.#pause, this.#look, this.#told);
      this.#depth.append(this.#shown, element("figcaption", "", {}, "In 3D"));
      this.whole.append(this.#depth, new Divider(this.whole).line);
    }
    this.#look.hidden = !hasScene;
    this.#look.addEventListener("click", () => void this.lookAround());
    this.#pause.hidden = !this.#loop;
    this.#pause.addEventListener("click", () => this.#play(!this.#isPlaying));
    this.#play(motion.isOn);
    this.way = way;
  }

  /** Whether the photo can be seen in 3D at all. */
  get has3d(): boolean {
    return this.photo.wiggle !== null || this.photo.hasScene;
  }

  set way(way: Way) {
    const shown = this.has3d ? way : "alone";
    for (const name of ["beside", "compared", "alone"]) this.whole.classList.toggle(name, name === shown);
    this.#bare();
  }

  /** Load the scene, and show it instead of the loop. */
  async lookAround(): Promise<void> {
    if (this.#scene || this.#depth.classList.contains("loading")) return;
    this.#tell("Loading the scene", true);
    try {
      const scene = await Scene.load(this.photo.key, `${titleOf(this.photo)}, in 3D`, pictureOf(this.photo.key));
      if (this.#isGone) return scene.remove();
      this.#scene = scene;
      scene.photo.addEventListener("load", () => this.#showScene(), { once: true });
      scene.photo.addEventListener("error", () => this.#failed(), { once: true });
      this.#bare();
      this.#shown.append(scene.photo);
    } catch (error) {
      this.#tell(error instanceof Error ? error.message : String(error));
    }
  }

  remove(): void {
    this.#isGone = true;
    this.#loop?.remove();
    this.#scene?.remove();
    this.whole.remove();
  }

  #original(): HTMLElement {
    const original = picture(this.photo, this.photo.caption || this.photo.name);
    return element("figure", "pane flat", {}, original, element("figcaption", "", {}, "Original"));
  }

  /** Hide the controls of the scene while the original covers half of them. */
  #bare(): void {
    this.#scene?.photo.toggleAttribute("bare", this.whole.classList.contains("compared"));
  }

  #showScene(): void {
    const hadFocus = document.activeElement === this.#look;
    this.#tell("");
    this.whole.classList.add("looking");
    this.#play(false);
    this.#look.hidden = this.#pause.hidden = true;
    if (hadFocus) this.#scene?.photo.shadowRoot?.querySelector("canvas")?.focus({ preventScroll: true });
  }

  /** Leave it to the scene to say what is wrong with it. */
  #failed(): void {
    this.#tell("");
    this.#look.hidden = true;
  }

  #tell(text: string, isLoading = false): void {
    this.#depth.classList.toggle("loading", isLoading);
    this.#look.textContent = isLoading ? "Loading …" : LOOK;
    this.#told.textContent = text;
  }

  #play(isPlaying: boolean): void {
    this.#isPlaying = isPlaying;
    if (isPlaying) this.#loop?.play();
    else this.#loop?.pause();
    this.#pause.setAttribute("aria-label", isPlaying ? "Pause the motion" : "Play the motion");
    this.#pause.title = isPlaying ? "Pause" : "Play";
    this.#pause.classList.toggle("playing", isPlaying);
  }
}

/** Return a photo's picture, over its thumbnail until that is there, and without it where it cannot be loaded. */
function picture({ key, size }: Photo, alt: string): HTMLElement {
  const image = element("img", "", { alt, src: pictureOf(key), decoding: "async", draggable: false });
  [image.width, image.height] = size;
  const small = element("img", "small", { alt: "", src: thumbnailOf(key), draggable: false });
  const whole = element("div", "picture", {}, small, image);
  image.addEventListener("error", () => whole.classList.add("missing"));
  small.addEventListener("error", () => small.remove());
  return whole;
}
