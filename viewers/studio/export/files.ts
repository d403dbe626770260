import { addressOf } from "../api";
import type { ExportFile, ExportState } from "../types";

/** Formats of kbvr's writers -> the page that opens their files; others are opened by the browser, or saved. */
const VIEWERS: Readonly<Record<string, "scene.html" | "stereo.html">> = Object.freeze({
  gltf: "scene.html",
  video: "stereo.html",
  "vr180-video": "stereo.html",
  picture: "stereo.html",
  jps: "stereo.html",
  mpo: "stereo.html",
  "vr180-photo": "stereo.html",
});

/** Suffixes of files that a browser shows by itself. */
const SHOWN = /\.(gif|webp|avif|jpe?g|png|mp4|webm|html)$/i;
const PICTURES = /\.(gif|webp|avif|jpe?g|png)$/i;
const FILMS = /\.(mp4|webm)$/i;
/** Files that belong to others, or are pasted into a page. */
const MINOR = ["companion", "snippet", "embed", "poster"];
/** The best preview first. */
const PREVIEWS = ["webp", "gif", "avif", "clip", "video", "vr180-video", "picture", "autostereogram", "depth-map", "poster"];

export function addressOfFile({ id }: ExportState, { n, name }: ExportFile): string {
  return addressOf(`exports/${id}/files/${n}/${encodeURIComponent(name)}`);
}

export function downloadOf({ id }: ExportState, { n }: ExportFile): string {
  return addressOf(`exports/${id}/files/${n}?download`);
}

/** Return the address of the page that shows a file; null if browsers cannot. */
export function openingOf(state: ExportState, file: ExportFile): string | null {
  const viewer = VIEWERS[file.kind];
  const src = `${state.id}/files/${file.n}/${encodeURIComponent(file.name)}`;
  if (viewer) return addressOf(`exports/${viewer}?${new URLSearchParams({ src })}`);
  return SHOWN.test(file.name) && !MINOR.includes(file.kind) ? addressOfFile(state, file) : null;
}

export function isMinor(file: ExportFile): boolean {
  return MINOR.includes(file.kind);
}

export interface Preview {
  readonly file: ExportFile;
  readonly kind: "picture" | "film";
  /** Whether it moves by itself. */
  readonly isMoving: boolean;
}

/** Return the file that shows best what an export has made; null if there is none. */
export function previewOf({ files }: ExportState, isStill: boolean): Preview | null {
  const kinds = isStill ? ["poster", ...PREVIEWS.filter((kind) => !["webp", "gif", "avif"].includes(kind))] : PREVIEWS;
  for (const kind of kinds) {
    const file = files.find((one) => one.kind === kind && (PICTURES.test(one.name) || FILMS.test(one.name)));
    if (file) {
      const isFilm = FILMS.test(file.name);
      return { file, kind: isFilm ? "film" : "picture", isMoving: isFilm || ["webp", "gif", "avif"].includes(kind) };
    }
  }
  return null;
}
