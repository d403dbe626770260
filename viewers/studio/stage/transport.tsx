import { IconButton } from "../parts/button";
import { Choice } from "../parts/choice";
import { tool } from "../set/tool";
import { plan, view } from "../state";
import { texts } from "../texts";
import { canPlay, chooseEyes, eyes, EYES, frame, frameCount, isDrawn, isPlaying } from "./playback";

export function togglePlay(): void {
  if (canPlay.value) isPlaying.value = !isPlaying.value;
}

/** Plays the move, and chooses how two eyes see it, or says what a tool on the photo wants: below the picture. */
export function Transport() {
  if (tool.value) {
    return (
      <div class="transport">
        <p class="tool-how">{texts.set.tools[tool.value].how}</p>
      </div>
    );
  }
  if (view.value !== "scene" || !isDrawn.value) return <div class="transport" />;
  return (
    <div class="transport" role="group" aria-label={texts.stage.transport}>
      {canPlay.value && <Scrubber />}
      <Choice
        class="on-stage eyes"
        look="icons"
        label={texts.stage.eyesLabel}
        value={eyes.value}
        items={EYES.map((value) => ({ value, label: texts.stage.eyes[value], icon: value }))}
        choose={chooseEyes}
      />
    </div>
  );
}

function Scrubber() {
  const fps = plan.value?.fps ?? 25;
  const seconds = (count: number) => texts.stage.seconds(count / fps);
  return (
    <>
      <IconButton
        class="on-stage"
        icon={isPlaying.value ? "pause" : "play"}
        label={isPlaying.value ? texts.stage.pause : texts.stage.play}
        keys={texts.keys.space}
        onClick={togglePlay}
      />
      <input
        class="scrubber"
        type="range"
        min={0}
        max={frameCount.value - 1}
        step={1}
        value={frame.value}
        aria-label={texts.stage.scrubber}
        aria-valuetext={seconds(frame.value)}
        style={{ "--share": frame.value / Math.max(1, frameCount.value - 1) }}
        onInput={(event) => {
          isPlaying.value = false;
          frame.value = event.currentTarget.valueAsNumber;
        }}
      />
      <span class="time" aria-hidden="true">
        {seconds(frame.value)} / {seconds(frameCount.value)}
      </span>
    </>
  );
}
