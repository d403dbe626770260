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
