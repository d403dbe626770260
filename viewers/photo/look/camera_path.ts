import { AnimationMixer, type AnimationAction, type Camera } from "three";

import { smoothstep } from "./easing";
import type { LoadedScene } from "../scene/load";

const BLEND_S = 0.8;

/** The animation of the photo's camera, which starts from rest and returns to it smoothly. */
export class CameraPath {
  isPlaying = false;
  readonly #camera: Camera;
  readonly #mixer: AnimationMixer;
  readonly #action: AnimationAction | null;
  #weight = 0;
  #isLeaving = false;

  constructor(scene: LoadedScene) {
    this.#camera = scene.camera;
    this.#mixer = new AnimationMixer(scene.root);
    this.#action = scene.path ? this.#mixer.clipAction(scene.path) : null;
  }

  get exists(): boolean {
    return this.#action !== null;
  }

  toggle(): void {
    if (!this.#action) return;
    this.isPlaying = !this.isPlaying;
    if (this.isPlaying) {
      this.#isLeaving = false;
      this.#action.play();
    }
  }

  /** Return to the photo's camera. */
  leave(): void {
    this.isPlaying = false;
    this.#isLeaving = true;
  }

  /** Advance by some seconds; return whether the movement continues. */
  step(seconds: number): boolean {
    if (!this.#action?.isRunning()) return false;
    const aim = this.#isLeaving ? 0 : 1;
    if (this.isPlaying || this.#isLeaving) {
      const change = seconds / BLEND_S;
      this.#weight = aim ? Math.min(1, this.#weight + change) : Math.max(0, this.#weight - change);
    }
    this.#action.setEffectiveWeight(smoothstep(this.#weight));
    this.#mixer.update(this.isPlaying ? seconds : 0);
    this.#camera.updateWorldMatrix(true, false);
    if (this.#isLeaving && this.#weight === 0) {
      this.#action.stop();
      this.#camera.updateWorldMatrix(true, false);
      this.#isLeaving = false;
    }
    return this.isPlaying || this.#isLeaving;
  }
}
