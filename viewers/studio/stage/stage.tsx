import { current } from "../state";
import { texts } from "../texts";

/** The picture of the current project. */
export function Stage() {
  return (
    <div class="stage-view" role="group" aria-label={texts.stage.label}>
      {current.value?.name}
    </div>
  );
}
