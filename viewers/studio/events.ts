import { getJson } from "./api";
import { announce, connection, exportsQueue, projects, tell } from "./state";
import { texts } from "./texts";
import type { EventsAnswer, ExportState, ProjectState } from "./types";

const AGAIN_MS = 1500;

/** Return a list with its items replaced by newer ones of the same id; unknown ones go to the front. */
function merged<T extends { readonly id: string }>(list: readonly T[], newer: readonly T[]): readonly T[] {
  const known = new Set(list.map(({ id }) => id));
  const by_id = new Map(newer.map((one) => [one.id, one]));
  return [...newer.filter(({ id }) => !known.has(id)), ...list.map((one) => by_id.get(one.id) ?? one)];
}

/** Ids of projects that have been removed; no other project ever has one of them. */
const gone = new Set<string>();
const forgetters = new Set<(removed: readonly string[]) => void>();

/** Call a function with the ids of projects that have been removed, here or in another tab. */
export function onRemoved(forget: (removed: readonly string[]) => void): void {
  forgetters.add(forget);
}

/** Take newer states of projects; answers that come after a project's removal do not bring it back. */
export function takeProjects(newer: readonly ProjectState[], removed: readonly string[] = []): void {
  if (!newer.length && !removed.length) return;
  for (const id of removed) gone.add(id);
  projects.value = merged(projects.value, newer).filter(({ id }) => !gone.has(id));
  if (removed.length) for (const forget of forgetters) forget(removed);
}

export function takeExports(newer: readonly ExportState[], removed: readonly string[] = []): void {
  if (!newer.length && !removed.length) return;
  exportsQueue.value = merged(exportsQueue.value, newer).filter(({ id }) => !removed.includes(id));
}

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

/** Follow all changes on the server, for as long as the page is open. */
export async function follow(): Promise<never> {
  for (let since = 0; ; ) {
    try {
      const wasGone = connection.value === "gone";
      const answer = await getJson<EventsAnswer>(`events?since=${wasGone ? 0 : since}`);
      if (wasGone) announce(texts.server.back);
      since = answer.seq;
      takeProjects(answer.projects, answer.removed);
      takeExports(answer.exports, answer.removed);
      for (const note of answer.notes) tell(note);
    } catch {
      connection.value = "gone"; // also where another server has taken its place
      await pause(AGAIN_MS);
    }
  }
}
