import { signal } from "@preact/signals";

import { Refusal, send, upload } from "../api";
import { onRemoved, takeProjects } from "../events";
import { begin } from "../marks";
import { openProject } from "../opening";
import { announce, schema } from "../state";
import { texts } from "../texts";
import type { ProjectState } from "../types";

/** A file on its way to the server. */
export interface Upload {
  readonly key: number;
  readonly name: string;
  /** Address of the local file; null if browsers cannot show its kind. */
  readonly url: string | null;
  readonly share: number;
  /** Why it was refused, in words. */
  readonly problem: string;
}

export const uploads = signal<readonly Upload[]>([]);
/** Id of a project -> address of the photo in this browser, shown until the server has its own. */
export const localPhotos = new Map<string, string>();
onRemoved((removed) => {
  for (const id of removed) {
    URL.revokeObjectURL(localPhotos.get(id) ?? "");
    localPhotos.delete(id);
  }
});

const SHOWN = ["image/jpeg", "image/png", "image/webp", "image/avif", "image/gif"];
const PHOTOS = /\.(jpe?g|png|webp|avif|heic|heif|tiff?|bmp|gif|dng|cr2|cr3|nef|arw|orf|rw2|raf|jxl|mpo)$/i;
let count = 0;

function set(key: number, changes: Partial<Upload>): void {
  uploads.value = uploads.value.map((one) => (one.key === key ? { ...one, ...changes } : one));
}

export function dismiss(key: number): void {
  uploads.value = uploads.value.filter((one) => one.key !== key);
}

function refusalOf(file: File): string {
  const limit = schema.value?.limits.upload_bytes;
  if (!file.size) return texts.start.empty;
  if (limit && file.size > limit) return texts.start.tooLarge(limit);
  if (!file.type.startsWith("image/") && !PHOTOS.test(file.name)) return texts.start.noPhoto;
  return "";
}

/** Make projects of files, one after the other; the first that works comes on the stage. */
export async function addFiles(files: readonly File[]): Promise<void> {
  if (!files.length) return;
  begin("kbvr:first-scene");
  const begun = files.map((file) => {
    const problem = refusalOf(file);
    const url = !problem && SHOWN.includes(file.type) ? URL.createObjectURL(file) : null;
    return { file, one: { key: ++count, name: file.name || texts.start.pasted, url, share: 0, problem } };
  });
  uploads.value = [...uploads.value, ...begun.map(({ one }) => one)];
  announce(texts.start.adding(files.length));
  let isFirst = true;
  for (const { file, one } of begun) {
    if (one.problem) continue;
    const project = await sent(file, one);
    if (project && isFirst) openProject(project.id);
    if (project) isFirst = false;
  }
}

async function sent(file: File, { key, name, url }: Upload): Promise<ProjectState | null> {
  try {
    const path = `projects?name=${encodeURIComponent(name)}`;
    const project = await upload<ProjectState>(path, file, (share) => set(key, { share }));
    if (url) localPhotos.set(project.id, url);
    takeProjects([project]);
    dismiss(key);
    return project;
  } catch (error) {
    set(key, { problem: error instanceof Refusal ? error.message : (error as Error).message });
    return null;
  }
}

/** Open one of kbvr's own photos. */
export async function openExample(name: string): Promise<void> {
  begin("kbvr:first-scene");
  const project = await send<ProjectState>("POST", `examples/${encodeURIComponent(name)}`);
  takeProjects([project]);
  openProject(project.id);
}
