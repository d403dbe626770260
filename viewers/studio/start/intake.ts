import { signal } from "@preact/signals";

import { addFiles } from "./uploads";

/** Whether files are dragged over the page. */
export const isDragged = signal(false);

/** Return the files of a drop, with those in dropped folders. */
async function dropped(data: DataTransfer): Promise<File[]> {
  const entries = [...data.items].map((item) => item.webkitGetAsEntry?.() ?? null);
  if (!entries.some((entry) => entry?.isDirectory)) return [...data.files];
  const found: File[] = [];
  for (const entry of entries) if (entry) await collect(entry, found);
  return found;
}

async function collect(entry: FileSystemEntry, found: File[]): Promise<void> {
  if (entry.isFile) {
    const file = await new Promise<File>((done, fail) => (entry as FileSystemFileEntry).file(done, fail));
    if (isPhotoOfFolder(file)) found.push(file);
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((done, fail) => reader.readEntries(done, fail));
    if (!some.length) return; // a reader returns a part at a time
    for (const one of some) await collect(one, found);
  }
}

/** Folders hold other files too, which nobody asked for. */
function isPhotoOfFolder(file: File): boolean {
  return !file.name.startsWith(".") && (file.type.startsWith("image/") || /\.(heic|heif|dng|jxl)$/i.test(file.name));
}

/** Let a person choose photos, or a folder of them. */
export function pick(isFolder = false): void {
  const input = Object.assign(document.createElement("input"), { type: "file", multiple: true });
  if (isFolder) input.webkitdirectory = true;
  else input.accept = "image/*,.heic,.heif,.dng,.jxl";
  input.addEventListener("change", () => {
    const files = [...(input.files ?? [])];
    void addFiles(isFolder ? files.filter(isPhotoOfFolder) : files);
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
    void dropped(event.dataTransfer!).then(addFiles);
  });
  addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!files.length) return;
    event.preventDefault();
    void addFiles(files);
  });
}
