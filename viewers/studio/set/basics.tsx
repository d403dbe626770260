import { choosePreset } from "../export/choice";
import { Button, IconButton } from "../parts/button";
import { Choice } from "../parts/choice";
import { Icon } from "../parts/icon";
import { change, isSame } from "../settings";
import { options, plan, schema } from "../state";
import { texts } from "../texts";
import type { Options, PlanOutput } from "../types";
import { Control } from "./control";
import { optionNamed, preview } from "./preview";
import { tool, toggleTool, type Tool } from "./tool";

const STRENGTHS = ["gentle", "normal", "bold"] as const;
const ASPECTS = ["", "1:1", "4:5", "9:16", "16:9"] as const;

/** The control of an option, as soon as the options are known. */
function Named({ name }: { readonly name: string }) {
  const option = optionNamed(name);
  return option ? <Control option={option} /> : null;
}

/** Outputs of presets that the stage can show. */
const PREVIEWS: readonly PlanOutput[] = ["stereo", "kenburns", "wiggle", "still"];

function withoutDefaults(chosen: Options): Options {
  return Object.fromEntries(Object.entries(chosen).filter(([name, text]) => optionNamed(name)?.default !== text));
}

/** Sets of options for a device or a website. */
export function Presets() {
  const presets = Object.entries(schema.value?.presets ?? {});
  const outputs = new Set(schema.value?.outputs ?? []);
  const valueOf = (name: string) => options.value[name] ?? optionNamed(name)?.default;
  const isChosen = (preset: Options) => Object.entries(preset).every(([name, text]) => valueOf(name) === text);
  const choose = (presetName: string, chosen: Options) => {
    const known = new Set([...presets.flatMap(([, one]) => Object.keys(one)), ...outputs]);
    const set = Object.keys(options.value).filter((name) => known.has(name));
    const cleared = Object.fromEntries(set.map((name) => [name, null]));
    const isNew = !isChosen(chosen);
    change(isNew ? { ...cleared, ...withoutDefaults(chosen) } : cleared);
    choosePreset(presetName, chosen, isNew);
    const shown = PREVIEWS.find((output) => output in chosen);
    if (isNew && shown) preview(shown);
  };
  return (
    <section aria-labelledby="presets">
      <h3 id="presets">{texts.set.presets}</h3>
      <div class="preset-cards">
        {presets.map(([name, one]) => (
          <button key={name} type="button" class="preset" aria-pressed={isChosen(one)} onClick={() => choose(name, one)}>
            <span class="preset-name">{texts.set.presetNames[name] ?? name}</span>
            <span class="preset-detail">{texts.set.presetDetails[name] ?? ""}</span>
          </button>
        ))}
      </div>
    </section>
  );
}

/** How large the move is. */
export function Strength() {
  return (
    <section aria-labelledby="strength">
      <h3 id="strength">{texts.set.strength}</h3>
      <Choice
        look="cards"
        label={texts.set.strength}
        value={(options.value["strength"] ?? "normal") as (typeof STRENGTHS)[number]}
        items={STRENGTHS.map((value) => ({
          value,
          label: texts.set.strengths[value].label,
          detail: texts.set.strengths[value].detail,
          picture: <span class={`swing ${value}`} aria-hidden="true" />,
        }))}
        choose={(value) => change({ strength: value === "normal" ? null : value })}
      />
    </section>
  );
}

/** How the camera moves, and from where to where. */
export function Move() {
  const hasCrops = options.value["from_crop"] !== undefined || options.value["to_crop"] !== undefined;
  return (
    <section aria-labelledby="move">
      <h3 id="move">{texts.set.move}</h3>
      <Named name="path" />
      <ToolButton name="crops" />
      {hasCrops && (
        <Button icon="reset" class="quiet" onClick={() => change({ from_crop: null, to_crop: null, path: null })}>
          {texts.set.crops.reset}
        </Button>
      )}
      <Named name="seconds" />
    </section>
  );
}

/** What is sharp, what is at the screen, and how much depth there is. */
export function Depth() {
  return (
    <section aria-labelledby="depth">
      <h3 id="depth">{texts.set.depth}</h3>
      <Named name="budget_percent" />
      <ToolButton name="screen" />
      <Named name="convergence_m" />
      <Named name="fov_deg" />
    </section>
  );
}

/** What a lens adds. */
export function Lens() {
  const hasFocus = options.value["focus"] !== undefined;
  return (
    <section aria-labelledby="lens">
      <h3 id="lens">{texts.set.lens}</h3>
      <ToolButton name="focus" />
      {hasFocus && <SharpAt />}
      <Named name="aperture_percent" />
      <p class="help">{texts.set.lensHelp}</p>
    </section>
  );
}

/** What was clicked to be sharp, and a way back. */
function SharpAt() {
  const focus_m = plan.value?.lens?.focus_m;
  return (
    <p class="chosen-place">
      <span>{focus_m === undefined ? texts.set.sharpSomewhere : texts.set.sharpAt(focus_m)}</span>
      <IconButton
        class="small"
        icon="close"
        label={texts.set.sharpReset}
        onClick={() => change({ focus: null })}
      />
    </p>
  );
}

/** The shape of the picture. */
export function Aspect() {
  const text = options.value["aspect"] ?? "";
  const items = ASPECTS.some((one) => one === text) ? ASPECTS : [...ASPECTS, text];
  return (
    <section aria-labelledby="aspect">
      <h3 id="aspect">{texts.set.aspect}</h3>
      <Choice
        look="cards"
        class="aspects"
        label={texts.set.aspect}
        value={text}
        items={items.map((value) => ({ value, label: value || texts.set.asPhoto, picture: <Shape aspect={value} /> }))}
        choose={(value) => change({ aspect: value || null })}
      />
    </section>
  );
}

function Shape({ aspect }: { readonly aspect: string }) {
  const [width, height] = (aspect || "3:2").split(":").map(Number) as [number, number];
  const scale = 22 / Math.max(width, height);
  const style = { width: `${width * scale}px`, height: `${height * scale}px` };
  return (
    <span class="shape" aria-hidden="true">
      <span style={style} />
    </span>
  );
}

const TOOL_ICONS = Object.freeze({ crops: "crop", focus: "focus", screen: "screen" } as const);

/** Begins or ends a tool on the photo. */
function ToolButton({ name }: { readonly name: Tool }) {
  const isOn = tool.value === name;
  return (
    <div class="tool">
      <button type="button" class="button wide" aria-pressed={isOn} onClick={() => toggleTool(name)}>
        <Icon name={TOOL_ICONS[name]} />
        {isOn ? texts.set.tools[name].end : texts.set.tools[name].label}
      </button>
      <p class="help">{isOn ? texts.set.tools[name].how : texts.set.tools[name].about}</p>
    </div>
  );
}

/** Returns everything to its default. */
export function ResetAll() {
  if (isSame(options.value, {})) return null;
  return (
    <Button
      icon="reset"
      class="quiet"
      onClick={() => change(Object.fromEntries(Object.keys(options.value).map((name) => [name, null])))}
    >
      {texts.set.resetAll}
    </Button>
  );
}
