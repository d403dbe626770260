import { IconButton } from "../parts/button";
import { Choice } from "../parts/choice";
import { tool } from "../set/tool";
import { announce, current, view, VIEWS, type View } from "../state";
import { texts } from "../texts";
import { enterHeadset, isHeadset } from "./headset";
import { picture } from "./live";
import { isDrawn, isTinted } from "./playback";

/** What of the project is shown, and tools that belong to the picture: over the stage. */
export function TopBar() {
  const project = current.value;
  const has: Readonly<Record<View, boolean>> = {
    photo: true,
    depth: Boolean(project?.depth),
    layers: Boolean(project?.scene),
    scene: true,
  };
  const isScene = view.value === "scene" && isDrawn.value && !tool.value;
  return (
    <div class="top-bar">
      <Choice
        class="on-stage"
        label={texts.stage.viewsLabel}
        value={view.value}
        items={VIEWS.map((value) => ({ value, label: texts.stage.views[value], disabled: !has[value] }))}
        choose={(value) => {
          tool.value = null;
          view.value = value;
        }}
      />
      {isScene && (
        <div class="stage-tools" role="group" aria-label={texts.stage.tools}>
          <IconButton
            class="on-stage"
            icon="wand"
            label={texts.stage.invented}
            keys="I"
            isPressed={isTinted.value}
            onClick={() => (isTinted.value = !isTinted.value)}
          />
          <IconButton
            class="on-stage"
            icon="reset"
            label={texts.stage.recentre}
            keys="0"
            onClick={() => {
              picture.value?.recentre();
              announce(texts.stage.recentred);
            }}
          />
          <IconButton
            class={`on-stage ${isHeadset.value ? "" : "dim"}`}
            icon="headset"
            label={texts.stage.headset}
            keys="V"
            onClick={() => void enterHeadset()}
          />
        </div>
      )}
    </div>
  );
}
