import { Group, PerspectiveCamera, Scene, Vector3, WebGLRenderer, type Matrix4 } from "three";

import { AnaglyphPass } from "../../photo/draw/anaglyph_pass";
import { aim } from "../../photo/draw/frustum";
import { LensPass } from "../../photo/draw/lens_pass";
import { drawSideBySide } from "../../photo/draw/side_by_side";
import { Headset } from "../../photo/headset/xr";
import type { Size } from "../../photo/look/framing";
import { Head } from "../../photo/look/head";
import { Zoom } from "../../photo/look/zoom";
import { farthest_m, inFileOrder, release } from "../../photo/scene/contents";
import type { LoadedScene } from "../../photo/scene/load";
import { NoWebGl } from "../../photo/scene/webgl";
import type { PlanState } from "../types";
import { frameCountOf } from "./frames";
import { lensPlace, LENS_SAMPLES } from "./lens_places";
import type { Eyes } from "./playback";
import { ProjectGallery } from "./project_gallery";
import { Sharpness } from "./sharpness";
import { viewOf } from "./views";

const BACKGROUND = 0x0c0d10;
const MAX_PIXEL_RATIO = 2;
const CONTEXT: WebGLContextAttributes = {
  antialias: true,
  powerPreference: "high-performance",
  preserveDrawingBuffer: true, // else Chromium may show the canvas empty between two places of the lens
};
const FIRST_STEP_S = 1 / 60;
const LONGEST_STEP_S = 0.1;
const WIGGLE_S = 1.5;
/** How long a picture is at rest before it is drawn sharply, and through all of its lens. */
const REST_MS = 150;

export interface PictureListener {
  /** A frame of the plan is due. */
  readonly reached: (frame: number) => void;
  /** The picture is drawn, through so many places of the lens, with a share of the pixels along each side. */
  readonly drawn: (samples: number, scale: number) => void;
  readonly presenting: (isPresenting: boolean) => void;
}

/** One canvas that shows one scene after another through planned cameras, and looks around in them. */
export class LivePicture {
  readonly canvas = document.createElement("canvas");
  head = new Head(new Vector3(1, 1, 1), false);
  zoom = new Zoom([3, 2], null, "contain", false);
  isPlaying = false;
  frame = 0;

  readonly #renderer: WebGLRenderer;
  readonly #scene = new Scene();
  readonly #world = new Group();
  readonly #eye = new PerspectiveCamera();
  readonly #anaglyph = new AnaglyphPass();
  readonly #lens = new LensPass();
  #loaded: LoadedScene | null = null;
  #world_from_photo: Matrix4 | null = null;
  #plan: PlanState | null = null;
  #mode: Eyes = "one";
  #size_px: Size = [3, 2];
  #headset: Headset | null = null;
  #request = 0;
  #last_ms: number | null = null;
  #now_s = 0;
  #played_s = 0;
  #isResting = false;
  #timer = 0;
  readonly #sharpness = new Sharpness();
  /** The share of the screen's pixels that is drawn, along each side. */
  #scale = 1;

  constructor(
    private readonly prefersCalm: boolean,
    private readonly listener: PictureListener,
  ) {
    const { canvas } = this;
    const context = canvas.getContext("webgl2", CONTEXT);
    if (!context) throw new NoWebGl();
    this.#renderer = new WebGLRenderer({ canvas, context });
    this.#renderer.setClearColor(BACKGROUND, 1);
    this.#scene.add(this.#world);
    canvas.addEventListener("webglcontextrestored", () => {
      this.#lens.clear();
      this.redraw();
    });
  }

  /** The number of pictures side by side. */
  get eyes(): 1 | 2 {
    return this.#mode === "sbs" || this.#mode === "cross" ? 2 : 1;
  }

  get hasScene(): boolean {
    return this.#loaded !== null;
  }

  /** Replace the scene; the old one is shown until the new one can be drawn. */
  show(loaded: LoadedScene | null): void {
    if (this.#headset) this.#headset.leave();
    const before = this.#loaded;
    this.#loaded = loaded;
    if (before) this.#world.remove(before.root);
    if (loaded) this.#take(loaded);
    if (before) release(before.root);
    this.redraw();
  }

  set plan(plan: PlanState | null) {
    this.#plan = plan;
    if (plan) this.#anaglyph.mix(...plan.anaglyph);
    this.#fit();
    this.redraw();
  }

  set mode(mode: Eyes) {
    this.#mode = this.prefersCalm && mode === "wiggle" ? "one" : mode;
    this.redraw();
  }

  play(isPlaying: boolean): void {
    this.isPlaying = isPlaying;
    if (isPlaying) {
      this.#played_s = this.frame / (this.#plan?.fps ?? 1);
      this.head.recentre();
      this.zoom.reset();
    }
    this.redraw();
  }

  seek(frame: number): void {
    this.frame = frame;
    this.redraw();
  }

  resize(width: number, height: number): void {
    if (this.#headset || !width || !height) return;
    this.#renderer.setSize(width, height, false);
    this.#sharpen(1);
    this.zoom.resize(width / this.eyes / height);
    this.#stir();
    this.#draw(); // immediately: a resized canvas is empty
    this.#ask();
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

  recentre(): void {
    this.head.recentre();
    this.zoom.reset();
    this.redraw();
  }

  /** Show the scene in a headset; must be called from a person's action. */
  async enterHeadset(): Promise<void> {
    if (this.#headset || !this.#loaded) return;
    this.#stop();
    const headset = new Headset(this.#renderer, this.#scene, this.#world, this.#loaded, new ProjectGallery(), {
      drawn: () => undefined,
      frameTimes: () => "",
      began: () => this.listener.presenting(true),
      ended: () => this.#leftHeadset(),
    });
    this.#headset = headset;
    try {
      await headset.enter();
    } catch (error) {
      this.#leftHeadset();
      throw error;
    }
  }

  leaveHeadset(): void {
    this.#headset?.leave();
  }

  /** Draw at the browser's next frame. */
  redraw(): void {
    this.#stir();
    this.#ask();
  }

  #stir(): void {
    this.#isResting = false;
    this.#lens.clear();
    clearTimeout(this.#timer);
  }

  #rest(): void {
    this.#last_ms = null;
    if (this.#isResting || (!this.#plan?.lens && this.#scale === 1)) return;
    this.#timer = window.setTimeout(() => {
      this.#isResting = true;
      this.#ask();
    }, REST_MS);
  }

  #ask(): void {
    if (this.#request || this.#headset) return;
    this.#request = requestAnimationFrame((now_ms) => {
      this.#request = 0;
      const before_ms = this.#last_ms;
      const isMoving = this.#step(now_ms);
      if (isMoving) {
        this.#stir();
        if (before_ms !== null) this.#sharpness.note(now_ms - before_ms);
        this.#sharpen(this.#sharpness.scale);
      } else if (this.#isResting) this.#sharpen(1);
      this.#draw();
      if (isMoving || this.#isRefining) this.#ask();
      else this.#rest();
    });
  }

  /** Take a share of the screen's pixels. */
  #sharpen(scale: number): void {
    const ratio = scale * Math.min(devicePixelRatio, MAX_PIXEL_RATIO);
    this.#scale = scale;
    if (ratio !== this.#renderer.getPixelRatio()) this.#renderer.setPixelRatio(ratio);
  }

  #stop(): void {
    cancelAnimationFrame(this.#request);
    this.#request = 0;
    this.#last_ms = null;
  }

  #leftHeadset(): void {
    const headset = this.#headset;
    this.#headset = null;
    headset?.dispose();
    this.listener.presenting(false);
    this.redraw();
  }

  #take(loaded: LoadedScene): void {
    const { facts } = loaded;
    this.#world.add(loaded.root);
    inFileOrder(loaded.root);
    this.#world.updateMatrixWorld(true);
    this.#world_from_photo = loaded.camera.matrixWorld.clone();
    this.#eye.near = Math.max(0.01, facts.nearest_m / 4);
    this.#eye.far = farthest_m(loaded);
    const offset_m = this.head.offset_m.clone();
    this.head = new Head(facts.headBox_m, !this.prefersCalm);
    this.head.offset_m.copy(offset_m);
    this.#fit();
  }

  /** Take the size of the pictures; what is enlarged remains so, as long as the size stays. */
  #fit(): void {
    const size_px = this.#plan?.size_px ?? this.#loaded?.facts.size_px;
    if (!size_px || (size_px[0] === this.#size_px[0] && size_px[1] === this.#size_px[1])) return;
    this.#size_px = size_px;
    this.zoom = new Zoom(size_px, null, "contain", !this.prefersCalm);
    const { clientWidth, clientHeight } = this.canvas;
    if (clientHeight) this.zoom.resize(clientWidth / this.eyes / clientHeight);
  }

  /** Advance all movements; return whether any continues. */
  #step(now_ms: number): boolean {
    const seconds = this.#last_ms === null ? FIRST_STEP_S : Math.min((now_ms - this.#last_ms) / 1000, LONGEST_STEP_S);
    this.#last_ms = now_ms;
    this.#now_s = now_ms / 1000;
    const isMoving = [this.head.step(seconds), this.zoom.step(seconds)].includes(true);
    const count = this.#plan ? frameCountOf(this.#plan) : 0;
    const isPlaying = this.isPlaying && count > 1;
    if (isPlaying) {
      this.#played_s += seconds;
      const frame = Math.floor(this.#played_s * this.#plan!.fps) % count;
      if (frame !== this.frame) this.listener.reached((this.frame = frame));
    }
    return isMoving || isPlaying || this.#mode === "wiggle";
  }

  get #isRefining(): boolean {
    return this.#isResting && this.#lens.count < LENS_SAMPLES;
  }

  #draw(): void {
    if (!this.#loaded || this.#headset) return;
    const lens = this.#plan?.lens;
    if (lens && this.#isRefining) {
      this.#drawEyes(lensPlace(this.#lens.count, lens.aperture_m / 2));
      this.#lens.add(this.#renderer);
      this.#lens.show(this.#renderer);
    } else if (!lens || !this.#isResting) this.#drawEyes(null);
    this.listener.drawn(this.#lens.count, this.#scale);
  }

  /** Draw what the eyes see, through one place of the lens, or its middle. */
  #drawEyes(lens_m: Vector3 | null): void {
    const renderer = this.#renderer;
    const draw = (side: number) => {
      this.#place(side, lens_m);
      renderer.render(this.#scene, this.#eye);
    };
    const mode = this.#mode;
    if (mode === "one") draw(0);
    else if (mode === "wiggle") draw(Math.sin((2 * Math.PI * this.#now_s) / WIGGLE_S));
    else if (mode === "anaglyph") this.#anaglyph.draw(renderer, draw);
    else drawSideBySide(renderer, mode === "cross", draw);
  }

  /** Put the eye where the plan has it: -1 is the left eye, 1 the right one, 0 the middle. */
  #place(side: number, lens_m: Vector3 | null): void {
    const looking = {
      plan: this.#plan,
      facts: this.#loaded!.facts,
      frame: this.frame,
      eyes: this.#mode,
      head_m: this.head.offset_m,
      shown: this.zoom.frame,
    };
    const { pose, window } = viewOf(looking, this.#world_from_photo!, side, lens_m, 2 * this.#eye.near);
    aim(this.#eye, pose, window);
  }
}
