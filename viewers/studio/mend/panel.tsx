import type { Signal } from "@preact/signals";
import { useState } from "preact/hooks";

import { Button, IconButton } from "../parts/button";
import { Choice } from "../parts/choice";
import { Slider, Switch } from "../parts/inputs";
import { current } from "../state";
import { texts } from "../texts";
import { reset } from "./actions";
import { SelectionTools } from "./selection_tools";
import { edit, selection } from "./session";
import {
  BRUSHES,
  choose,
  followsEdges,
  hardness,
  how,
  HOWS,
  isBrush,
  LINE_USES,
  lineUse,
  MAX_RADIUS,
  MIN_RADIUS,
  POINTERS,
  radius,
  staysInside,
  strength,
  tool,
  TOOLS,
  usesPressure,
  type ToolName,
} from "./tools";

/** The tools that mend the depth. */
export function MendPanel() {
  if (!current.value?.depth) {
    return <p class="help">{current.value?.stage === "failed" ? texts.mend.never : texts.mend.notYet}</p>;
  }
  return (
    <div class="mend-panel">
      <div class="panel-head">
        <h2>{texts.mend.title}</h2>
        <ResetButton />
      </div>
      <p class="hint">{texts.mend.hint}</p>
      <Toolbar />
      {isBrush.value ? <BrushSettings /> : <PointerSettings />}
      <SelectionTools />
    </div>
  );
}

/** Returns to the automatic depth, after a question. */
function ResetButton() {
  const [isAsking, ask] = useState(false);
  if (!isAsking) {
    return (
      <Button icon="reset" class="quiet" disabled={!edit.value || !current.value?.depth?.is_mended} onClick={() => ask(true)}>
        {texts.mend.reset}
      </Button>
    );
  }
  return (
    <div class="confirm" role="group" aria-label={texts.mend.resetQuestion}>
      <Button
        class="quiet danger"
        onClick={() => {
          ask(false);
          void reset();
        }}
      >
        {texts.mend.resetYes}
      </Button>
      <IconButton class="small" icon="close" label={texts.mend.resetNo} onClick={() => ask(false)} />
    </div>
  );
}

function Toolbar() {
  const item = (value: ToolName) => ({ value, label: texts.mend.tools[value].label, icon: TOOLS[value].icon });
  const value = tool.value;
  return (
    <section class="mend-tools">
      <div>
        <h3>{texts.mend.pointers}</h3>
        <Choice<ToolName> look="cards" label={texts.mend.pointers} value={value} items={POINTERS.map(item)} choose={choose} />
      </div>
      <div>
        <h3>{texts.mend.brushes}</h3>
        <Choice<ToolName> look="cards" label={texts.mend.brushes} value={value} items={BRUSHES.map(item)} choose={choose} />
      </div>
      <p class="help tool-help">
        {texts.mend.tools[value].help} <kbd>{TOOLS[value].key.toUpperCase()}</kbd>
      </p>
    </section>
  );
}

const SHARE_STEP = 0.05;

/** A share of a brush, up to all of it. */
function Share({ label, of, min }: { readonly label: string; readonly of: Signal<number>; readonly min: number }) {
  const { value } = of;
  const change = (share: number) => (of.value = share);
  return <Slider {...{ label, value, min, change }} max={1} step={SHARE_STEP} text={texts.mend.percent(value)} />;
}

function BrushSettings() {
  const isStrong = tool.value !== "infinity";
  return (
    <section class="brush-settings">
      <Slider
        label={texts.mend.size}
        value={Math.log(radius.value)}
        min={Math.log(MIN_RADIUS)}
        max={Math.log(MAX_RADIUS)}
        step={0.01}
        text={texts.mend.sizeText(radius.value)}
        change={(value) => (radius.value = Math.exp(value))}
      />
      {isStrong && <Share label={texts.mend.strength} of={strength} min={SHARE_STEP} />}
      <Share label={texts.mend.hardness} of={hardness} min={0} />
      {tool.value !== "sharpen" && (
        <Switch label={texts.mend.edges} isOn={followsEdges.value} change={(is) => (followsEdges.value = is)} />
      )}
      {selection.value && (
        <Switch label={texts.mend.inside} isOn={staysInside.value} change={(is) => (staysInside.value = is)} />
      )}
      <Switch label={texts.mend.pressure} isOn={usesPressure.value} change={(is) => (usesPressure.value = is)} />
    </section>
  );
}

function PointerSettings() {
  if (tool.value === "line") {
    return (
      <Choice
        label={texts.mend.lineLabel}
        value={lineUse.value}
        items={LINE_USES.map((value) => ({ value, label: texts.mend.lineUses[value] }))}
        choose={(value) => (lineUse.value = value)}
      />
    );
  }
  return (
    <Choice
      label={texts.mend.howLabel}
      value={how.value}
      items={HOWS.map((value) => ({ value, label: texts.mend.hows[value] }))}
      choose={(value) => (how.value = value)}
    />
  );
}
