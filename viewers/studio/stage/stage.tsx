import { useEffect, useRef, useState } from "preact/hooks";

import { addressOf } from "../api";
import { tool } from "../set/tool";
import { CropTool } from "../set/crop_tool";
import { PickTool } from "../set/pick_tool";
import { localPhotos } from "../start/uploads";
import { current, options, plan, view, type View } from "../state";
import { texts } from "../texts";
import type { PlanState, ProjectState, Size } from "../types";
import { contained, useSize } from "./box";
import { Finish } from "./finish";
import { Hint } from "./hint";
import { LayersView } from "./layers_view";
import { LiveCanvas } from "./live_canvas";
import { drawingProblem } from "./live";
import { eyes, isDrawn } from "./playback";
import { ProgressCard } from "./progress_card";
import { TopBar } from "./top_bar";
import { Transport } from "./transport";

/** The picture of the current project, and what plays it. */
export function Stage() {
  const project = current.value;
  const area = useRef<HTMLDivElement>(null);
  const size = useSize(area);
  const [natural, setNatural] = useState<Size>([3, 2]);
  if (!project) return null;
  const shown = shownView(project);
  const photoSize = project.size_px ?? natural;
  const isPair = eyes.value === "sbs" || eyes.value === "cross";
  const [width, height] = (shown === "scene" && plan.value?.size_px) || photoSize;
  const [w, h] = contained((width / height) * (shown === "scene" && isPair ? 2 : 1), size);
  return (
    <div class="stage-view" role="group" aria-label={texts.stage.label}>
      <TopBar />
      <div class="stage-area" ref={area}>
        <div class="paper" style={{ width: `${w}px`, height: `${h}px` }} data-view={shown}>
          <Pictures project={project} shown={shown} measured={setNatural} />
          {shown === "scene" && <LiveCanvas width={w} height={h} />}
          {shown === "scene" && isDrawn.value && <Finish />}
          {shown === "scene" && isDrawn.value && <Hint />}
          {shown === "photo" && plan.value?.crop && <CropFrame crop={plan.value.crop} />}
          {tool.value === "crops" && <CropTool />}
          {(tool.value === "focus" || tool.value === "screen") && <PickTool key={tool.value} />}
        </div>
      </div>
      <ProgressCard project={project} />
      {drawingProblem.value && view.value === "scene" && <p class="stage-note">{drawingProblem.value}</p>}
      <Transport />
    </div>
  );
}

/** Return the view that can be shown now: the photo until there is more. */
function shownView({ depth, scene }: ProjectState): View {
  if (tool.value) return "photo";
  if (view.value === "depth" && depth) return "depth";
  if (view.value === "layers" && scene) return "layers";
  if (view.value === "scene" && scene && !drawingProblem.value) return "scene";
  return "photo";
}

/** The part of the photo that is used, if its shape is another. */
function CropFrame({ crop: [x, y, width, height] }: { readonly crop: NonNullable<PlanState["crop"]> }) {
  const percent = (value: number) => `${100 * value}%`;
  const style = { left: percent(x), top: percent(y), width: percent(width), height: percent(height) };
  return <div class="crop-frame" style={style} />;
}

interface PicturesProps {
  readonly project: ProjectState;
  readonly shown: View;
  readonly measured: (size: Size) => void;
}

/** The photo, which is below everything else until that is there, and the pictures of its depth. */
function Pictures({ project, shown, measured }: PicturesProps) {
  const { id, name, depth } = project;
  const isCovered = shown === "scene" && isDrawn.value;
  return (
    <>
      {shown !== "layers" && !isCovered && <Photo key={id} id={id} name={name} measured={measured} />}
      {shown === "depth" && (
        <img
          class="over"
          src={addressOf(`projects/${id}/depth.png?revision=${depth!.revision}`)}
          alt={texts.stage.depthOf(name)}
          draggable={false}
        />
      )}
      {shown === "layers" && <LayersView project={project} />}
    </>
  );
}

const READ = new Set(["depth", "triangles", "ready"]);

/** The photo: this browser's own copy at first, because it is there at once. */
function Photo({ id, name, measured }: { id: string; name: string; measured: (size: Size) => void }) {
  const [isBroken, setBroken] = useState(false);
  const stage = current.value?.stage ?? "waiting";
  const local = isBroken || "colorize" in options.value ? undefined : localPhotos.get(id);
  const revision = current.value?.depth?.revision ?? 0;
  const isRead = READ.has(stage) || Boolean(current.value?.size_px);
  const src = local ?? (isRead ? addressOf(`projects/${id}/photo.jpg?revision=${revision}`) : undefined);
  useEffect(() => setBroken(false), [id]);
  if (!src) return <div class="no-photo" />;
  return (
    <img
      class="over"
      src={src}
      alt={name}
      draggable={false}
      onLoad={({ currentTarget: { naturalWidth, naturalHeight } }) => measured([naturalWidth, naturalHeight])}
      onError={() => local && setBroken(true)}
    />
  );
}
