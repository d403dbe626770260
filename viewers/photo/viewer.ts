import { Group, Scene, WebGLRenderer } from "three";

import { FrameTimes } from "../shared/frame_times";
import { CameraPath } from "./look/camera_path";
import { farthest_m, inFileOrder, release } from "./scene/contents";
import { FlatView } from "./draw/flat_view";
import type { Box, Fit } from "./look/framing";
import type { Gallery } from "./headset/gallery";
import { Head } from "./look/head";
import type { HeadsetState } from "./headset/headset_state";
import type { LoadedScene } from "./scene/load";
import type { Options, StereoMode } from "./options";
import { Problem } from "../shared/problem";
import { Sway } from "./look/sway";
import { Headset } from "./headset/xr";
import { Zoom } from "./look/zoom";

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
  readonly fit: Fit;
  /** Enlargement relative to the frame that fits. */
  readonly zoom: number;
  /** Distance of the frame's middle from that of the frame that fits, in pixels of the photo: right and down. */
  readonly pan_px: readonly [number, number];
  /** Left, top, right and bottom of what is in sight, in pixels of the photo; it may exceed the photo. */
  readonly frame_px: Box;
  readonly isSwaying: boolean;
  readonly headset: HeadsetState;
}

/** One scene on one canvas; draws only after a change. */
export class Viewer {
  readonly head: Head;
  readonly sway: Sway;
  readonly zoom: Zoom;
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
    this.sway = new Sway(this.head);
    this.zoom = new Zoom(facts.size_px, facts.subject_px, options.fit, !prefersCalm);
    this.path = new CameraPath(loaded);
    this.#flat = new FlatView(this.#renderer, this.#scene, loaded.camera, facts);
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
    canvas.addEventListener("webglcontextrestored", () => {
      this.#flat.forget();
      this.redraw();
    });
    if (options.autoplay && !prefersCalm) this.path.toggle();
    this.redraw();
  }

  get state(): ViewState {
    const { x, y, width, height } = this.zoom.frame;
    return Object.freeze({
      stereo: this.#flat.mode,
      isPlaying: this.path.isPlaying,
      isPresenting: this.headset.isPresenting,
      offset_m: Object.freeze(this.head.offset_m.toArray()),
      fit: this.zoom.fit,
      zoom: this.zoom.zoom,
      pan_px: this.zoom.pan_px,
      frame_px: Object.freeze([x - width / 2, y - height / 2, x + width / 2, y + height / 2] as const),
      isSwaying: this.sway.isRunning,
      headset: this.headset.state,
    });
  }

  /** The number of pictures side by side. */
  get eyes(): 1 | 2 {
    return this.#flat.eyes;
  }

  /** Whether the picture moves without a person. */
  get movesByItself(): boolean {
    return this.path.isPlaying || this.#flat.mode === "wiggle";
  }

  /** Title of the photo, or an empty text. */
  get photo(): string {
    return this.loaded.facts.photo;
  }

  /** Frame times as text. */
  get frameTimes(): string {
    return this.#frameTimes.text();
  }

  set stereo(mode: StereoMode) {
    this.#flat.mode = mode;
    this.zoom.resize(this.#flat.aspect);
    this.changed();
    this.redraw();
  }

  set fit(fit: Fit) {
    this.zoom.fit = fit;
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
    this.zoom.resize(this.#flat.aspect);
    this.#draw(); // immediately: a resized canvas is empty
  }

  /** Look from farther right and up, by shares of the head box; what is enlarged moves too. */
  look(x: number, y: number): void {
    this.head.nudge("drag", x, y);
    this.zoom.pan(-x, y);
    this.redraw();
  }

  magnify(factor: number): void {
    this.zoom.magnify(factor);
    this.redraw();
  }

  togglePath(): void {
    this.path.toggle();
    this.changed();
    this.redraw();
  }

  /** Return to the photo's camera. */
  recentre(): void {
    this.head.recentre();
    this.zoom.reset();
    this.path.leave();
    this.headset.recentre();
    this.changed();
    this.redraw();
  }

  /** Return the view as a PNG with the canvas's pixels; drawn now, because browsers keep no drawn picture. */
  picture(): Promise<Blob> {
    this.#draw();
    return new Promise((done, fail) => {
      const lost = () => fail(new Problem("Could not make a picture of the view. Reload the page and try again."));
      if (this.#renderer.getContext().isContextLost()) lost();
      else this.#renderer.domElement.toBlob((png) => (png ? done(png) : lost()), "image/png");
    });
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
    const movements = [this.sway, this.head, this.zoom, this.path];
    const isMoving = movements.map((movement) => movement.step(seconds));
    return isMoving.includes(true) || this.#flat.mode === "wiggle" || this.options.stats;
  }

  #draw(): void {
    this.#flat.draw(this.zoom.frame, this.head.offset_m, this.#now_s);
  }
}
