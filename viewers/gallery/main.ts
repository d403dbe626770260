import { Address, DEFAULT } from "./address";
import { yearOf } from "./dates";
import { Detail } from "./detail";
import { part } from "./dom";
import { Grid } from "./grid";
import { moveByKeys } from "./grid_keys";
import type { Measures } from "./layout";
import { Motion } from "./motion";
import { Order, type Choice } from "./order";
import { photosIn, titleOf, type Photo } from "./photos";
import { Preview } from "./preview";
import { Tools } from "./tools";

/** Set by photos.js. */
declare const kbvrPhotos: string | undefined;

const title = document.title;
const isComplete = typeof kbvrPhotos !== "undefined";
const photos = isComplete ? photosIn(kbvrPhotos!) : [];
const byKey = new Map(photos.map((photo) => [photo.key, photo]));
const order = new Order(photos);
const [head, wall, host] = [part("head", HTMLElement), part("wall", HTMLElement), part("grid", HTMLElement)];
const address = new Address(update);
const motion = new Motion(part("motion", HTMLButtonElement));
const tools = new Tools(photos, order.hasDates, choose);
const detail = new Detail(motion, { close, open: (photo) => go(photo, false) });

wall.hidden = false; // its width is measured
const grid = new Grid(host, measured);
const preview = new Preview(grid, motion);
moveByKeys(grid);
/** The choice that the grid shows, and the place in it to which a photo's page leads back. */
let chosen: Choice | null = null;
let scrolledTo = 0;

describe();
update();

host.addEventListener("click", (event) => {
  const tile = grid.tileOf(event.target);
  if (!tile || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  go(tile.photo, true);
});
part("all", HTMLButtonElement).addEventListener("click", () => {
  choose({ ...DEFAULT, sort: tools.choice.sort });
  part("query", HTMLInputElement).focus();
});

/** Return the grid's measures, which the style sheet sets. */
function measured(width: number): Measures {
  const style = getComputedStyle(host);
  const px = (name: string) => parseFloat(style.getPropertyValue(name));
  return {
    width,
    rowHeight: px("--row-height"),
    gap: px("--gap"),
    textHeight: px("--text-height"),
    headingHeight: px("--heading-height"),
  };
}

function describe(): void {
  part("title", HTMLElement).textContent = title;
  const years = [...new Set(photos.map(({ date }) => yearOf(date)))].filter(Boolean).sort();
  const [first, last] = [years[0], years.at(-1)];
  const span = first === last ? (first ?? "") : `${first}–${last}`;
  part("about", HTMLElement).textContent = [countOf(photos.length), span].filter(Boolean).join(" · ");
}

function countOf(count: number): string {
  return count === 1 ? "1 photo" : `${count.toLocaleString("en")} photos`;
}

function choose(choice: Choice): void {
  address.change(choice);
  update();
}

/** Show what the address tells. */
function update(): void {
  const shown = address.shown;
  const folder = photos.some((photo) => photo.folder === shown.folder) ? shown.folder : null;
  const choice = { query: shown.query, sort: shown.sort, folder };
  tools.choice = choice;
  const isNew = !chosen || (["query", "sort", "folder"] as const).some((name) => choice[name] !== chosen![name]);
  const photo = shown.photo === null ? undefined : byKey.get(shown.photo);
  if (photo && !wall.hidden) leaveGrid();
  if (isNew) {
    wall.hidden = false; // its width is measured
    fill(choice);
  }
  if (photo) showPhoto(photo);
  else showGrid(isNew);
}

function fill(choice: Choice): void {
  chosen = choice;
  preview.stop();
  const sections = order.sections(choice);
  grid.show(sections);
  const { length } = grid.photos;
  const isFiltered = choice.query.trim() !== "" || choice.folder !== null;
  part("found", HTMLElement).textContent = isFiltered ? countOf(length) : "";
  part("none", HTMLElement).hidden = length > 0;
  const nothing = isComplete ? "There are no photos yet." : "Could not load kbvr-gallery/photos.js, the list of the photos.";
  part("none-text", HTMLElement).textContent = photos.length ? `No photo matches “${choice.query.trim()}”.` : nothing;
  part("all", HTMLElement).hidden = !photos.length;
}

function leaveGrid(): void {
  scrolledTo = scrollY;
  preview.stop();
}

function showPhoto(photo: Photo): void {
  head.hidden = wall.hidden = true;
  document.title = `${titleOf(photo)} – ${title}`;
  detail.show(photo, grid.photos.includes(photo) ? grid.photos : photos);
}

function showGrid(isNew: boolean): void {
  const { photo } = detail;
  document.title = title;
  head.hidden = wall.hidden = false;
  if (!photo) {
    if (isNew) scrollTo({ top: Math.min(scrollY, wall.offsetTop), behavior: "instant" });
    return;
  }
  detail.hide();
  scrollTo({ top: scrolledTo, behavior: "instant" });
  const number = grid.photos.indexOf(photo);
  if (number >= 0) grid.focus(number);
}

/** Open a photo's page, from the grid or from that of another photo. */
function go(photo: Photo, isFromGrid: boolean): void {
  address.change({ photo: photo.key }, isFromGrid);
  update();
}

function close(): void {
  if (!address.leavePhoto()) update();
}
