import { fetchBytes } from "../scene/fetch";
import { parseScene, type LoadedScene } from "../scene/load";
import { nameIn } from "../../shared/address_name";
import { Problem } from "../../shared/problem";

/** Time between two questions about how far a scene is. */
const ASK_MS = 500;

/** One scene to choose in a headset. */
export interface Choice {
  readonly name: string;
  /** What it is, in a few words; may be empty. */
  readonly kind: string;
  /** Absolute address of the scene. */
  readonly src: string;
  readonly thumbnail: string | null;
  /** Absolute address that makes the scene, and tells how far it is; null if it exists. */
  readonly progress: string | null;
}

/** Names of a Choice in JSON; addresses are relative to the list. */
interface Listed {
  name?: string;
  kind?: string;
  src?: string;
  thumbnail?: string;
  progress?: string;
}

/** Answer of a `progress` address. */
interface Progress {
  readonly state: "waiting" | "making" | "ready" | "failed";
  readonly text: string;
  readonly share: number | null;
}

/** The scenes that an element offers: those of the list in `gallery`, or of all elements of the page. */
export class Gallery {
  constructor(private readonly element: HTMLElement) {}

  /** Address of the element's own scene, or empty. */
  get own(): string {
    const src = this.element.getAttribute("src");
    return src && URL.canParse(src, document.baseURI) ? new URL(src, document.baseURI).href : "";
  }

  async choices(): Promise<readonly Choice[]> {
    const list = this.element.getAttribute("gallery");
    if (list === null) return ofPage();
    const { href } = new URL(list, document.baseURI);
    const response = await fetch(href).catch(() => null);
    if (!response?.ok) throw new Problem(`Could not load the list of scenes: ${response?.status ?? "no response"}.`);
    const { scenes } = (await response.json().catch(() => ({}))) as { scenes?: (Listed | null)[] };
    if (!Array.isArray(scenes)) throw new Problem('The list of scenes is damaged: it must contain "scenes".');
    return scenes.flatMap((scene) => choicesOf(scene, href));
  }

  /** Let the page show the scene that was chosen in the headset, which has freed the element's own. */
  show(choice: Choice): void {
    const { element } = this;
    if (element.hasAttribute("gallery")) this.#become(choice);
    else {
      elements().find((other) => new Gallery(other).own === choice.src)?.scrollIntoView({ block: "center" });
      const src = element.getAttribute("src")!;
      element.removeAttribute("src");
      element.setAttribute("src", src);
    }
    element.dispatchEvent(new CustomEvent("choose", { detail: choice }));
  }

  #become({ src, name, thumbnail }: Choice): void {
    const { element } = this;
    element.removeAttribute("src"); // first, so that the same one opens again, too
    for (const image of element.querySelectorAll('[slot="poster"], [slot="preview"]')) image.remove();
    if (thumbnail) element.setAttribute("poster", thumbnail);
    else element.removeAttribute("poster");
    element.setAttribute("alt", name);
    element.setAttribute("src", src);
  }
}

/** Fetch and read a scene; if it must be made first, wait for it. `report` is told how far it is, in words. */
export async function loadChoice(
  choice: Choice,
  signal: AbortSignal,
  report: (text: string) => void,
): Promise<LoadedScene> {
  const share = (part: number | null) => (part === null ? "" : ` ${Math.round(part * 100)}%`);
  if (choice.progress) await made(choice.progress, signal, ({ text, share: part }) => report(text + share(part)));
  report("Loading");
  const bytes = await fetchBytes(choice.src, signal, (part) => report(`Loading${share(part)}`));
  return parseScene(bytes);
}

async function made(address: string, signal: AbortSignal, report: (progress: Progress) => void): Promise<void> {
  const again = new URL(address);
  again.searchParams.set("again", ""); // also if it has failed before
  for (let url = again.href; ; url = address) {
    const response = await fetch(url, { signal });
    if (!response.ok) throw new Problem("The photo is no longer there.");
    const progress = (await response.json()) as Progress;
    if (progress.state === "ready") return;
    if (progress.state === "failed") throw new Problem(progress.text);
    report(progress);
    await new Promise((resolve) => setTimeout(resolve, ASK_MS));
    signal.throwIfAborted();
  }
}

/** Return the choice of an entry, or none if it has no scene or an address that cannot be parsed. */
function choicesOf(listed: Listed | null, base: string): readonly Choice[] {
  const addresses = [listed?.src, listed?.thumbnail, listed?.progress];
  if (!listed?.src || addresses.some((address) => address && !URL.canParse(address, base))) return [];
  const absolute = (address: string | undefined) => (address ? new URL(address, base).href : null);
  const src = absolute(listed.src)!;
  const [thumbnail, progress] = [absolute(listed.thumbnail), absolute(listed.progress)];
  return [Object.freeze({ name: listed.name ?? titleIn(src), kind: listed.kind ?? "", src, thumbnail, progress })];
}

function elements(): HTMLElement[] {
  return [...document.querySelectorAll<HTMLElement>("kbvr-photo[src]")];
}

/** Return the scenes of the page's elements; none if there is only one. */
function ofPage(): readonly Choice[] {
  const found = elements();
  const listed = found.map((element): Listed => {
    const get = (name: string) => element.getAttribute(name);
    const src = get("src")!;
    const picture = element.querySelector<HTMLImageElement>(':scope > img[slot="poster"]');
    const thumbnail = picture?.src || get("poster");
    const alt = get("alt")?.trim();
    return { src, ...(alt ? { name: alt } : {}), ...(thumbnail ? { thumbnail } : {}) };
  });
  return listed.length > 1 ? listed.flatMap((scene) => choicesOf(scene, document.baseURI)) : [];
}

function titleIn(src: string): string {
  return nameIn(src).replace(/\.glb$/i, "").replace(/_kbvr$/, "");
}
