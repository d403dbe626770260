import { Button } from "../parts/button";
import { Choice } from "../parts/choice";
import { Icon } from "../parts/icon";
import { change, isSame } from "../settings";
import { current, options, schema } from "../state";
import { texts } from "../texts";
import type { OptionSpec, ProjectState } from "../types";
import { Control } from "./control";
import { tool, toggleTool, type Tool } from "./tool";

const STRENGTHS = ["gentle", "normal", "bold"] as const;
const ASPECTS = ["", "1:1", "4:5", "9:16", "16:9"] as const;

function optionNamed(name: string): OptionSpec | undefined {
  return schema.value?.groups.flatMap((group) => group.options).find((option) => option.name === name);
}

/** The control of an option, as soon as the options are known. */
function Named({ name, automatic }: { readonly name: string; readonly automatic?: number | undefined }) {
  const option = optionNamed(name);
  return option ? <Control option={option} automatic={automatic} /> : null;
}

/** Return the field of view of the photo's long side, in degrees. */
function fovOf(project: ProjectState | null): number | undefined {
  if (!project?.f_px || !project.working_px) return undefined;
  return (2 * Math.atan(Math.max(...project.working_px) / 2 / project.f_px) * 180) / Math.PI;
}

/** Sets of options for a device or a website. */
export function Presets() {
  const presets = Object.entries(schema.value?.presets ?? {});
  const outputs = new Set(schema.value?.outputs ?? []);
  const isChosen = (texts: Readonly<Record<string, string>>) =>
    Object.entries(texts).every(([name, text]) => options.value[name] === text);
  const choose = (chosen: Readonly<Record<string, string>>) => {
    const known = new Set([...presets.flatMap(([, one]) => Object.keys(one)), ...outputs]);
    const set = Object.keys(options.value).filter((name) => known.has(name));
    const cleared = Object.fromEntries(set.map((name) => [name, null]));
    change(isChosen(chosen) ? cleared : { ...cleared, ...chosen });
  };
  return (
    <section aria-labelledby="presets">
      <h3 id="presets">{texts.set.presets}</h3>
      <div class="preset-cards">
        {presets.map(([name, one]) => (
          <button key={name} type="button" class="preset" aria-pressed={isChosen(one)} onClick={() => choose(one)}>
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
      <Named name="fov_deg" automatic={fovOf(current.value)} />
    </section>
  );
}

/** What a lens adds. */
export function Lens() {
  return (
    <section aria-labelledby="lens">
      <h3 id="lens">{texts.set.lens}</h3>
      <ToolButton name="focus" />
      <Named name="aperture_percent" />
    </section>
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
