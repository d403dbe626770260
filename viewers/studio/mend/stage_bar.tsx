import { IconButton } from "../parts/button";
import { Slider } from "../parts/inputs";
import { texts } from "../texts";
import { redo, undo } from "./actions";
import { edit, isBusy } from "./session";
import { isComparing, overlay } from "./tools";
import { enlarge, showWhole, zoomed } from "./zoom";

const STEP = 1.5;

/** Undo and redo, how much depth lies over the photo, and the zoom: over the stage. */
export function StageBar() {
  const { scale } = zoomed.value;
  return (
    <div class="top-bar mend-bar">
      <div class="stage-tools start" role="group" aria-label={texts.mend.history}>
        <IconButton
          class="on-stage"
          icon="undo"
          label={texts.app.undo}
          keys="Ctrl Z"
          disabled={!edit.value?.canUndo}
          onClick={() => void undo()}
        />
        <IconButton
          class="on-stage"
          icon="redo"
          label={texts.app.redo}
          keys="Ctrl Shift Z"
          disabled={!edit.value?.canRedo}
          onClick={() => void redo()}
        />
        <CompareButton />
        <span class={`busy ${isBusy.value ? "now" : ""}`} aria-hidden="true" />
      </div>
      <div class="overlay-slider">
        <span aria-hidden="true">{texts.stage.views.photo}</span>
        <Slider
          isLabelHidden
          label={texts.mend.overlay}
          value={overlay.value}
          min={0}
          max={1}
          step={0.05}
          text={texts.mend.percent(overlay.value)}
          change={(value) => (overlay.value = value)}
        />
        <span aria-hidden="true">{texts.stage.views.depth}</span>
      </div>
      <div class="stage-tools" role="group" aria-label={texts.mend.zoom}>
        <IconButton
          class="on-stage"
          icon="minus"
          label={texts.mend.zoomOut}
          keys="-"
          disabled={scale === 1}
          onClick={() => enlarge(1 / STEP)}
        />
        <button type="button" class="zoom-level" title={`${texts.mend.whole} (0)`} onClick={showWhole}>
          <span class="unseen">{texts.mend.whole}, </span>
          {texts.mend.percent(scale)}
        </button>
        <IconButton class="on-stage" icon="add" label={texts.mend.zoomIn} keys="+" onClick={() => enlarge(STEP)} />
      </div>
    </div>
  );
}

/** Shows the automatic depth while it is held. */
function CompareButton() {
  const hold = (is: boolean) => () => (isComparing.value = is);
  return (
    <div
      class="compare"
      onPointerDown={hold(true)}
      onPointerUp={hold(false)}
      onPointerLeave={hold(false)}
      onPointerCancel={hold(false)}
      onKeyDown={(event) => (event.key === " " || event.key === "Enter") && hold(true)()}
      onKeyUp={hold(false)}
    >
      <IconButton
        class="on-stage"
        icon="look"
        label={texts.mend.compare}
        keys="X"
        isPressed={isComparing.value}
        onClick={() => undefined}
      />
    </div>
  );
}
