import { Group, Scene, WebGLRenderer } from "three";

import { FrameTimes } from "../shared/frame_times";
import { CameraPath } from "./camera_path";
import { farthest_m, inFileOrder, release } from "./contents";
import { FlatView } from "./flat_view";
import type { Gallery } from "./gallery";
import { Head } from "./head";
import type { LoadedScene } from "./load";
import type { Options, StereoMode } from "./options";
import { Headset, type HeadsetState } from "./xr";

const BACKGROUND = 0x0c0c0e;
const MAX_PIXEL_RATIO = 2;
const FIRST_STEP_S = 1 / 60;
const LONGEST_STEP_S = 0.1;

/** The element's state, for pages and tests. */
export interface ViewState {
  readonly stereo: StereoMode;
  readonly isPlaying: boolean;
  readonly isPresenting: boolean;
  /** Offset of the head from the photo's camera, in metres. */
  readonly offset_m: readonly [number, number, number];
  readonly headset: HeadsetState;
}

/** One scene on one canvas; draws only after a change. */
export class Viewer {
  readonly head: Head;
  readonly path: CameraPath;
  readonly headset: Headset;

  readonly #renderer: WebGLRenderer;
  readonly #scene = new Scene();
  readonly #world = new Group();
  readonly #flat: FlatView;
  readonly #frameTimes = new FrameTimes();
  #isOnScreen = true;
  #request = 0;
  #last_ms: number | null = null;
  #now_s = 0;

  constructor(
    canvas: HTMLCanvasElement,
    private readonly loaded: LoadedScene,
    private readonly options: Options,
    prefersCalm: boolean,
    private readonly changed: () => void,
    gallery: Gallery,
  ) {
    this.#renderer = new WebGLRenderer({ canvas, antialias: true, alpha: false, powerPreference: "high-performance" });
    this.#renderer.setClearColor(BACKGROUND, 1);
    this.#renderer.setPixelRatio(Math.min(devicePixelRatio, MAX_PIXEL_RATIO));
    this.#world.add(loaded.root);
    this.#scene.add(this.#world);
    inFileOrder(loaded.root);
    this.#world.updateMatrixWorld(true);

    const { facts } = loaded;
    const near_m = Math.max(0.01, facts.nearest_m / 4);
    const far_m = farthest_m(loaded);
    this.head = new Head(facts.headBox_m, !prefersCalm);
    this.path = new CameraPath(loaded);
    this.#flat = new FlatView(this.#renderer, options.fit);
    this.#flat.mode = prefersCalm && options.stereo === "wiggle" ? "none" : options.stereo;
    this.#flat.reach(near_m, far_m);
    this.headset = new Headset(this.#renderer, this.#scene, this.#world, loaded, gallery, {
      drawn: (now_ms) => this.#frameTimes.add(now_ms),
      frameTimes: () => (options.stats ? this.#frameTimes.text() : ""),
      began: () => {
        this.#stop();
        this.#frameTimes.clear();
      },
      ended: () => {
        this.#frameTimes.clear();
        changed();
        this.resize(canvas.clientWidth, canvas.clientHeight);
        this.redraw();
      },
    });
    canvas.addEventListener("webglcontextrestored", () => this.redraw());
    if (options.autoplay && !prefersCalm) this.path.toggle();
    this.redraw();
  }

  get state(): ViewState {
    return Object.freeze({
      stereo: this.#flat.mode,
      isPlaying: this.path.isPlaying,
      isPresenting: this.headset.isPresenting,
      offset_m: Object.freeze(this.head.offset_m.toArray()),
      headset: this.headset.state,
    });
  }

  /** Frame times as text. */
  get frameTimes(): string {
    return this.#frameTimes.text();
  }

  set stereo(mode: StereoMode) {
    this.#flat.mode = mode;
    this.changed();
    this.redraw();
  }

  set isOnScreen(value: boolean) {
    this.#isOnScreen = value;
    if (value) this.redraw();
    else this.#stop();
  }

  resize(width: number, height: number): void {
    if (this.headset.isPresenting || !width || !height) return;
    this.#renderer.setPixelRatio(Math.min(devicePixelRatio, MAX_PIXEL_RATIO));
    this.#renderer.setSize(width, height, false);
    this.#draw(); // immediately: a resized canvas is empty
  }

  togglePath(): void {
    this.path.toggle();
    this.changed();
    this.redraw();
  }

  /** Return to the photo's camera. */
  recentre(): void {
    this.head.recentre();
    this.path.leave();
    this.headset.recentre();
    this.changed();
    this.redraw();
  }

  /** Draw at the browser's next frame. */
  redraw(): void {
    if (this.#request || !this.#isOnScreen || this.headset.isPresenting) return;
    this.#request = requestAnimationFrame((now_ms) => {
      this.#request = 0;
      const isMoving = this.#step(now_ms);
      this.#draw();
      this.#frameTimes.add(now_ms);
      if (isMoving) this.redraw();
      else this.#last_ms = null;
    });
  }

  dispose(): void {
    this.#stop();
    this.headset.dispose();
    this.#flat.dispose();
    release(this.loaded.root);
    this.#renderer.dispose();
    this.#renderer.forceContextLoss();
  }

  #stop(): void {
    cancelAnimationFrame(this.#request);
    this.#request = 0;
    this.#last_ms = null;
  }

  /** Advance all movements; return whether any continues. */
  #step(now_ms: number): boolean {
    const seconds = this.#last_ms === null ? FIRST_STEP_S : Math.min((now_ms - this.#last_ms) / 1000, LONGEST_STEP_S);
    this.#last_ms = now_ms;
    this.#now_s = now_ms / 1000;
    const isMoving = [this.head.step(seconds), this.path.step(seconds)];
    return isMoving.includes(true) || this.#flat.mode === "wiggle" || this.options.stats;
  }

  #draw(): void {
    const { loaded, head } = this;
    this.#flat.draw(this.#scene, loaded.camera, loaded.facts, head.offset_m, head.zoom, this.#now_s);
  }
}
