import { output } from "../planning";
import { change } from "../settings";
import { eyes, isPlaying } from "../stage/playback";
import { plan, schema, tell, view } from "../state";
import { texts } from "../texts";
import type { OptionSpec, PlanOutput } from "../types";

/** What is preferred where several outputs show a change. */
const PREFERRED: readonly PlanOutput[] = ["kenburns", "stereo", "anaglyph", "wiggle", "still"];
/** Options of the lens, through which only a picture at rest is drawn. */
const LENS: readonly string[] = ["focus", "aperture_percent"];

export function optionNamed(name: string): OptionSpec | undefined {
  return schema.value?.groups.flatMap((group) => group.options).find((option) => option.name === name);
}

/** Show an output on the stage, in the way it is looked at. */
export function preview(chosen: PlanOutput): void {
  if (chosen === "anaglyph") eyes.value = "anaglyph";
  else if (eyes.value === "anaglyph" && output.value === "anaglyph") eyes.value = "one";
  output.value = chosen;
  view.value = "scene";
}

/** Change options, and show them where they do something: another output, or the picture at rest. */
export function changeInSight(changes: Readonly<Record<string, string | null>>): void {
  change(changes);
  const names = Object.keys(changes).filter((name) => changes[name] !== null);
  for (const name of names) {
    const option = optionNamed(name);
    if (!option?.previewed_by.length || option.previewed_by.includes(output.value)) continue;
    const [before, after] = [output.value, PREFERRED.find((one) => option.previewed_by.includes(one))!];
    preview(after);
    tell(texts.set.previewed(option.label, texts.look.output[before].label, texts.look.output[after].label));
  }
  if (names.some((name) => LENS.includes(name)) && isPlaying.value && canRest()) {
    isPlaying.value = false;
    tell(texts.set.rests);
  }
}

function canRest(): boolean {
  return Boolean(plan.value) && view.value === "scene";
}
