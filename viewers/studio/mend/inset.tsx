import { useEffect } from "preact/hooks";

import { IconButton } from "../parts/button";
import { drawingProblem, picture } from "../stage/live";
import { LiveCanvas } from "../stage/live_canvas";
import { eyes, isPlaying } from "../stage/playback";
import { current } from "../state";
import { texts } from "../texts";
import { edit } from "./session";
import { insetSize, toggleInset } from "./tools";

const SMALL_PX = 260;
const LARGE_PX = 520;
const PHONE_PX = 132;

/** The scene, which swings, so that a person sees at once what a stroke has done. */
export function Inset({ aspect }: { readonly aspect: number }) {
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
  const isPhone = matchMedia("(max-width: 760px)").matches;
  const side = isPhone ? PHONE_PX * (isLarge ? 1.6 : 1) : isLarge ? LARGE_PX : SMALL_PX;
  const width = Math.round(aspect >= 1 ? side : side * aspect);
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
