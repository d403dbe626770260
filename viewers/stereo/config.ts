/** What the page's address asks for; it does not change while the page is open. */

import { type LayoutName, layoutNamed } from "./layouts";
import { Problem } from "../photo/problem";
import { type ViewName, viewNamed } from "./views";

export interface Config {
  readonly src: URL | null;
  /** null: what the file or its name says. */
  readonly layout: LayoutName | null;
  readonly view: ViewName;
}

export const DEFAULTS: Config = Object.freeze({ src: null, layout: null, view: "red-cyan" });

/**
 * Return the choices of an address like `stereo.html?src=a_LR.mp4&layout=sbs&stereo=wiggle`.
 *
 * Throws Problem if a choice is not known, or the file is on another host.
 */
export function configOf(address: URL): Config {
  const asked = address.searchParams;
  return Object.freeze({
    src: sourceOf(asked.get("src"), address),
    layout: chosen("layout", asked.get("layout"), layoutNamed),
    view: chosen("stereo", asked.get("stereo"), viewNamed) ?? DEFAULTS.view,
  });
}

function chosen<Name>(option: string, value: string | null, named: (value: string) => Name | null): Name | null {
  if (value === null) return null;
  const name = named(value);
  if (name === null) throw new Problem(`There is no ${option} “${value}”.`);
  return name;
}

function sourceOf(src: string | null, address: URL): URL | null {
  if (!src) return null;
  if (address.protocol === "file:") {
    throw new Problem(`A page that was opened from disk may not read ${src}: drop the file here, or choose it.`);
  }
  const url = URL.parse(src, address);
  if (!url) throw new Problem(`${src} is no address of a file.`);
  if (url.origin !== address.origin) {
    throw new Problem(`This page opens files of its own host only, and ${src} is on another one.`);
  }
  return url;
}
