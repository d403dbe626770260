import { texts } from "../texts";
import { AllOptions } from "./all_options";
import { Aspect, Depth, Lens, Move, Presets, ResetAll, Strength } from "./basics";

/** The options of the project. */
export function SetPanel() {
  return (
    <div class="set-panel">
      <div class="panel-head">
        <h2>{texts.set.title}</h2>
        <ResetAll />
      </div>
      <Strength />
      <Move />
      <Depth />
      <Lens />
      <Aspect />
      <Presets />
      <h3>{texts.set.all}</h3>
      <AllOptions />
    </div>
  );
}
