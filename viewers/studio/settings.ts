import { batch, computed, effect, signal, untracked } from "@preact/signals";

import { Refusal, send } from "./api";
import { onRemoved, takeProjects } from "./events";
import { begin } from "./marks";
import { withConsequences } from "./set/rules";
import { announce, current, options, tell, tellProblem } from "./state";
import { texts } from "./texts";
import type { Options, ProjectState } from "./types";

const SAVE_MS = 250;
/** Changes of the same options within this time are undone together. */
const TOGETHER_MS = 800;

/** What is wrong with an option, in the server's words: name -> text. */
export const problems = signal<Readonly<Record<string, string>>>({});

/** The options on the server that the page's own are based on. */
interface Basis {
  readonly id: string;
  readonly revision: number;
  readonly options: Options;
}

interface History {
  readonly past: readonly Options[];
  readonly future: readonly Options[];
}
const NO_HISTORY: History = { past: [], future: [] };

let basis: Basis | null = null;
let timer = 0;
let isSaving = false;
let last = { names: "", at_ms: 0 };
const histories = signal<Readonly<Record<string, History>>>({});
const history = computed(() => histories.value[current.value?.id ?? ""] ?? NO_HISTORY);

onRemoved((removed) => {
  const kept = Object.entries(histories.peek()).filter(([id]) => !removed.includes(id));
  histories.value = Object.fromEntries(kept);
  if (basis && removed.includes(basis.id)) {
    clearTimeout(timer); // nothing is saved any more
    basis = null;
  }
});

export const canUndo = computed(() => history.value.past.length > 0);
export const canRedo = computed(() => history.value.future.length > 0);

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
  const id = current.value?.id;
  if (!id) return;
  begin("kbvr:plan");
  batch(() => {
    options.value = after;
    histories.value = { ...histories.value, [id]: kept };
  });
  clearTimeout(timer);
  timer = window.setTimeout(() => void save(), SAVE_MS);
}

/** Save changes that wait, before the project is exported or left. */
export async function save(): Promise<void> {
  clearTimeout(timer);
  const from = basis;
  const sent = options.peek();
  if (!from || isSaving || isSame(from.options, sent)) return;
  isSaving = true;
  try {
    const body = { revision: from.revision, options: sent };
    const saved = await send<ProjectState>("PUT", `projects/${from.id}/options`, body);
    if (basis?.id === from.id) {
      if (isSame(options.peek(), sent)) options.value = saved.options; // the server leaves out what are defaults
      basis = { id: from.id, revision: saved.revision, options: saved.options };
    }
    takeProjects([saved]);
    problems.value = {};
  } catch (error) {
    refuse(error, from.id);
    return;
  } finally {
    isSaving = false;
  }
  if (basis?.id === from.id && !isSame(options.peek(), basis.options)) void save();
}

function refuse(error: unknown, id: string): void {
  if (!(error instanceof Refusal)) return void (timer = window.setTimeout(() => void save(), 8 * SAVE_MS));
  const project = error.answer["project"] as ProjectState | undefined;
  if (error.status === 409 && project) {
    take(project);
    takeProjects([project]);
    tell(texts.app.changedElsewhere);
    return;
  }
  if (current.peek()?.id === id) blame(error);
}

/** Show a refusal at the options concerned. */
export function blame(error: unknown): void {
  const names = error instanceof Refusal ? error.answer["options"] : null;
  const { message } = error as Refusal;
  if (Array.isArray(names) && names.length) problems.value = Object.fromEntries(names.map((name) => [name, message]));
  else tellProblem(error);
}

/** Base the page's options on the server's. */
function take(project: ProjectState): void {
  basis = { id: project.id, revision: project.revision, options: project.options };
  batch(() => {
    options.value = project.options;
    problems.value = {};
  });
}

/** Follow the project on the stage, and changes that come from other tabs. */
export function followOptions(): void {
  effect(() => {
    const project = current.value;
    untracked(() => {
      if (!project) return;
      if (basis?.id !== project.id) {
        if (basis) void save();
        take(project);
      } else if (isSame(project.options, basis.options)) {
        if (project.revision > basis.revision) basis = { ...basis, revision: project.revision };
      } else if (project.revision > basis.revision && !isSaving) {
        const isChangedHere = !isSame(options.value, basis.options);
        clearTimeout(timer);
        take(project);
        if (isChangedHere) tell(texts.app.changedElsewhere);
      }
    });
  });
  addEventListener("visibilitychange", () => document.hidden && void save());
}
