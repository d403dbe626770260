import type { OptionSpec } from "../types";

/** Return a choice of an option in words. */
export function labelOf({ choices, choice_labels }: OptionSpec, choice: string): string {
  return choice_labels?.[choices?.indexOf(choice) ?? -1] ?? choice;
}

/** The help of an option, in parts: what it is, and what each of its choices means. */
export interface Help {
  readonly about: string;
  readonly choices: Readonly<Record<string, string>>;
}

/**
 * Return the parts of a help text like `How it moves. swing: from side to side; circle: in a circle.`: sentences that do
 * not explain choices are about the option.
 */
export function helpOf(text: string, names: readonly string[]): Help {
  const known = new Set(names);
  const choices: Record<string, string> = {};
  const about = text
    .split(/(?<=[.;])\s+/)
    .filter((part) => {
      const match = /^([\w-]+(?:, [\w-]+)*): (.+?)[.;]?$/s.exec(part);
      const explained = match?.[1]?.split(", ") ?? [];
      if (!explained.length || !explained.every((name) => known.has(name))) return true;
      for (const name of explained) choices[name] = match![2]!;
      return false;
    })
    .join(" ");
  return { about: about.replace(/;$/, "."), choices };
}
