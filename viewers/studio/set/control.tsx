import { useId } from "preact/hooks";

import { IconButton } from "../parts/button";
import { Slider, Switch, Typed } from "../parts/inputs";
import { change, problems } from "../settings";
import { options } from "../state";
import { texts } from "../texts";
import type { OptionSpec } from "../types";
import { automaticOf } from "./automatic";
import { helpOf, labelOf } from "./help";
import { changeInSight } from "./preview";
import { SuggestedField } from "./suggested_field";

/** Ranges up to this many steps are sliders. */
const SLIDER_STEPS_MAX = 400;

interface ControlProps {
  readonly option: OptionSpec;
}

/** The control of one option: what it does, its value, what is wrong with it, and its default. */
export function Control({ option }: ControlProps) {
  const id = useId();
  const { name, label, kind } = option;
  const text = options.value[name];
  const problem = problems.value[name];
  const isChanged = text !== undefined;
  const help = helpOf(option.help, option.choices ?? []);
  const chosen = (text ?? option.default ?? "").split(",").filter((choice) => help.choices[choice]);
  const put = (value: string) => changeInSight({ [name]: value === "" || value === option.default ? null : value });
  const described = `${id}-help${problem ? ` ${id}-problem` : ""}`;
  const field = { id, option, automatic: automaticOf(name), text, put, described, isWrong: Boolean(problem) };
  return (
    <div class={`control ${isChanged ? "changed" : ""}`} data-option={name}>
      <div class="control-head">
        {kind !== "switch" && kind !== "list" && (
          <label for={id}>
            {label}
            {option.unit && <span class="unit"> {option.unit}</span>}
          </label>
        )}
        {kind === "switch" && <SwitchField {...field} />}
        {kind === "list" && <span id={id}>{label}</span>}
        {isChanged && (
          <IconButton
            class="small"
            icon="reset"
            label={texts.set.resetOne(label)}
            onClick={() => change({ [name]: null })}
          />
        )}
      </div>
      {kind === "choice" && <ChoiceField {...field} />}
      {kind === "list" && <ListField {...field} />}
      {(kind === "number" || kind === "integer") && <NumberField {...field} />}
      {(kind === "text" || kind === "file") && (option.choices?.length ? <SuggestedField {...field} /> : <TextField {...field} />)}
      {problem && (
        <p class="problem" id={`${id}-problem`} role="alert">
          {problem}
        </p>
      )}
      <p class="help" id={`${id}-help`}>
        {help.about}
        {kind !== "switch" && !isChanged && option.default === null && option.default_text && (
          <span class="chosen-help">{texts.set.automatic(option.default_text)}</span>
        )}
        {chosen.length > 0 && (
          <span class="chosen-help">{chosen.map((choice) => texts.set.choiceHelp(labelOf(option, choice), help.choices[choice]!))}</span>
        )}
      </p>
    </div>
  );
}

export interface FieldProps {
  readonly id: string;
  readonly option: OptionSpec;
  readonly automatic: number | undefined;
  readonly text: string | undefined;
  readonly put: (text: string) => void;
  readonly described: string;
  readonly isWrong: boolean;
}

function SwitchField({ option, text, put, described }: FieldProps) {
  const isOn = text !== undefined ? isYes(text) : isYes(option.default ?? "");
  return <Switch label={option.label} isOn={isOn} change={(is) => put(is ? "yes" : "no")} describedBy={described} />;
}

function isYes(text: string): boolean {
  return ["yes", "true", "1", "on"].includes(text.toLowerCase());
}

function ChoiceField({ id, option, text, put, described, isWrong }: FieldProps) {
  const automatic = option.default === null || !option.choices?.includes(option.default);
  return (
    <select
      id={id}
      value={text ?? option.default ?? ""}
      aria-describedby={described}
      aria-invalid={isWrong}
      onChange={(event) => put(event.currentTarget.value)}
    >
      {automatic && <option value="">{texts.set.none}</option>}
      {option.choices?.map((choice) => (
        <option key={choice} value={choice}>
          {labelOf(option, choice)}
        </option>
      ))}
    </select>
  );
}

function ListField({ id, option, text, put, described }: FieldProps) {
  const chosen = new Set((text ?? option.default ?? "").split(",").filter(Boolean));
  const toggle = (choice: string) => {
    const next = option.choices?.filter((one) => (one === choice) !== chosen.has(one)) ?? [];
    put(next.join(","));
  };
  return (
    <div class="chips" role="group" aria-labelledby={id} aria-describedby={described}>
      {option.choices?.map((choice) => (
        <label key={choice} class="chip">
          <input type="checkbox" checked={chosen.has(choice)} onChange={() => toggle(choice)} />
          <span>{labelOf(option, choice)}</span>
        </label>
      ))}
    </div>
  );
}

function NumberField(field: FieldProps) {
  const { id, option, text, put, described, isWrong } = field;
  const { minimum, maximum, kind } = option;
  const step = kind === "integer" ? 1 : stepOf(minimum, maximum);
  const value = text ?? option.default ?? "";
  const automatic = field.automatic ?? parseFloat(option.default_text);
  const isExact = field.automatic !== undefined || Number(option.default_text) === automatic;
  const placeholder = isExact ? texts.set.automaticNumber(automatic) : texts.set.none;
  const isSlid = minimum != null && maximum != null && (maximum - minimum) / step <= SLIDER_STEPS_MAX;
  return (
    <div class="number">
      {isSlid && (
        <Slider
          label={option.label}
          isLabelHidden
          value={value !== "" ? Number(value) : Number.isFinite(automatic) ? automatic : minimum}
          min={minimum}
          max={maximum}
          step={step}
          text={value || placeholder}
          change={(next) => put(String(next))}
        />
      )}
      <Typed
        id={id}
        isNumber
        value={value}
        placeholder={placeholder}
        describedBy={described}
        isWrong={isWrong}
        put={put}
      />
    </div>
  );
}

function stepOf(minimum: number | null | undefined, maximum: number | null | undefined): number {
  const range = (maximum ?? 1) - (minimum ?? 0);
  return range <= 2 ? 0.01 : range <= 40 ? 0.1 : 1;
}

function TextField({ id, option, text, put, described, isWrong }: FieldProps) {
  return (
    <Typed
      id={id}
      value={text ?? option.default ?? ""}
      placeholder={texts.set.none}
      describedBy={described}
      isWrong={isWrong}
      put={put}
    />
  );
}
