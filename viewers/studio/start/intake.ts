import { signal } from "@preact/signals";

import { schema, tell, tellProblem } from "../state";
import { texts } from "../texts";
import { accepted, isHidden, isPhoto } from "./photo_kinds";
import { addFiles } from "./uploads";

/** Whether fingers point: on a phone, or a tablet. */
export const isPhone = matchMedia("(pointer: coarse)").matches;

/** Whether files are dragged over the page. */
export const isDragged = signal(false);

/** What folders hold. */
interface Found {
  readonly photos: File[];
  /** Files of other kinds, and those that could not be read. */
  others: number;
  unread: number;
}

/** Return the files of a drop, with the photos in dropped folders. */
async function dropped(data: DataTransfer): Promise<readonly File[]> {
  const entries = [...data.items].map((item) => item.webkitGetAsEntry?.() ?? null);
  if (!entries.some((entry) => entry?.isDirectory)) return [...data.files];
  const found: Found = { photos: [], others: 0, unread: 0 };
  for (const entry of entries) if (entry) await collect(entry, found, false);
  tellFound(found);
  return found.photos;
}

/** Collect the photos of a folder, and count the rest; what cannot be read does not stop it. */
async function collect(entry: FileSystemEntry, found: Found, isInFolder = true): Promise<void> {
  try {
    if (!entry.isDirectory) {
      const file = await new Promise<File>((done, fail) => (entry as FileSystemFileEntry).file(done, fail));
      if (isInFolder) sort(file, found);
      else found.photos.push(file);
      return;
    }
    const reader = (entry as FileSystemDirectoryEntry).createReader();
    for (;;) {
      const some = await new Promise<FileSystemEntry[]>((done, fail) => reader.readEntries(done, fail));
      if (!some.length) return; // a reader returns a part at a time
      for (const one of some) await collect(one, found);
    }
  } catch {
    found.unread++;
  }
}

function sort(file: File, found: Found): void {
  if (isHidden(file)) return;
  if (isPhoto(file)) found.photos.push(file);
  else found.others++;
}

/** Say what of a folder was left out. */
function tellFound({ photos, others, unread }: Found): void {
  const { length } = photos;
  const kinds = schema.value?.limits.kinds ?? "";
  if (unread) tell(texts.start.unread(unread), "problem");
  if (!length && !unread) tell(texts.start.noneInFolder(kinds), "problem");
  else if (length && others) tell(texts.start.leftOut(length, others));
}

/** Let a person choose photos, or a folder of them. */
export function pick(isFolder = false): void {
  const input = Object.assign(document.createElement("input"), { type: "file", multiple: true });
  if (isFolder) input.webkitdirectory = true;
  else input.accept = accepted(isPhone);
  input.addEventListener("change", () => {
    const files = [...(input.files ?? [])];
    if (!isFolder) return void addFiles(files);
    const found: Found = { photos: [], others: 0, unread: 0 };
    for (const file of files) sort(file, found);
    tellFound(found);
    void addFiles(found.photos);
  });
  input.click();
}

/** Take files that are dropped on the page or pasted into it. */
export function takeFiles(): void {
  let depth = 0; // of the elements that the pointer has entered
  const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
  addEventListener("dragenter", (event) => {
    if (hasFiles(event)) isDragged.value = ++depth > 0;
  });
  addEventListener("dragleave", (event) => {
    if (hasFiles(event)) isDragged.value = --depth > 0;
  });
  addEventListener("dragover", (event) => {
    if (hasFiles(event)) event.preventDefault();
  });
  addEventListener("drop", (event) => {
    depth = 0;
    isDragged.value = false;
    if (!hasFiles(event)) return;
    event.preventDefault();
    dropped(event.dataTransfer!).then(addFiles).catch(tellProblem);
  });
  addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!files.length) return;
    event.preventDefault();
    void addFiles(files);
  });
}
