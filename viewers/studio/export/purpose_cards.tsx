import { Icon } from "../parts/icon";
import { rove } from "../parts/keys";
import { texts } from "../texts";
import { purposes, togglePurpose } from "./choice";
import { PurposePicture } from "./pictures";
import { PURPOSES } from "./purposes";

/** What people make something for, as pictures; any number of them. */
export function PurposeCards() {
  return (
    <section aria-labelledby="purposes">
      <h2 id="purposes">{texts.export.purposes}</h2>
      <div class="purposes" role="group" aria-labelledby="purposes" onKeyDown={rove}>
        {PURPOSES.map((purpose, index) => {
          const isChosen = purposes.value.has(purpose);
          return (
            <button
              key={purpose}
              type="button"
              class="purpose"
              data-item
              data-purpose={purpose}
              aria-pressed={isChosen}
              tabIndex={index ? -1 : 0}
              onClick={() => togglePurpose(purpose)}
            >
              <PurposePicture purpose={purpose} />
              <span class="purpose-mark">{isChosen && <Icon name="tick" />}</span>
              <span class="purpose-name">{texts.export.purpose[purpose].label}</span>
              <span class="purpose-detail">{texts.export.purpose[purpose].detail}</span>
            </button>
          );
        })}
      </div>
    </section>
  );
}
