import { PerspectiveCamera, Vector2, Vector3, type Camera, type Scene, type WebGLRenderer } from "three";

import { AnaglyphPass } from "./anaglyph_pass";
import type { Facts } from "./facts";
import { placeEye, windowOn } from "./frustum";
import type { Fit, StereoMode } from "./options";

const WIGGLE_S = 1.5;

/** Comfortable parallax from nearest to farthest on a flat screen, as a share of the width (kbvr/motion/sway.py). */
const PARALLAX = Object.freeze({ anaglyph: 0.02, sbs: 0.03, cross: 0.03, wiggle: 0.025 });

/** Draws the scene on the element's canvas, for one eye or two. */
export class FlatView {
  mode: StereoMode = "none";
  readonly #eye = new PerspectiveCamera();
  readonly #anaglyph = new AnaglyphPass();

  constructor(
    private readonly renderer: WebGLRenderer,
    private readonly fit: Fit,
  ) {}

  /** Draw the view of a head at an offset from a camera. */
  draw(scene: Scene, camera: Camera, facts: Facts, head_m: Readonly<Vector3>, zoom: number, now_s: number): void {
    const size = this.renderer.getSize(new Vector2());
    const { mode } = this;
    const isPair = mode === "sbs" || mode === "cross";
    const width = isPair ? size.x / 2 : size.x;
    const window = windowOn(facts, width / size.y, this.fit, zoom);
    const half_m = mode === "none" ? 0 : this.#baseline(facts, window.halfWidth, mode) / 2;
    const draw = (side: number) => {
      const offset_m = new Vector3(side * half_m, 0, 0).add(head_m);
      placeEye(this.#eye, camera.matrixWorld, offset_m, window, facts.subject_m);
      this.renderer.render(scene, this.#eye);
    };
    if (mode === "none") draw(0);
    else if (mode === "wiggle") draw(Math.sin((2 * Math.PI * now_s) / WIGGLE_S));
    else if (mode === "anaglyph") this.#anaglyph.draw(this.renderer, draw);
    else {
      for (const side of [-1, 1]) {
        const x = side < 0 === (mode === "sbs") ? 0 : width; // crossed eyes: the right view on the left
        this.renderer.setViewport(x, 0, width, size.y);
        this.renderer.setScissor(x, 0, width, size.y);
        this.renderer.setScissorTest(true);
        draw(side);
      }
      this.renderer.setScissorTest(false);
      this.renderer.setViewport(0, 0, size.x, size.y);
    }
  }

  /** Set the nearest and farthest distances to draw. */
  reach(near_m: number, far_m: number): void {
    this.#eye.near = near_m;
    this.#eye.far = far_m;
  }

  dispose(): void {
    this.#anaglyph.dispose();
  }

  /** Return the distance between the eyes: a person's, or less if the parallax would be too large. */
  #baseline(facts: Facts, halfWidth: number, mode: keyof typeof PARALLAX): number {
    const spread = 1 / facts.nearest_m - 1 / facts.farthest_m;
    return Math.min(facts.ipd_m, (PARALLAX[mode] * 2 * halfWidth) / Math.max(spread, 1e-6));
  }
}
