/** The settings in the page's address, fixed while the page is open. */

import { type LayoutName, layoutNamed } from "./layouts";
import { Problem } from "../shared/problem";
import { type ViewName, viewNamed } from "./views";

export interface Config {
  readonly src: URL | null;
  /** null: from the file or its name. */
  readonly layout: LayoutName | null;
  /** null: the one that was chosen last, or the best for the file. */
  readonly view: ViewName | null;
  /** Whether videos start by themselves, even if the person prefers reduced motion. */
  readonly autoplay: boolean;
}

/**
 * Return the settings of an address like `stereo.html?src=a_LR.mp4&layout=sbs&view=wiggle`; `stereo` means `view`.
 *
 * A value that is unknown, or a file on another host, counts as not given; `told` receives the Problem.
 */
export function configOf(address: URL, told: (problem: Problem) => void): Config {
  const asked = address.searchParams;
  const known = <Value>(read: () => Value | null): Value | null => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      told(error);
      return null;
    }
  };
  return Object.freeze({
    src: known(() => sourceOf(asked.get("src"), address)),
    layout: known(() => chosen("layout", asked.get("layout"), layoutNamed)),
    view: known(() => chosen("view", asked.get("view") ?? asked.get("stereo"), viewNamed)),
    autoplay: asked.has("autoplay"),
  });
}

/** Throws Problem if there is no such name. */
function chosen<Name>(option: string, value: string | null, named: (value: string) => Name | null): Name | null {
  if (value === null) return null;
  const name = named(value);
  if (name === null) throw new Problem(`Unknown ${option} “${value}” in the address.`);
  return name;
}

/** Throws Problem if the page may not read the file. */
function sourceOf(src: string | null, address: URL): URL | null {
  if (!src) return null;
  if (address.protocol === "file:") {
    throw new Problem(`A page opened from disk cannot read ${src}: drop the file here, or choose it.`);
  }
  const url = URL.parse(src, address);
  if (!url) throw new Problem(`${src} is no address of a file.`);
  if (url.origin !== address.origin) {
    throw new Problem(`This page opens only files from its own host; ${src} is on another host.`);
  }
  return url;
}
