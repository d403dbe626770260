import { useEffect, useRef } from "preact/hooks";

import { addressOf } from "../api";
import { contained, useSize } from "../stage/box";
import { ProgressCard } from "../stage/progress_card";
import { current } from "../state";
import { texts } from "../texts";
import { Brushing } from "./brushing";
import { DepthCanvas } from "./depth_canvas";
import { Inset } from "./inset";
import { edit, followDepth } from "./session";
import { StageBar } from "./stage_bar";
import { obeyMendKeys } from "./shortcuts";
import { limitTo, showWhole, zoomed } from "./zoom";

/** The stage while the depth is mended: the photo, its depth over it, and the scene beside it. */
export function MendStage() {
  const project = current.value;
  const area = useRef<HTMLDivElement>(null);
  const size = useSize(area);
  const id = project?.id;
  useEffect(() => followDepth(), []);
  useEffect(() => obeyMendKeys(), []);
  useEffect(() => showWhole(), [id]);
  const [width, height] = edit.value?.size ?? project?.working_px ?? project?.size_px ?? [3, 2];
  const [w, h] = contained(width / Math.max(1, height), size);
  useEffect(() => limitTo(w, h), [w, h]);
  if (!project) return null;
  const { scale, x, y } = zoomed.value;
  const isOpen = edit.value?.id === project.id;
  return (
    <div class="stage-view mend-stage" role="group" aria-label={texts.mend.stage}>
      <StageBar />
      <div class="stage-area mend-area" ref={area}>
        <div
          class="paper"
          style={{ width: `${w}px`, height: `${h}px`, transform: `translate(${x}px, ${y}px) scale(${scale})` }}
        >
          {project.size_px && (
            <img class="over" src={addressOf(`projects/${project.id}/photo.jpg`)} alt="" draggable={false} />
          )}
          {isOpen && <DepthCanvas edit={edit.value!} />}
          {isOpen && <Brushing size={[w, h]} />}
        </div>
        <Inset aspect={width / Math.max(1, height)} room={size} />
      </div>
      <ProgressCard project={project} />
    </div>
  );
}
