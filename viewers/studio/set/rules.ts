/** The crops of a Ken Burns path, and what else they cannot be combined with (kbvr/motion/path_options.py). */
export const CROPS = ["from_crop", "to_crop"] as const;
const PATH = "kenburns";
const AUTOMATIC = ["shift_px", "zoom", "aspect"] as const;

type Changes = Readonly<Record<string, string | null>>;

const without = (names: readonly string[]): Changes => Object.fromEntries(names.map((name) => [name, null]));

/** Return changes with what they bring about: crops choose their path, and give way to other choices. */
export function withConsequences(changes: Changes): Changes {
  const isChosen = (name: string) => typeof changes[name] === "string";
  if (CROPS.some(isChosen)) return { ...without(AUTOMATIC), path: PATH, ...changes };
  const { path } = changes;
  const isOtherPath = path !== undefined && path !== PATH;
  return isOtherPath || AUTOMATIC.some(isChosen) ? { ...without(CROPS), ...changes } : changes;
}
