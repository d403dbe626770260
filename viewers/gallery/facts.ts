import { dateInWords } from "./dates";
import { element } from "./dom";
import { titleOf, type Photo, type PhotoFile } from "./photos";
import { nameIn } from "../shared/address_name";

/** Return what is known of a photo as terms and descriptions; what is not known is left out. */
export function factsOf(photo: Photo): readonly Node[] {
  const facts: readonly (readonly [string, string])[] = [
    ["Author", photo.author],
    ["Date", dateInWords(photo.date)],
    ["Credit", photo.credit],
    ["Copyright", photo.copyright],
    ["Collection", photo.folder],
    ["File", titleOf(photo) === photo.name ? "" : photo.name],
  ];
  const known = facts.filter(([, text]) => text);
  return known.map(([term, text]) =>
    element("div", "", {}, element("dt", "", {}, term), element("dd", "", { dir: "auto" }, text)),
  );
}

/** Return an item with a link for a file. */
export function fileItem({ address, label, bytes }: PhotoFile): HTMLElement {
  const name = nameIn(address);
  const link = element("a", "", { href: address, download: name }, element("bdi", "", {}, label || name));
  const about = element("span", "", {}, [...(label ? [formatOf(name)] : []), sizeInWords(bytes)].join(", "));
  return element("li", "", {}, link, " ", about);
}

function formatOf(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1).toUpperCase();
}

const UNITS = ["bytes", "kB", "MB", "GB"];

function sizeInWords(bytes: number): string {
  let unit = 0;
  for (; bytes >= 999.5 && unit < UNITS.length - 1; unit++) bytes /= 1000;
  return `${bytes.toPrecision(bytes < 9.95 && unit > 0 ? 2 : 3).replace(/^(\d+)\.0*$/, "$1")} ${UNITS[unit]}`;
}
