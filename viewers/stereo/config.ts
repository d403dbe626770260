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

export const DEFAULTS: Config = Object.freeze({ src: null, layout: null, view: null, autoplay: false });

/**
 * Return the settings of an address like `stereo.html?src=a_LR.mp4&layout=sbs&view=wiggle`; `stereo` means `view`.
 *
 * Throws Problem if a value is unknown, or the file is on another host.
 */
export function configOf(address: URL): Config {
  const asked = address.searchParams;
  return Object.freeze({
    src: sourceOf(asked.get("src"), address),
    layout: chosen("layout", asked.get("layout"), layoutNamed),
    view: chosen("view", asked.get("view") ?? asked.get("stereo"), viewNamed),
    autoplay: asked.has("autoplay"),
  });
}

function chosen<Name>(option: string, value: string | null, named: (value: string) => Name | null): Name | null {
  if (value === null) return null;
  const name = named(value);
  if (name === null) throw new Problem(`Unknown ${option} “${value}”.`);
  return name;
}

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
