import { useSignal } from "@preact/signals";

import { Button, IconButton } from "../parts/button";
import type { IconName } from "../parts/icon";
import { texts } from "../texts";
import { act, canResize, clear, invert, nudge, protect, pull, release, resize, type RegionAction } from "./actions";
import { guarded, selection } from "./session";

const ACTIONS: readonly (readonly [RegionAction, IconName])[] = [
  ["upright", "upright"],
  ["flatten", "flatten"],
  ["plane", "plane"],
  ["cut-out", "cut"],
  ["infinity", "sky"],
];
/** The distance slider goes from a quarter to four times the distance. */
const DOUBLINGS = 2;
const LARGER = 1.35;
const NUDGE = 1.15;

/** What can be done with the selection. */
export function SelectionTools() {
  const isSelected = selection.value !== null;
  return (
    <section class={`selection-tools ${isSelected ? "" : "empty"}`} aria-labelledby="selection">
      <div class="panel-head">
        <h3 id="selection">{texts.mend.selection}</h3>
        {isSelected && (
          <div class="selection-head">
            <IconButton
              class="small"
              icon="minus"
              label={texts.mend.selectLess}
              disabled={!canResize.value}
              onClick={() => resize(1 / LARGER)}
            />
            <IconButton
              class="small"
              icon="add"
              label={texts.mend.selectMore}
              disabled={!canResize.value}
              onClick={() => resize(LARGER)}
            />
            <IconButton class="small" icon="invert" label={texts.mend.invert} keys="I" onClick={invert} />
            <IconButton class="small" icon="close" label={texts.mend.clear} keys="Esc" onClick={clear} />
          </div>
        )}
      </div>
      {isSelected ? <Actions /> : <p class="help">{texts.mend.nothing}</p>}
      {guarded.value && !isSelected && (
        <Button icon="shield" class="wide" onClick={() => void protect(false)}>
          {texts.mend.unprotectAll}
        </Button>
      )}
    </section>
  );
}

function Actions() {
  return (
    <>
      <Distance />
      <div class="action-grid">
        {ACTIONS.map(([name, icon]) => (
          <Button key={name} icon={icon} onClick={() => void act(name)}>
            {texts.mend.actions[name]}
          </Button>
        ))}
        <Button icon="shield" onClick={() => void protect(true)}>
          {texts.mend.protect}
        </Button>
      </div>
      {guarded.value && (
        <Button icon="shield" class="quiet wide" onClick={() => void protect(false)}>
          {texts.mend.unprotect}
        </Button>
      )}
    </>
  );
}

/** Pulls the selection nearer and pushes it back; the slider returns to the middle when it is let go. */
function Distance() {
  const value = useSignal(0);
  const end = () => {
    if (!value.value) return;
    release();
    value.value = 0;
  };
  const text = texts.mend.distance(2 ** -value.value);
  return (
    <div class="distance">
      <div class="distance-head">
        <Button icon="farther" onClick={() => void nudge(NUDGE)}>
          {texts.mend.push}
        </Button>
        <Button icon="nearer" class="primary" onClick={() => void nudge(1 / NUDGE)}>
          {texts.mend.pull}
        </Button>
      </div>
      <input
        type="range"
        class="balance"
        aria-label={texts.mend.distanceLabel}
        aria-valuetext={text}
        min={-DOUBLINGS}
        max={DOUBLINGS}
        step={0.02}
        value={value.value}
        style={{ "--share": (value.value + DOUBLINGS) / (2 * DOUBLINGS) }}
        onInput={(event) => {
          value.value = event.currentTarget.valueAsNumber;
          pull(2 ** -value.value);
        }}
        onChange={end}
        onBlur={end}
      />
      <output class="help">{value.value ? text : texts.mend.dragIt}</output>
    </div>
  );
}
