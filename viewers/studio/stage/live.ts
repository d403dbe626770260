import { effect, signal, untracked } from "@preact/signals";

import { parseScene } from "../../photo/scene/load";
import { bytes } from "../api";
import { begin, end } from "../marks";
import { current, plan, tellProblem } from "../state";
import { LivePicture } from "./picture";
import { eyes, frame, isDrawn, isPlaying, isPresenting, isSharp, isTinted, prefersCalm, samples } from "./playback";

/** The picture of the scene; null until the first scene, and in browsers that cannot draw. */
export const picture = signal<LivePicture | null>(null);
/** Why the browser cannot draw, in words. */
export const drawingProblem = signal("");

let loading = new AbortController();
let isPlanNew = false;
/** The project whose scene is drawn. */
let shownId: string | null = null;

function makePicture(): LivePicture | null {
  if (picture.value || drawingProblem.value) return picture.value;
  try {
    picture.value = new LivePicture(prefersCalm, {
      reached: (index) => (frame.value = index),
      drawn,
      presenting: (is) => (isPresenting.value = is),
    });
    followPicture(picture.value);
  } catch (error) {
    drawingProblem.value = (error as Error).message;
  }
  return picture.value;
}

function drawn(count: number, scale: number): void {
  samples.value = count;
  isSharp.value = scale === 1;
  isDrawn.value = true;
  end("kbvr:first-scene");
  if (isPlanNew) end("kbvr:plan");
  isPlanNew = false;
}

function followPicture(made: LivePicture): void {
  effect(() => {
    made.plan = plan.value;
    isPlanNew = plan.value !== null;
  });
  effect(() => {
    made.mode = eyes.value;
  });
  effect(() => {
    const index = frame.value;
    if (index !== made.frame) made.seek(index);
  });
  effect(() => made.play(isPlaying.value));
}

/** Load the scenes of the project on the stage, each as soon as it exists; what is shown stays until then. */
export function followScenes(): void {
  let [id, depth] = ["", 0];
  effect(() => {
    const project = current.value;
    const revision = project?.depth?.revision ?? 0;
    if (project?.id === id && depth && revision > depth) begin("kbvr:depth-to-scene");
    [id, depth] = [project?.id ?? "", revision];
  });
  let asked = "";
  effect(() => {
    const project = current.value;
    const name = isTinted.value ? "tinted" : "scene";
    const address = project?.scene ? `projects/${project.id}/${name}.glb?revision=${project.scene.revision}` : "";
    untracked(() => {
      if (project?.id !== shownId) leaveScene(project?.id ?? null);
      if (project && !address) setTimeout(makePicture); // takes a while, in which the scene is made
      if (address === asked) return;
      asked = address;
      if (address) void load(address);
    });
  });
}

function leaveScene(id: string | null): void {
  shownId = id;
  loading.abort();
  isDrawn.value = false;
  isPlaying.value = false;
  isTinted.value = false;
  frame.value = 0;
  picture.value?.show(null);
  picture.value?.recentre();
}

async function load(address: string): Promise<void> {
  loading.abort();
  loading = new AbortController();
  const { signal: ended } = loading;
  const drawing = makePicture();
  if (!drawing) return;
  try {
    const glb = await bytes(address, ended);
    const scene = await parseScene(glb.bytes);
    if (ended.aborted) return;
    const isFirst = !drawing.hasScene;
    drawing.show(scene);
    if (isFirst && !prefersCalm) isPlaying.value = true;
    requestAnimationFrame(() => end("kbvr:depth-to-scene"));
  } catch (error) {
    if (!ended.aborted) tellProblem(error);
  }
}
