import { useEffect } from "preact/hooks";

import { IconButton } from "../parts/button";
import { drawingProblem, picture } from "../stage/live";
import { LiveCanvas } from "../stage/live_canvas";
import { eyes, isPlaying } from "../stage/playback";
import { current } from "../state";
import { texts } from "../texts";
import type { Size } from "../types";
import { edit } from "./session";
import { insetSize, toggleInset } from "./tools";

const SMALL_PX = 260;
const LARGE_PX = 520;
const LEAST_PX = 104;
/** The most of the stage's width, and of its height, that the small picture takes. */
const SHARE = [0.34, 0.46] as const;

/** The scene, which swings, so that a person sees at once what a stroke has done. */
export function Inset({ aspect, room }: { readonly aspect: number; readonly room: Size }) {
  useEffect(() => {
    const [before, wasPlaying] = [eyes.peek(), isPlaying.peek()];
    eyes.value = "wiggle";
    isPlaying.value = false;
    picture.peek()?.recentre();
    return () => {
      eyes.value = before;
      isPlaying.value = wasPlaying;
    };
  }, []);
  const project = current.value;
  if (!project?.scene || drawingProblem.value) return null;
  const size = insetSize.value;
  if (size === "hidden") {
    return (
      <div class="inset-closed">
        <IconButton class="on-stage" icon="picture" label={texts.mend.insetShow} keys="H" onClick={toggleInset} />
      </div>
    );
  }
  const isLarge = size === "large";
  const width = widthOf(aspect, room, isLarge);
  const height = Math.round(width / aspect);
  const isBehind = (project.depth?.revision ?? 0) < (edit.value?.revision ?? 0) || project.stage !== "ready";
  return (
    <figure class={`inset ${isBehind ? "behind" : ""}`} style={{ width: `${width}px` }}>
      <div style={{ width: `${width}px`, height: `${height}px` }}>
        <LiveCanvas width={width} height={height} isStill />
      </div>
      <figcaption>{texts.mend.inset}</figcaption>
      <div class="inset-tools">
        <IconButton
          class="small"
          icon={isLarge ? "minus" : "add"}
          label={isLarge ? texts.mend.insetSmaller : texts.mend.insetLarger}
          onClick={() => (insetSize.value = isLarge ? "small" : "large")}
        />
        <IconButton class="small" icon="close" label={texts.mend.insetHide} keys="H" onClick={toggleInset} />
      </div>
    </figure>
  );
}

/** Return the width of the picture, which leaves most of the stage to the photo; wide enough for its buttons. */
function widthOf(aspect: number, [width, height]: Size, isLarge: boolean): number {
  const most = Math.min(width * SHARE[0], height * SHARE[1] * aspect) * (isLarge ? 1.6 : 1);
  const side = isLarge ? LARGE_PX : SMALL_PX;
  return Math.round(Math.max(LEAST_PX, Math.min(most, side * Math.min(1, aspect))));
}
