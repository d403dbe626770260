import { SORTS, type Choice, type Sort } from "./order";

/** What the address tells after "#": the photo that is open, and which photos are chosen. */
export interface Shown extends Choice {
  /** Key of the photo, or null for the grid. */
  readonly photo: string | null;
}

export const DEFAULT: Shown = { photo: null, query: "", sort: "newest", folder: null };

/** The address of the page, which a person can keep or pass on. */
export class Address {
  constructor(onChange: () => void) {
    addEventListener("popstate", onChange);
  }

  get shown(): Shown {
    const told = new URLSearchParams(location.hash.slice(1));
    const sort = told.get("sort") as Sort;
    return {
      photo: told.get("photo"),
      query: told.get("q") ?? "",
      sort: SORTS.includes(sort) ? sort : DEFAULT.sort,
      folder: told.get("in"),
    };
  }

  /** Change the address; with `isStep`, the browser's Back button leads to the one before. */
  change(shown: Partial<Shown>, isStep = false): void {
    const hash = hashOf({ ...this.shown, ...shown });
    if (isStep) history.pushState({ isFromGrid: true }, "", hash);
    else history.replaceState(history.state, "", hash);
  }

  /** Return from a photo to the grid: to the step before, if that is the grid. Return whether that will happen later. */
  leavePhoto(): boolean {
    const isFromGrid = (history.state as { isFromGrid?: boolean } | null)?.isFromGrid === true;
    if (isFromGrid) history.back();
    else this.change({ photo: null });
    return isFromGrid;
  }
}

function hashOf({ photo, query, sort, folder }: Shown): string {
  const told = new URLSearchParams();
  if (photo !== null) told.set("photo", photo);
  if (query) told.set("q", query);
  if (sort !== DEFAULT.sort) told.set("sort", sort);
  if (folder !== null) told.set("in", folder);
  return `#${told}`;
}
