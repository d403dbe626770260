import { useId } from "preact/hooks";

import { Icon } from "../parts/icon";
import { Switch } from "../parts/inputs";
import { schema } from "../state";
import { texts } from "../texts";
import type { OptionSpec } from "../types";
import { formats, put } from "./choice";

/** Every output that kbvr knows; what is chosen here is made together. */
export function MoreFormats() {
  const outputs = schema.value?.groups[0]?.options ?? [];
  const count = Object.keys(formats.value).length;
  return (
    <details class="group more-formats">
      <summary>
        {texts.export.more}
        {count > 0 && <span class="badge">{texts.export.moreChosen(count)}</span>}
        <Icon name="down" />
      </summary>
      {outputs.map((option) => (
        <Format key={option.name} option={option} />
      ))}
    </details>
  );
}

function Format({ option }: { readonly option: OptionSpec }) {
  const id = useId();
  const { name, label, kind, help } = option;
  return (
    <div class="control" data-format={name}>
      {kind === "switch" ? (
        <Switch
          label={label}
          isOn={formats.value[name] === "yes"}
          change={(isOn) => put(formats, name, isOn ? "yes" : "")}
          describedBy={id}
        />
      ) : (
        <Kinds option={option} describedBy={id} />
      )}
      <p class="help" id={id}>
        {help}
      </p>
    </div>
  );
}

/** The kinds of an output, of which any number are chosen. */
function Kinds({ option, describedBy }: { readonly option: OptionSpec; readonly describedBy: string }) {
  const { name, label, choices } = option;
  const chosen = (formats.value[name] ?? "").split(",").filter(Boolean);
  const toggle = (kind: string) => {
    const after = chosen.includes(kind) ? chosen.filter((one) => one !== kind) : [...chosen, kind];
    put(formats, name, after.join());
  };
  return (
    <fieldset aria-describedby={describedBy}>
      <legend class="control-head">{label}</legend>
      <div class="chips">
        {(choices ?? []).map((kind) => (
          <label key={kind} class="chip">
            <input type="checkbox" checked={chosen.includes(kind)} onChange={() => toggle(kind)} />
            <span>{kind}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
