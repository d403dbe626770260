import { mode, MODES, type Mode } from "./state";
import { texts } from "./texts";

const STEPS: Readonly<Record<string, number>> = { ArrowLeft: -1, ArrowRight: 1 };

/** The tabs of the panel. */
export function Tabs() {
  const move = (event: KeyboardEvent) => {
    const step = STEPS[event.key];
    if (!step) return;
    event.preventDefault();
    const index = (MODES.indexOf(mode.value) + step + MODES.length) % MODES.length;
    mode.value = MODES[index] as Mode;
    document.getElementById(`tab-${mode.value}`)?.focus();
  };
  return (
    <div class="tabs" role="tablist" aria-label={texts.app.panel} onKeyDown={move}>
      {MODES.map((name) => (
        <button
          key={name}
          id={`tab-${name}`}
          role="tab"
          aria-selected={mode.value === name}
          aria-controls="panel"
          tabIndex={mode.value === name ? 0 : -1}
          onClick={() => (mode.value = name)}
        >
          {texts.app.modes[name]}
        </button>
      ))}
    </div>
  );
}
