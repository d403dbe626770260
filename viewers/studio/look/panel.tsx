import { Choice } from "../parts/choice";
import { Icon } from "../parts/icon";
import { Switch } from "../parts/inputs";
import { output } from "../planning";
import { preview } from "../set/preview";
import { enterHeadset, isHeadset } from "../stage/headset";
import { chooseEyes, eyes, EYES, isDrawn, isTinted } from "../stage/playback";
import { plan, view } from "../state";
import { texts } from "../texts";
import type { PlanOutput } from "../types";
import { Comfort } from "./comfort";

const OUTPUTS: readonly PlanOutput[] = ["wiggle", "kenburns", "stereo", "anaglyph", "still"];

/** How the picture is shown: the move, the eyes, the comfort. */
export function LookPanel() {
  return (
    <div class="look-panel">
      <section aria-labelledby="outputs">
        <h2 id="outputs">{texts.look.outputs}</h2>
        <Choice
          look="cards"
          class="outputs"
          label={texts.look.outputs}
          value={output.value}
          items={OUTPUTS.map((value) => ({ value, ...texts.look.output[value] }))}
          choose={preview}
        />
      </section>
      <section aria-labelledby="eyes">
        <h3 id="eyes">{texts.stage.eyesLabel}</h3>
        <div class="eye-cards">
          <Choice
            look="cards"
            label={texts.stage.eyesLabel}
            value={eyes.value}
            items={EYES.map((value) => ({ value, label: texts.stage.eyes[value], icon: value }))}
            choose={(value) => {
              chooseEyes(value);
              view.value = "scene";
            }}
          />
          <button
            type="button"
            class="headset-card"
            disabled={!isDrawn.value}
            aria-label={texts.stage.headset}
            onClick={() => void enterHeadset()}
          >
            <Icon name="headset" />
            <span class="choice-label">{texts.look.headsetCard}</span>
          </button>
        </div>
        {isHeadset.value && <p class="help">{texts.look.headset}</p>}
      </section>
      <Comfort />
      <section>
        <Switch
          label={texts.stage.invented}
          isOn={isTinted.value}
          disabled={!isDrawn.value}
          change={(is) => (isTinted.value = is)}
          describedBy="invented-help"
        />
        <p class="help" id="invented-help">
          {texts.look.invented}
        </p>
      </section>
      <Explanation />
    </div>
  );
}

/** What kbvr chose for this photo, and why. */
function Explanation() {
  const { explanation = [], warnings = [] } = plan.value ?? {};
  if (!explanation.length && !warnings.length) return null;
  return (
    <details class="group">
      <summary>
        {texts.look.explanation}
        <Icon name="down" />
      </summary>
      <ul class="explanation">
        {[...warnings, ...explanation].map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
    </details>
  );
}
