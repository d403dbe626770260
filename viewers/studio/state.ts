import { computed, signal } from "@preact/signals";

import type { ExportState, Options, PlanState, ProjectState, Schema } from "./types";

export const MODES = ["look", "set", "mend", "export"] as const;
export type Mode = (typeof MODES)[number];
/** What the stage shows of a project, except while its depth is mended. */
export const VIEWS = ["photo", "depth", "layers", "scene"] as const;
export type View = (typeof VIEWS)[number];

/** All open projects; the newest first. */
export const projects = signal<readonly ProjectState[]>([]);
/** Id of the project on the stage; null on the first screen. */
export const currentId = signal<string | null>(null);
export const current = computed(() => projects.value.find(({ id }) => id === currentId.value) ?? null);
/** Options of the current project, with changes that have not been sent yet. */
export const options = signal<Options>({});
/** The cameras of the chosen move with these options; null until they are known. */
export const plan = signal<PlanState | null>(null);
export const mode = signal<Mode>("look");
export const view = signal<View>("scene");
/** All exports of this session. */
export const exportsQueue = signal<readonly ExportState[]>([]);
export const schema = signal<Schema | null>(null);
/** Whether the server answers. */
export const connection = signal<"here" | "gone">("here");

/** A line that is shown for some seconds, and read aloud. */
export interface Note {
  readonly key: number;
  readonly text: string;
  readonly kind: "note" | "problem";
  /** What people can do about it. */
  readonly action?: NoteAction | undefined;
}
export interface NoteAction {
  readonly label: string;
  readonly act: () => void;
}
export const notes = signal<readonly Note[]>([]);
/** Read aloud by screen readers, and not shown. */
export const announced = signal("");

const NOTE_MS = 7000;
/** Of a note with an action. */
const ACTION_MS = 20_000;
let count = 0;

export function tell(text: string, kind: Note["kind"] = "note", action?: NoteAction): void {
  const key = ++count;
  const others = notes.value.filter((note) => note.text !== text || note.action);
  notes.value = [...others, { key, text, kind, action }];
  if (kind === "note") hushLater(key, action ? ACTION_MS : NOTE_MS);
}

/** Hide a note after a time; not while the pointer or the focus is on one. */
function hushLater(key: number, ms: number): void {
  const isInUse = () => document.querySelector(".note:hover, .note:focus-within");
  setTimeout(() => (isInUse() ? hushLater(key, NOTE_MS) : hush(key)), ms);
}

/** Tell of an error, in its own words. */
export function tellProblem(error: unknown): void {
  if (error instanceof DOMException && error.name === "AbortError") return;
  tell(error instanceof Error ? error.message : String(error), "problem");
}

export function hush(key: number): void {
  notes.value = notes.value.filter((note) => note.key !== key);
}

/** How long a text is there at least, so that it is read although another one follows at once. */
const ANNOUNCED_MS = 200;
const announcements: string[] = [];
let isAnnouncing = false;

/** Have a text read aloud, after those before it. */
export function announce(text: string): void {
  announcements.push(text);
  if (!isAnnouncing) announceNext();
}

function announceNext(): void {
  const text = announcements.shift();
  isAnnouncing = text !== undefined;
  if (text === undefined) return;
  announced.value = announced.value === text ? `${text}\u00a0` : text;
  setTimeout(announceNext, ANNOUNCED_MS);
}
