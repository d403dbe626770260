import { texts } from "../texts";
import type { ProjectState } from "../types";
import { exported, togglePicked } from "./choice";

/** A box on a photo of the strip: several can be exported together. */
export function PickBox({ project: { id, name, stage } }: { readonly project: ProjectState }) {
  return (
    <label class="pick">
      <input
        type="checkbox"
        aria-label={texts.export.pick(name)}
        checked={exported.value.includes(id)}
        disabled={stage === "failed"}
        onChange={() => togglePicked(id)}
      />
    </label>
  );
}
