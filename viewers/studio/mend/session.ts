import { batch, computed, effect, signal, untracked } from "@preact/signals";

import { bytes, getJson } from "../api";
import { onRemoved } from "../events";
import { current, mode, tellProblem, tell } from "../state";
import type { Size } from "../types";
import { outlineOf, unpacked } from "./outline";

/** Where the depth of a project is being mended, as the server has it. */
export interface Edit {
  readonly id: string;
  readonly size: Size;
  readonly revision: number;
  readonly canUndo: boolean;
  readonly canRedo: boolean;
  /** The levels between which nearly all of the depth lies. */
  readonly shown: readonly [number, number];
}

interface MendState {
  readonly size_px: Size;
  readonly revision: number;
  readonly can_undo: boolean;
  readonly can_redo: boolean;
  readonly shown: readonly [number, number];
  readonly note: string;
}

/** Pixels that are selected or protected, and their outline. */
export interface Region {
  readonly mask: Uint8Array;
  readonly outline: string;
}

/** A piece of the depth. */
export interface Patch {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly levels: Uint16Array;
}

export const edit = signal<Edit | null>(null);
export const selection = signal<Region | null>(null);
export const guarded = signal<Region | null>(null);
/** Number of requests on their way. */
export const pending = signal(0);
export const isBusy = computed(() => pending.value > 0);

/** The whole depth, one level a pixel; patches are written into it. */
let levels = new Uint16Array(0);
const painters = new Set<(patch: Patch) => void>();
let queue: Promise<unknown> = Promise.resolve();

export function depthLevels(): Uint16Array {
  return levels;
}

/** Call a function with every piece of the depth that changes; return what ends that. */
export function onPatch(paint: (patch: Patch) => void): () => void {
  painters.add(paint);
  return () => painters.delete(paint);
}

function paintAll(size: Size): void {
  for (const paint of painters) paint({ x: 0, y: 0, width: size[0], height: size[1], levels });
}

/** Do one thing after another; problems are told. */
function inTurn<T>(work: () => Promise<T>): Promise<T | undefined> {
  pending.value += 1;
  const done = queue.then(work).catch((error: unknown) => {
    tellProblem(error);
    return undefined;
  });
  queue = done.finally(() => (pending.value -= 1));
  return done;
}

function regionOf(bits: ArrayBuffer, size: Size): Region | null {
  const mask = unpacked(bits, size);
  return mask?.includes(1) ? { mask, outline: outlineOf(mask, size) } : null;
}

function follow(headers: Headers): void {
  const before = edit.value;
  if (!before) return;
  edit.value = {
    ...before,
    revision: Number(headers.get("X-Kbvr-Revision")),
    canUndo: headers.get("X-Kbvr-Can-Undo") === "1",
    canRedo: headers.get("X-Kbvr-Can-Redo") === "1",
  };
}

/** Ask for a change of the depth, and paint it; resolves when it is painted. */
export function change(path: string, body: unknown): Promise<Patch | undefined> {
  return inTurn(async () => {
    const id = edit.value?.id;
    if (!id) return undefined;
    const answer = await bytes(`projects/${id}/mend/${path}`, undefined, "POST", body);
    if (edit.value?.id !== id) return undefined;
    const [x, y, width, height] = new Uint32Array(answer.bytes.slice(0, 16)) as unknown as [number, number, number, number];
    const patch = { x, y, width, height, levels: new Uint16Array(answer.bytes.slice(16)) };
    place(patch, edit.value.size[0]);
    follow(answer.headers);
    return patch;
  });
}

function place(patch: Patch, stride: number): void {
  for (let row = 0; row < patch.height; row++) {
    const from = row * patch.width;
    levels.set(patch.levels.subarray(from, from + patch.width), (patch.y + row) * stride + patch.x);
  }
  if (patch.width) for (const paint of painters) paint(patch);
}

/** Change the selection; resolves when it is shown. */
export function select(body: unknown): Promise<void> {
  return inTurn(async () => {
    const at = edit.value;
    if (!at) return;
    const answer = await bytes(`projects/${at.id}/mend/select`, undefined, "POST", body);
    if (edit.value?.id !== at.id) return;
    selection.value = regionOf(answer.bytes, at.size);
    follow(answer.headers);
  }) as Promise<void>;
}

/** Protect what is selected, or allow changes again. */
export function guard(isGuarded: boolean): Promise<void> {
  return inTurn(async () => {
    const at = edit.value;
    if (!at) return;
    const body = { action: isGuarded ? "protect" : "unprotect" };
    const answer = await bytes(`projects/${at.id}/mend/region`, undefined, "POST", body);
    if (edit.value?.id === at.id) guarded.value = regionOf(answer.bytes, at.size);
  }) as Promise<void>;
}

/** Return the automatic depth, to compare. */
export async function automaticLevels(): Promise<Uint16Array | null> {
  const id = edit.value?.id;
  if (!id) return null;
  const answer = await bytes(`projects/${id}/mend/depth.bin?automatic=1`);
  return new Uint16Array(answer.bytes);
}

/** Take everything from the server: at the beginning, and when another tab has changed it. */
function load(id: string): Promise<void> {
  return inTurn(async () => {
    const base = `projects/${id}/mend`;
    const state = await getJson<MendState>(base);
    const [depth, selected, protectedBits] = await Promise.all([
      bytes(`${base}/depth.bin`),
      bytes(`${base}/selection.bin`),
      bytes(`${base}/protected.bin`),
    ]);
    if (current.peek()?.id !== id) return;
    const isFirst = edit.value?.id !== id;
    levels = new Uint16Array(depth.bytes);
    batch(() => {
      edit.value = {
        id,
        size: state.size_px,
        revision: Number(depth.headers.get("X-Kbvr-Revision")),
        canUndo: state.can_undo,
        canRedo: state.can_redo,
        shown: state.shown,
      };
      selection.value = regionOf(selected.bytes, state.size_px);
      guarded.value = regionOf(protectedBits.bytes, state.size_px);
    });
    paintAll(state.size_px);
    if (isFirst && state.note) tell(state.note);
  }) as Promise<void>;
}

/** Leave the depth that has been mended. */
function drop(): void {
  batch(() => {
    edit.value = null;
    selection.value = null;
    guarded.value = null;
  });
}
onRemoved((removed) => {
  if (edit.peek() && removed.includes(edit.peek()!.id)) drop();
});

/** Follow the depth of the project on the stage while it is being mended. */
export function followDepth(): () => void {
  return effect(() => {
    const project = current.value;
    const revision = project?.depth?.revision;
    const isWaiting = isBusy.value;
    untracked(() => {
      if (mode.value !== "mend" || !project || revision === undefined || isWaiting) return;
      if (edit.value?.id !== project.id) {
        drop();
        void load(project.id);
      } else if (revision > edit.value.revision) void load(project.id);
    });
  });
}
