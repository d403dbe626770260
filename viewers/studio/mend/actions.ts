import { signal } from "@preact/signals";

import { begin, end } from "../marks";
import { announce } from "../state";
import { texts } from "../texts";
import { change, edit, guard, isBusy, select, selection } from "./session";
import { how, lineUse, type How } from "./tools";

export type RegionAction = "flatten" | "upright" | "infinity" | "plane" | "cut-out";

/** A place in pixels of the working copy. */
export interface Place {
  readonly x: number;
  readonly y: number;
}

/** The last click that selected something: what larger and smaller begin from. */
let clicked: { readonly at: readonly [number, number]; readonly reach: number } | null = null;
export const canResize = signal(false);

let names = 0;
/** Names of this page's strokes, which differ from those of other tabs. */
const PAGE = Math.random().toString(36).slice(2);
export function newName(): string {
  return `${PAGE}-${++names}`;
}

/** Select the object at a place: roughly at once, then exactly. */
export async function click({ x, y }: Place, by: How = how.value, reach = 1): Promise<void> {
  const at = [x, y] as const;
  begin("kbvr:select");
  const body = { click: at, how: selection.value ? by : "new", reach };
  void select({ ...body, quick: true });
  await select({ ...body, quick: false });
  end("kbvr:select");
  clicked = { at, reach };
  canResize.value = by === "new" && selection.value !== null;
  announce(selection.value ? texts.mend.selected(shareOf()) : texts.mend.nothingSelected);
}

function shareOf(): number {
  const mask = selection.value?.mask;
  return mask ? (100 * mask.reduce((sum, one) => sum + one, 0)) / mask.length : 0;
}

/** Select more or less than the last click did. */
export function resize(factor: number): void {
  if (!clicked) return;
  const [x, y] = clicked.at;
  void click({ x, y }, "new", Math.min(16, Math.max(0.06, clicked.reach * factor)));
}

export async function encircle(points: readonly Place[], by: How = how.value): Promise<void> {
  canResize.value = false;
  await select({ outline: thinned(points), how: selection.value ? by : "new" });
  announce(selection.value ? texts.mend.selected(shareOf()) : texts.mend.nothingSelected);
}

function thinned(points: readonly Place[]): readonly (readonly [number, number])[] {
  const step = Math.ceil(points.length / 2000);
  return points.filter((_, index) => index % step === 0).map(({ x, y }) => [x, y]);
}

/** Use a line along a wall or floor. */
export async function drawLine(from: Place, to: Place): Promise<void> {
  const points = [
    [from.x, from.y],
    [to.x, to.y],
  ];
  canResize.value = false;
  if (lineUse.value === "surface") await select({ line: points });
  else await change("line", { points });
}

export function clear(): void {
  canResize.value = false;
  if (selection.value) void select({ clear: true });
}

export function invert(): void {
  canResize.value = false;
  if (selection.value) void select({ invert: true });
}

export async function act(action: RegionAction): Promise<void> {
  if (!selection.value) return;
  begin("kbvr:stroke");
  const patch = await change("region", { gesture: newName(), action });
  end("kbvr:stroke");
  if (patch) announce(texts.mend.done[action]);
}

export async function protect(isProtected: boolean): Promise<void> {
  await guard(isProtected);
  announce(isProtected ? texts.mend.protected : texts.mend.unprotected);
}

/** A drag that moves the selection nearer or farther. */
interface Drag {
  readonly name: string;
  factor: number;
  isSent: boolean;
  isLast: boolean;
}
let drag: Drag | null = null;
const outgoing: Drag[] = [];
let isSending = false;

/** Put the selection at a factor of its distance; until `release`, always from where it was before. */
export function pull(factor: number): void {
  if (!selection.value) return;
  if (!drag) outgoing.push((drag = { name: newName(), factor, isSent: false, isLast: false }));
  drag.factor = factor;
  drag.isSent = false;
  void sendDrags();
}

export function release(): void {
  if (!drag) return;
  drag.isLast = true;
  drag.isSent = false;
  drag = null;
  void sendDrags();
}

async function sendDrags(): Promise<void> {
  if (isSending) return;
  isSending = true;
  for (let now = outgoing[0]; now && !now.isSent; now = outgoing[0]) {
    now.isSent = true;
    const { isLast } = now;
    if (isLast) outgoing.shift();
    begin("kbvr:stroke");
    await change("region", { gesture: now.name, action: "move", factor: now.factor, last: isLast });
    end("kbvr:stroke");
  }
  isSending = false;
}

/** Move the selection once. */
export async function nudge(factor: number): Promise<void> {
  if (!selection.value) return;
  pull(factor);
  release();
  announce(factor < 1 ? texts.mend.pulled : texts.mend.pushed);
}

export async function undo(): Promise<void> {
  if (!edit.value?.canUndo && !isBusy.value) return;
  await change("undo", {});
  announce(texts.app.undone);
}

export async function redo(): Promise<void> {
  if (!edit.value?.canRedo && !isBusy.value) return;
  await change("redo", {});
  announce(texts.app.redone);
}

export async function reset(): Promise<void> {
  await change("reset", {});
  announce(texts.mend.wasReset);
}
