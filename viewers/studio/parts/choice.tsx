import type { ComponentChildren } from "preact";

import { Icon, type IconName } from "./icon";
import { rove } from "./keys";

export interface ChoiceItem<Value extends string> {
  readonly value: Value;
  readonly label: string;
  readonly icon?: IconName;
  readonly detail?: string;
  readonly picture?: ComponentChildren;
  readonly disabled?: boolean;
}

interface ChoiceProps<Value extends string> {
  readonly label: string;
  readonly value: Value | null;
  readonly items: readonly ChoiceItem<Value>[];
  readonly choose: (value: Value) => void;
  /** How it looks: a row of segments, of icons alone, or cards. */
  readonly look?: "segments" | "icons" | "cards";
  readonly class?: string;
}

/** One of several, all in sight; arrow keys choose. */
export function Choice<Value extends string>(props: ChoiceProps<Value>) {
  const { label, value, items, choose, look = "segments", class: name = "" } = props;
  const isAnyChosen = items.some((item) => item.value === value && !item.disabled);
  const first = items.find((item) => !item.disabled);
  return (
    <div class={`choice ${look} ${name}`} role="radiogroup" aria-label={label} onKeyDown={rove}>
      {items.map((item) => (
        <button
          key={item.value}
          type="button"
          role="radio"
          data-item
          data-value={item.value}
          aria-checked={item.value === value}
          disabled={item.disabled ?? false}
          tabIndex={(isAnyChosen ? item.value === value : item === first) ? 0 : -1}
          onClick={() => choose(item.value)}
          {...(look === "icons" && { "aria-label": item.label, title: item.label })}
        >
          {item.picture}
          {item.icon && <Icon name={item.icon} />}
          {look !== "icons" && <span class="choice-label">{item.label}</span>}
          {item.detail && <span class="choice-detail">{item.detail}</span>}
        </button>
      ))}
    </div>
  );
}
