import { effect, signal } from "@preact/signals";

import { Refusal, send, upload } from "../api";
import { onRemoved, takeProjects } from "../events";
import { begin } from "../marks";
import { openProject } from "../opening";
import { announce, currentId, projects } from "../state";
import { texts } from "../texts";
import type { ProjectState } from "../types";
import { refusalOf } from "./photo_kinds";

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

/** What all browsers show. */
const SHOWN = ["image/jpeg", "image/png", "image/webp", "image/avif"];
let count = 0;

function set(key: number, changes: Partial<Upload>): void {
  uploads.value = uploads.value.map((one) => (one.key === key ? { ...one, ...changes } : one));
}

export function dismiss(key: number): void {
  uploads.value = uploads.value.filter((one) => one.key !== key);
}

/** Make projects of files, one after the other; the first that works comes on the stage. */
export async function addFiles(files: readonly File[]): Promise<void> {
  if (!files.length) return;
  const begun = files.map((file) => {
    const problem = refusalOf(file);
    const url = !problem && SHOWN.includes(file.type) ? URL.createObjectURL(file) : null;
    return { file, one: { key: ++count, name: file.name || texts.start.pasted, url, share: 0, problem } };
  });
  uploads.value = [...uploads.value, ...begun.map(({ one }) => one)];
  const taken = begun.filter(({ one }) => !one.problem);
  if (!taken.length) return;
  begin("kbvr:first-scene");
  announce(texts.start.adding(taken.length));
  let isFirst = true;
  for (const { file, one } of taken) {
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
    if (url) URL.revokeObjectURL(url);
    set(key, { url: null, problem: error instanceof Refusal ? error.message : (error as Error).message });
    return null;
  }
}

/** Let go of this browser's own copies that the server has by now, except the one on the stage, and of removed ones. */
export function followLocalPhotos(): void {
  effect(() => {
    const known = new Map(projects.value.map((project) => [project.id, project]));
    const here = currentId.value;
    for (const [id, url] of localPhotos) {
      const project = known.get(id);
      if (project && (id === here || !project.has_thumbnail || !project.depth)) continue;
      localPhotos.delete(id);
      URL.revokeObjectURL(url);
    }
  });
}

/** Open one of kbvr's own photos. */
export async function openExample(name: string): Promise<void> {
  begin("kbvr:first-scene");
  const project = await send<ProjectState>("POST", `examples/${encodeURIComponent(name)}`);
  takeProjects([project]);
  openProject(project.id);
}
