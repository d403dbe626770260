import { useEffect } from "preact/hooks";

import { IconButton } from "../parts/button";
import { drawingProblem, picture } from "../stage/live";
import { LiveCanvas } from "../stage/live_canvas";
import { eyes, isPlaying } from "../stage/playback";
import { current } from "../state";
import { texts } from "../texts";
import { edit } from "./session";
import { isInsetLarge } from "./tools";

const SMALL_PX = 260;
const LARGE_PX = 520;
const PHONE_PX = 148;

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
  const isPhone = matchMedia("(max-width: 760px)").matches;
  const side = isPhone ? PHONE_PX * (isInsetLarge.value ? 1.6 : 1) : isInsetLarge.value ? LARGE_PX : SMALL_PX;
  const width = Math.round(aspect >= 1 ? side : side * aspect);
  const height = Math.round(width / aspect);
  const revision = edit.value?.revision ?? 0;
  const isBehind = (project.depth?.revision ?? 0) < revision || project.stage !== "ready";
  return (
    <figure class={`inset ${isBehind ? "behind" : ""}`} style={{ width: `${width}px` }}>
      <div style={{ width: `${width}px`, height: `${height}px` }}>
        <LiveCanvas width={width} height={height} isStill />
      </div>
      <figcaption>{texts.mend.inset}</figcaption>
      <IconButton
        class="small"
        icon={isInsetLarge.value ? "minus" : "add"}
        label={isInsetLarge.value ? texts.mend.insetSmaller : texts.mend.insetLarger}
        onClick={() => (isInsetLarge.value = !isInsetLarge.value)}
      />
    </figure>
  );
}
