import { dateInWords, PERIODS, type Period } from "./dates";
import type { Photo } from "./photos";

export const SORTS = ["newest", "oldest", "name"] as const;
export type Sort = (typeof SORTS)[number];

/** What a person has chosen to see. */
export interface Choice {
  readonly query: string;
  readonly sort: Sort;
  /** A collection, or null for all. */
  readonly folder: string | null;
}

/** Photos under one heading; "" for none. */
export interface Section {
  readonly heading: string;
  readonly photos: readonly Photo[];
}

/** Sections are no shorter than that on average. */
const SECTION_MIN = 12;
const NO_DATE = "Undated";

/** Finds and sorts photos. What takes long is done when it is first needed, and once. */
export class Order {
  readonly #byName = new Map<Sort, readonly Photo[]>();
  readonly #words = new Map<Photo, string>();
  /** The shortest period that makes sections of enough photos. */
  readonly #period: Period | undefined;
  /** Whether any photo has a date. */
  readonly hasDates: boolean;

  constructor(readonly all: readonly Photo[]) {
    const dates = all.map((photo) => photo.date).filter(Boolean);
    this.hasDates = dates.length > 0;
    const isLong = (period: Period) => dates.length >= SECTION_MIN * new Set(dates.map(period.of)).size;
    this.#period = this.hasDates ? PERIODS.find(isLong) : undefined;
  }

  /** Return the chosen photos, in sections. */
  sections({ query, sort, folder }: Choice): readonly Section[] {
    const words = folded(query).split(/\s+/).filter(Boolean);
    const found = this.#sorted(sort).filter(
      (photo) => (folder === null || photo.folder === folder) && words.every((word) => this.#text(photo).includes(word)),
    );
    return sort === "name" || !this.#period ? [{ heading: "", photos: found }] : byPeriod(found, this.#period);
  }

  #sorted(sort: Sort): readonly Photo[] {
    const known = this.#byName.get(sort);
    if (known) return known;
    const made = sort === "name" ? byName(this.all) : byDate(this.#sorted("name"), sort === "newest");
    this.#byName.set(sort, made);
    return made;
  }

  #text(photo: Photo): string {
    let text = this.#words.get(photo);
    if (text === undefined) {
      const { name, title, caption, author, credit, folder, date } = photo;
      text = folded([name, title, caption, author, credit, folder, dateInWords(date)].join("\n"));
      this.#words.set(photo, text);
    }
    return text;
  }
}

function byPeriod(photos: readonly Photo[], period: Period): readonly Section[] {
  const sections: { heading: string; photos: Photo[] }[] = [];
  let last: string | null = null;
  for (const photo of photos) {
    const now = period.of(photo.date);
    if (now !== last) sections.push({ heading: now ? period.inWords(now) : NO_DATE, photos: [] });
    last = now;
    sections.at(-1)!.photos.push(photo);
  }
  return sections;
}

function byName(photos: readonly Photo[]): readonly Photo[] {
  const { compare } = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
  return [...photos].sort((a, b) => compare(a.name, b.name));
}

/** Return photos by their dates, those without one last; equal ones stay in their order. */
function byDate(photos: readonly Photo[], isNewestFirst: boolean): readonly Photo[] {
  const direction = isNewestFirst ? -1 : 1;
  return [...photos].sort((a, b) => {
    if (!a.date || !b.date) return Number(!a.date) - Number(!b.date);
    return a.date === b.date ? 0 : a.date < b.date ? -direction : direction;
  });
}

/** Return text in lower case without accents, so that "Zurich" finds "Zürich". */
function folded(text: string): string {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}
