import { useSignal } from "@preact/signals";
import { useId } from "preact/hooks";

interface SwitchProps {
  readonly label: string;
  readonly isOn: boolean;
  readonly change: (isOn: boolean) => void;
  readonly disabled?: boolean;
  readonly describedBy?: string;
}

/** Something that is on or off. */
export function Switch({ label, isOn, change, disabled, describedBy }: SwitchProps) {
  return (
    <label class="switch">
      <input
        type="checkbox"
        role="switch"
        checked={isOn}
        disabled={disabled ?? false}
        onChange={(event) => change(event.currentTarget.checked)}
        {...(describedBy && { "aria-describedby": describedBy })}
      />
      <span class="switch-label">{label}</span>
    </label>
  );
}

interface TypedProps {
  readonly value: string;
  readonly put: (text: string) => void;
  readonly describedBy: string;
  readonly isWrong: boolean;
  readonly id?: string;
  /** For fields whose label is not on the page. */
  readonly label?: string;
  readonly placeholder?: string;
  readonly isNumber?: boolean;
}

/** A text that is typed: what is not entered yet stays, whatever changes on the page meanwhile. */
export function Typed({ value, put, describedBy, isWrong, id, label, placeholder, isNumber }: TypedProps) {
  const draft = useSignal<string | undefined>(undefined);
  const enter = (text: string) => {
    draft.value = undefined;
    put(text.trim());
  };
  return (
    <input
      type="text"
      value={draft.value ?? value}
      aria-describedby={describedBy}
      aria-invalid={isWrong}
      onInput={(event) => (draft.value = event.currentTarget.value)}
      onChange={(event) => enter(event.currentTarget.value)}
      onBlur={() => (draft.value = undefined)}
      {...(id && { id })}
      {...(label && { "aria-label": label })}
      {...(placeholder && { placeholder })}
      {...(isNumber && { inputMode: "decimal" as const })}
    />
  );
}

interface SliderProps {
  readonly label: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly step: number;
  /** The value in words. */
  readonly text: string;
  readonly change: (value: number) => void;
  readonly isLabelHidden?: boolean;
}

/** A number within a range, which is dragged. */
export function Slider({ label, value, min, max, step, text, change, isLabelHidden }: SliderProps) {
  const id = useId();
  const share = Math.max(0, Math.min(1, (value - min) / (max - min || 1)));
  return (
    <div class="slider">
      <label for={id} class={isLabelHidden ? "unseen" : ""}>
        {label}
      </label>
      {!isLabelHidden && <output for={id}>{text}</output>}
      <input
        id={id}
        type="range"
        min={min}
        max={max}
        step={step}
        value={value}
        aria-valuetext={text}
        style={{ "--share": share }}
        onInput={(event) => change(event.currentTarget.valueAsNumber)}
      />
    </div>
  );
}
