import { Icon } from "./parts/icon";
import { rove } from "./parts/keys";
import { mode, MODES } from "./state";
import { texts } from "./texts";

/** The tabs of the panel. */
export function Tabs() {
  return (
    <div class="tabs" role="tablist" aria-label={texts.app.panel} onKeyDown={rove}>
      {MODES.map((name) => (
        <button
          key={name}
          type="button"
          data-item
          id={`tab-${name}`}
          role="tab"
          aria-selected={mode.value === name}
          aria-controls="panel"
          tabIndex={mode.value === name ? 0 : -1}
          onClick={() => (mode.value = name)}
        >
          <Icon name={name} />
          {texts.app.modes[name]}
        </button>
      ))}
    </div>
  );
}
