import { useId } from "preact/hooks";

import { schema } from "../state";
import { texts } from "../texts";
import { essentials, put, usedEssentials } from "./choice";
import type { Essential } from "./purposes";

/** The texts that are offered; an empty one leaves it to the purpose. */
const CHOICES: Readonly<Record<Essential, readonly string[]>> = Object.freeze({
  max_size: ["", "480x480", "720x720", "1280x1280", "1920x1920", "3840x3840", "8192x8192"],
  seconds: ["", "3", "6", "10", "15", "30"],
  quality: ["", "50", "75", "90", "100"],
  animate_as: ["", "gif", "webp", "mp4", "gif,mp4"],
});

/** Size, length and quality of what is exported. */
export function Essentials() {
  if (!usedEssentials.value.length) return null;
  return (
    <section class="essentials" aria-label={texts.export.essentials}>
      {usedEssentials.value.map((name) => (
        <Field key={name} name={name} />
      ))}
    </section>
  );
}

function Field({ name }: { readonly name: Essential }) {
  const id = useId();
  const help = schema.value?.groups.flatMap(({ options }) => options).find((option) => option.name === name)?.help;
  return (
    <div class="essential" title={help ?? ""}>
      <label for={id}>{texts.export.essential[name]}</label>
      <select
        id={id}
        name={name}
        value={essentials.value[name] ?? ""}
        onChange={(event) => put(essentials, name, event.currentTarget.value)}
      >
        {CHOICES[name].map((text) => (
          <option key={text} value={text}>
            {texts.export.essentialChoice(name, text)}
          </option>
        ))}
      </select>
    </div>
  );
}
