import { PerspectiveCamera, Vector2, Vector3, type Camera, type Matrix4, type Scene, type WebGLRenderer } from "three";

import { AnaglyphPass } from "./anaglyph_pass";
import type { Facts } from "../scene/facts";
import type { Frame } from "../look/framing";
import { placeEye, windowOn } from "./frustum";
import { drawSideBySide } from "./side_by_side";
import type { StereoMode } from "../options";
import { Surround } from "./surround";

const WIGGLE_S = 1.5;

/** Comfortable parallax from nearest to farthest on a flat screen, as a share of the width (kbvr/motion/sway.py). */
const PARALLAX = Object.freeze({ anaglyph: 0.02, sbs: 0.03, cross: 0.03, wiggle: 0.025 });

/** Draws the scene on the element's canvas, for one eye or two. */
export class FlatView {
  mode: StereoMode = "none";
  readonly #eye = new PerspectiveCamera();
  readonly #anaglyph = new AnaglyphPass();
  readonly #surround: Surround;
  readonly #world_from_photo: Matrix4;

  constructor(
    private readonly renderer: WebGLRenderer,
    private readonly scene: Scene,
    private readonly camera: Camera,
    private readonly facts: Facts,
  ) {
    let hasDome = false;
    scene.traverse(({ name }) => (hasDome ||= name.startsWith("dome")));
    this.#surround = new Surround(facts.size_px, hasDome);
    this.#world_from_photo = camera.matrixWorld.clone();
    scene.add(this.#surround.meshes);
  }

  /** The number of pictures side by side. */
  get eyes(): 1 | 2 {
    return this.mode === "sbs" || this.mode === "cross" ? 2 : 1;
  }

  /** Width over height of one eye's picture. */
  get aspect(): number {
    const { x, y } = this.renderer.getSize(new Vector2());
    return x / this.eyes / y;
  }

  /** Draw the part of the photo that a frame shows, for a head at an offset from the camera. */
  draw(frame: Frame, head_m: Readonly<Vector3>, now_s: number): void {
    const { renderer, facts, mode } = this;
    const surround = this.#surround.isSeenIn(frame) ? this.#surround : null;
    if (surround && !surround.isPainted) surround.paint(renderer, () => this.#drawPhoto());
    const window = windowOn(facts, frame);
    const half_m = mode === "none" ? 0 : this.#baseline(window.halfWidth, mode) / 2;
    const draw = (side: number) => {
      const offset_m = new Vector3(side * half_m, 0, 0).add(head_m);
      placeEye(this.#eye, this.camera.matrixWorld, offset_m, window, facts.subject_m);
      renderer.render(this.scene, this.#eye);
    };
    surround?.show(frame);
    if (mode === "none") draw(0);
    else if (mode === "wiggle") draw(Math.sin((2 * Math.PI * now_s) / WIGGLE_S));
    else if (mode === "anaglyph") this.#anaglyph.draw(renderer, draw);
    else drawSideBySide(renderer, mode === "cross", draw);
    surround?.hide();
  }

  /** Forget what was drawn, because the canvas lost it. */
  forget(): void {
    this.#surround.forget();
  }

  /** Set the nearest and farthest distances to draw. */
  reach(near_m: number, far_m: number): void {
    this.#eye.near = near_m;
    this.#eye.far = far_m;
  }

  dispose(): void {
    this.#anaglyph.dispose();
    this.#surround.dispose();
  }

  #drawPhoto(): void {
    const [width, height] = this.facts.size_px;
    const window = windowOn(this.facts, { x: width / 2, y: height / 2, width, height });
    placeEye(this.#eye, this.#world_from_photo, new Vector3(), window, this.facts.subject_m);
    this.renderer.render(this.scene, this.#eye);
  }

  /** Return the distance between the eyes: a person's, or less if the parallax would be too large. */
  #baseline(halfWidth: number, mode: keyof typeof PARALLAX): number {
    const { nearest_m, farthest_m, ipd_m, size_px, f_px } = this.facts;
    const width = Math.min(2 * halfWidth, size_px[0] / f_px);
    return Math.min(ipd_m, (PARALLAX[mode] * width) / Math.max(1 / nearest_m - 1 / farthest_m, 1e-6));
  }
}
