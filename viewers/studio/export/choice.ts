import { computed, signal } from "@preact/signals";

import { currentId, projects, schema } from "../state";
import { texts } from "../texts";
import type { Options } from "../types";
import { ESSENTIALS, optionsOf, purposeOf, PURPOSES, usesEssential, type Essential, type Purpose } from "./purposes";

/** What is made, by purpose. */
export const purposes = signal<ReadonlySet<Purpose>>(new Set<Purpose>(["blog"]));
/** Further outputs, as options; they are made together. */
export const formats = signal<Options>({});
/** Size, length and quality, where they differ from what suits the purpose. */
export const essentials = signal<Options>({});
/** Ids of the projects that are exported together; without any, the one on the stage. */
export const picked = signal<ReadonlySet<string>>(new Set<string>());

/** The ids of the projects that are exported, in the order of the strip; none that has failed. */
export const exported = computed<readonly string[]>(() => {
  const usable = projects.value.filter(({ stage }) => stage !== "failed").map(({ id }) => id);
  const ids = usable.filter((id) => picked.value.has(id));
  return ids.length ? ids : usable.filter((id) => id === currentId.value);
});

export interface Chosen {
  /** Empty for what is named after its formats. */
  readonly title: string;
  readonly options: Options;
}

/** Every export that is chosen. */
export const chosen = computed<readonly Chosen[]>(() => {
  const made = PURPOSES.filter((purpose) => purposes.value.has(purpose)).map((purpose) => ({
    title: texts.export.purpose[purpose].label,
    options: { ...optionsOf(purpose, schema.value), ...ofEssentials((essential) => usesEssential(purpose, essential)) },
  }));
  if (isEmpty(formats.value)) return made;
  return [...made, { title: "", options: { ...formats.value, ...ofEssentials(() => true) } }];
});

function ofEssentials(isUsed: (essential: Essential) => boolean): Options {
  const used = ESSENTIALS.filter((essential) => essential in essentials.value && isUsed(essential));
  return Object.fromEntries(used.map((essential) => [essential, essentials.value[essential]!]));
}

/** The essentials that something chosen uses. */
export const usedEssentials = computed<readonly Essential[]>(() =>
  ESSENTIALS.filter(
    (essential) =>
      (!isEmpty(formats.value) && essential !== "animate_as") ||
      (essential === "animate_as" && formats.value["anaglyph"] === "yes") ||
      [...purposes.value].some((purpose) => usesEssential(purpose, essential)),
  ),
);

function isEmpty(options: Options): boolean {
  return Object.keys(options).length === 0;
}

export function togglePurpose(purpose: Purpose): void {
  purposes.value = toggled(purposes.value, purpose);
}

/** Tick what a preset is for, or no longer. */
export function choosePreset(name: string, options: Options, isNew: boolean): void {
  const purpose = purposeOf(name);
  const outputs = Object.fromEntries(Object.entries(options).filter(([name]) => schema.value?.outputs.includes(name)));
  purposes.value = new Set(isNew ? (purpose ? [purpose] : []) : ["blog"]);
  formats.value = isNew && !purpose ? outputs : {};
}

export function togglePicked(id: string): void {
  const before = picked.value.size || !currentId.value ? picked.value : new Set([currentId.value]);
  picked.value = toggled(before, id);
}

/** Set an option of `formats` or `essentials`; an empty text removes it. */
export function put(target: typeof formats, name: string, text: string): void {
  const { [name]: _, ...others } = target.value;
  target.value = text ? { ...others, [name]: text } : others;
}

function toggled<Item>(items: ReadonlySet<Item>, item: Item): ReadonlySet<Item> {
  const after = new Set(items);
  if (!after.delete(item)) after.add(item);
  return after;
}
