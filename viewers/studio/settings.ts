import { batch, computed, effect, signal, untracked } from "@preact/signals";

import { Refusal, sendLasting } from "./api";
import { onRemoved, takeProjects } from "./events";
import { begin } from "./marks";
import { CROPS, withConsequences } from "./set/rules";
import { announce, current, options, tell, tellProblem } from "./state";
import { texts } from "./texts";
import type { Options, ProjectState } from "./types";

const SAVE_MS = 250;
/** Until a save is tried again that did not reach the server. */
const AGAIN_MS = 2000;
/** Changes of the same options within this time are undone together. */
const TOGETHER_MS = 800;

/** What is wrong with an option, in the server's words: name -> text. */
export const problems = signal<Readonly<Record<string, string>>>({});

/** What this page knows of a project's options. */
interface Sheet {
  readonly id: string;
  /** The revision and the options on the server that the wanted ones are based on. */
  revision: number;
  saved: Options;
  /** With changes that have not been saved yet. */
  wanted: Options;
  /** The save that is under way: it ends when everything is saved, or cannot be. */
  saving: Promise<void> | null;
  timer: number;
}

interface History {
  readonly past: readonly Options[];
  readonly future: readonly Options[];
}
const NO_HISTORY: History = { past: [], future: [] };

/** Of every project that has been on the stage. */
const sheets = new Map<string, Sheet>();
let last = { names: "", at_ms: 0 };
const histories = signal<Readonly<Record<string, History>>>({});
const history = computed(() => histories.value[current.value?.id ?? ""] ?? NO_HISTORY);

onRemoved((removed) => {
  const kept = Object.entries(histories.peek()).filter(([id]) => !removed.includes(id));
  histories.value = Object.fromEntries(kept);
  removed.forEach(forget);
});

/** Save nothing of a project any more. */
function forget(id: string): void {
  clearTimeout(sheets.get(id)?.timer);
  sheets.delete(id);
  isUnsaved.value = [...sheets.values()].some(isChanged);
}

export const canUndo = computed(() => history.value.past.length > 0);
export const canRedo = computed(() => history.value.future.length > 0);
/** Whether there are changes that the server does not have. */
export const isUnsaved = signal(false);

export function isSame(a: Options, b: Options): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}

/** Change some options; null returns one to its default. */
export function change(changes: Readonly<Record<string, string | null>>): void {
  const before = options.value;
  const after: Record<string, string> = { ...before };
  for (const [name, text] of Object.entries(withConsequences(changes))) {
    if (text === null) delete after[name];
    else after[name] = text;
  }
  if (isSame(before, after)) return;
  if (CROPS.some((name) => name in before && !(name in after) && !(name in changes))) tell(texts.set.crops.gone);
  const names = Object.keys(changes).sort().join();
  const now_ms = performance.now();
  const isTogether = names === last.names && now_ms - last.at_ms < TOGETHER_MS && canUndo.value;
  last = { names, at_ms: now_ms };
  const past = isTogether ? history.value.past : [...history.value.past, before];
  put(after, { past, future: [] });
}

export function undo(): void {
  const { past, future } = history.value;
  const before = past.at(-1);
  if (!before) return;
  last = { names: "", at_ms: 0 };
  put(before, { past: past.slice(0, -1), future: [options.value, ...future] });
  announce(texts.app.undone);
}

export function redo(): void {
  const { past, future } = history.value;
  const [after, ...rest] = future;
  if (!after) return;
  last = { names: "", at_ms: 0 };
  put(after, { past: [...past, options.value], future: rest });
  announce(texts.app.redone);
}

function put(after: Options, kept: History): void {
  const sheet = sheets.get(current.value?.id ?? "");
  if (!sheet) return;
  begin("kbvr:plan");
  batch(() => {
    want(sheet, after);
    histories.value = { ...histories.value, [sheet.id]: kept };
  });
  saveIn(sheet, SAVE_MS);
}

function want(sheet: Sheet, wanted: Options): void {
  sheet.wanted = wanted;
  if (current.peek()?.id === sheet.id && !isSame(options.peek(), wanted)) options.value = wanted;
  isUnsaved.value = [...sheets.values()].some(isChanged);
}

function isChanged({ wanted, saved }: Sheet): boolean {
  return !isSame(wanted, saved);
}

function saveIn(sheet: Sheet, ms: number): void {
  clearTimeout(sheet.timer);
  sheet.timer = window.setTimeout(() => void saveSheet(sheet), ms);
}

/** Save the changes of projects, or of all; return whether the server has them. */
export async function save(ids: Iterable<string> = sheets.keys()): Promise<boolean> {
  const chosen = [...ids].flatMap((id) => sheets.get(id) ?? []);
  await Promise.all(chosen.map(saveSheet));
  return !chosen.some(isChanged);
}

/** Save a project's changes; ends with the save under way, if there is one, which saves later changes too. */
function saveSheet(sheet: Sheet): Promise<void> {
  clearTimeout(sheet.timer);
  sheet.saving ??= sendChanges(sheet).finally(() => (sheet.saving = null));
  return sheet.saving;
}

async function sendChanges(sheet: Sheet): Promise<void> {
  while (isChanged(sheet)) {
    const sent = sheet.wanted;
    try {
      const body = { revision: sheet.revision, options: sent };
      const saved = await sendLasting<ProjectState>("PUT", `projects/${sheet.id}/options`, body);
      [sheet.revision, sheet.saved] = [saved.revision, saved.options];
      want(sheet, sheet.wanted === sent ? saved.options : sheet.wanted); // the server leaves out what are defaults
      takeProjects([saved]);
      if (current.peek()?.id === sheet.id) problems.value = {};
    } catch (error) {
      if (sheet.wanted !== sent && error instanceof Refusal && error.status !== 409) continue;
      return refuse(error, sheet);
    }
  }
}

function refuse(error: unknown, sheet: Sheet): void {
  if (!(error instanceof Refusal)) return saveIn(sheet, AGAIN_MS);
  const project = error.answer["project"] as ProjectState | undefined;
  if (error.status === 409 && project) {
    take(sheet, project);
    takeProjects([project]);
    tell(texts.app.changedElsewhere);
  } else if (error.status === 404) forget(sheet.id);
  else if (current.peek()?.id === sheet.id) blame(error);
  else tellProblem(error);
}

/** Show a refusal at the options concerned. */
export function blame(error: unknown): void {
  const names = error instanceof Refusal ? error.answer["options"] : null;
  const { message } = error as Refusal;
  if (Array.isArray(names) && names.length) problems.value = Object.fromEntries(names.map((name) => [name, message]));
  else tellProblem(error);
}

/** Base the page's options on the server's. */
function take(sheet: Sheet, project: ProjectState): void {
  clearTimeout(sheet.timer);
  [sheet.revision, sheet.saved] = [project.revision, project.options];
  batch(() => {
    want(sheet, project.options);
    if (current.peek()?.id === sheet.id) problems.value = {};
  });
}

/** Return what is known of a project's options. */
function sheetOf({ id, revision, options: saved }: ProjectState): Sheet {
  const known = sheets.get(id);
  if (known) return known;
  const sheet: Sheet = { id, revision, saved, wanted: saved, saving: null, timer: 0 };
  sheets.set(id, sheet);
  return sheet;
}

/** Put a project's options on the page, with its changes that are not saved yet. */
function show(project: ProjectState): void {
  const sheet = sheetOf(project);
  batch(() => {
    options.value = sheet.wanted;
    problems.value = {};
  });
}

/** Follow the project on the stage, and changes that come from other tabs. */
export function followOptions(): void {
  let shown = "";
  effect(() => {
    const project = current.value;
    untracked(() => {
      if (!project) return;
      if (shown !== project.id) {
        shown = project.id;
        void save();
        show(project);
      }
      follow(sheetOf(project), project);
    });
  });
  addEventListener("visibilitychange", () => document.hidden && void save());
  addEventListener("pagehide", () => void save());
}

/** Take what the server tells of a project, if that is news. */
function follow(sheet: Sheet, project: ProjectState): void {
  if (project.revision <= sheet.revision) return;
  if (isSame(project.options, sheet.saved)) sheet.revision = project.revision;
  else if (!sheet.saving) {
    const isChangedHere = isChanged(sheet);
    take(sheet, project);
    if (isChangedHere) tell(texts.app.changedElsewhere);
  }
}
