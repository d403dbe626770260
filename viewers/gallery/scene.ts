import { element } from "./dom";
import { sceneOf } from "./places";

/** Address of the script that defines <kbvr-photo>; the page names it at this script. */
const VIEWER = (document.currentScript as HTMLScriptElement | null)?.dataset["viewer"] ?? "";

/** Scenes that have arrived and wait to be taken: key -> base64. */
const arrived = new Map<string, string>();

/** Called by the scripts that hold scenes (kbvr/gallery/photo_files.py). */
Object.assign(window, { kbvrScene: (key: string, base64: string) => arrived.set(key, base64) });

let viewer: Promise<void> | null = null;

/** Run a script of the page's own folder; a page opened from disk may load scripts, but no other files. */
function run(address: string, what: string): Promise<void> {
  return new Promise((done, failed) => {
    const script = element("script", "", { src: address });
    script.addEventListener("load", () => done());
    script.addEventListener("error", () => failed(new Error(`Could not load ${what}.`)));
    document.head.append(script);
  });
}

/** A photo's scene to look around in, loaded when it is made. */
export class Scene {
  readonly #text = element("script", "", { type: "text/plain" });
  readonly photo = document.createElement("kbvr-photo");

  private constructor(key: string, alt: string, poster: string) {
    this.#text.id = `scene-${key}`;
    this.#text.textContent = arrived.get(key)!;
    arrived.delete(key);
    document.body.append(this.#text);
    const attributes = { src: `#${this.#text.id}`, alt, poster, fit: "cover", loading: "eager" };
    for (const [name, value] of Object.entries(attributes)) this.photo.setAttribute(name, value);
  }

  /** Load a scene, and its viewer if that is not there yet. */
  static async load(key: string, alt: string, poster: string): Promise<Scene> {
    viewer ??= run(VIEWER, "the viewer of scenes");
    viewer.catch(() => (viewer = null)); // tried again with the next scene
    await Promise.all([viewer, run(sceneOf(key), "the scene")]);
    if (!arrived.has(key)) throw new Error("The scene is damaged.");
    return new Scene(key, alt, poster);
  }

  remove(): void {
    this.photo.remove();
    this.#text.remove();
  }
}
