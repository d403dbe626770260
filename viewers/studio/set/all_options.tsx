import { computed, signal } from "@preact/signals";

import { Icon } from "../parts/icon";
import { options, schema } from "../state";
import { texts } from "../texts";
import type { OptionGroup, OptionSpec } from "../types";
import { Control } from "./control";

/** Options that the page has other controls for, or that are not for a page. */
const ELSEWHERE = new Set(["strength", "from_crop", "to_crop", "aspect", "depth", "depth_kind", "keyframes"]);
const OUTPUT_GROUPS = new Set(["Output"]);

const query = signal("");

const groups = computed<readonly OptionGroup[]>(() =>
  (schema.value?.groups ?? []).flatMap(({ title, options: all }) => {
    const isShown = ({ name, kind }: OptionSpec) => !ELSEWHERE.has(name) && kind !== "file";
    const left = OUTPUT_GROUPS.has(title) ? [] : all.filter(isShown);
    return left.length ? [{ title, options: left }] : [];
  }),
);

const found = computed<readonly OptionSpec[]>(() => {
  const words = query.value.toLowerCase().split(/\s+/).filter(Boolean);
  const all = groups.value.flatMap((group) => group.options);
  return all.filter(({ name, label, help }) => {
    const text = `${name} ${label} ${help}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
});

/** Every option: common ones first, the rest in groups that open; or those that a search finds. */
export function AllOptions() {
  const isSearching = query.value.trim() !== "";
  return (
    <section class="all-options" aria-label={texts.set.all}>
      <div class="search">
        <Icon name="search" />
        <input
          type="search"
          value={query.value}
          placeholder={texts.set.search}
          aria-label={texts.set.search}
          onInput={(event) => (query.value = event.currentTarget.value)}
        />
      </div>
      {isSearching ? <Found /> : groups.value.map((group) => <Group key={group.title} group={group} />)}
    </section>
  );
}

function Found() {
  return (
    <>
      <p class="found" role="status">
        {texts.set.found(found.value.length)}
      </p>
      {found.value.map((option) => (
        <Control key={option.name} option={option} />
      ))}
    </>
  );
}

function Group({ group: { title, options: all } }: { readonly group: OptionGroup }) {
  const changed = all.filter(({ name }) => options.value[name] !== undefined).length;
  return (
    <details class="group">
      <summary>
        {title}
        {changed > 0 && <span class="badge">{texts.set.changed(changed)}</span>}
        <Icon name="down" />
      </summary>
      {all.map((option) => (
        <Control key={option.name} option={option} />
      ))}
    </details>
  );
}
