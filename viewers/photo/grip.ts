import {
  BufferGeometry,
  Line,
  LineBasicMaterial,
  Raycaster,
  Vector3,
  type Object3D,
  type WebGLRenderer,
  type XRTargetRaySpace,
} from "three";

import { PANEL_ORDER } from "./panel";

const RAY_M = 0.8;
const DEAD_ZONE = 0.15;

/** Buttons and axes of the xr-standard gamepad mapping (WebXR Gamepads Module); 5 is B or Y on Touch controllers. */
const THUMBSTICK_X = 2;
const THUMBSTICK_Y = 3;
const LEAVING_BUTTON = 5;

export interface GripListener {
  readonly select: (grip: Grip) => boolean;
  readonly squeeze: () => void;
}

/** One controller, or one hand, whose pinch acts as a trigger. */
export class Grip {
  readonly space: XRTargetRaySpace;
  readonly ray = new Raycaster();
  isDragging = false;
  /** Its position in the previous frame of a drag. */
  readonly last_m = new Vector3();

  readonly #line: Line<BufferGeometry, LineBasicMaterial>;
  readonly #stop = new AbortController();
  #source: XRInputSource | null = null;
  #wasLeaving = false;

  constructor(renderer: WebGLRenderer, index: number, listener: GripListener) {
    this.space = renderer.xr.getController(index);
    const geometry = new BufferGeometry().setFromPoints([new Vector3(0, 0, -0.04), new Vector3(0, 0, -RAY_M)]);
    const material = new LineBasicMaterial({ transparent: true, opacity: 0.6, depthTest: false });
    this.#line = new Line(geometry, material);
    this.#line.renderOrder = PANEL_ORDER + 1;
    this.#line.visible = false;
    this.space.add(this.#line);
    this.#on("connected", (event) => (this.#source = event.data ?? null));
    this.#on("disconnected", () => {
      this.#source = null;
      this.isDragging = false;
    });
    this.#on("selectstart", () => {
      this.isDragging = listener.select(this);
      this.last_m.copy(this.place_m);
    });
    this.#on("selectend", () => (this.isDragging = false));
    this.#on("squeezestart", listener.squeeze);
  }

  get isTracked(): boolean {
    return this.#source !== null && this.space.visible;
  }

  get place_m(): Vector3 {
    return this.space.position;
  }

  /** Return the thumbstick's position to the right and up, -1 to 1. */
  get stick(): readonly [number, number] {
    const axes = this.#source?.gamepad?.axes ?? [];
    const beyond = (value = 0) => (Math.abs(value) < DEAD_ZONE ? 0 : value);
    return [beyond(axes[THUMBSTICK_X]), -beyond(axes[THUMBSTICK_Y])];
  }

  /** Return whether the exit button has just been pressed. */
  hasJustLeft(): boolean {
    const isLeaving = this.#source?.gamepad?.buttons[LEAVING_BUTTON]?.pressed ?? false;
    const isNew = isLeaving && !this.#wasLeaving;
    this.#wasLeaving = isLeaving;
    return isNew;
  }

  /** Aim the ray, and draw it up to the panel if it is shown. */
  aim(panel: Object3D, isShown: boolean): void {
    this.space.updateMatrixWorld(true);
    this.ray.set(
      new Vector3().setFromMatrixPosition(this.space.matrixWorld),
      new Vector3(0, 0, -1).transformDirection(this.space.matrixWorld),
    );
    this.#line.visible = isShown;
    const reach_m = this.ray.intersectObject(panel)[0]?.distance ?? RAY_M;
    this.#line.scale.setScalar(Math.min(reach_m / RAY_M, 1));
  }

  dispose(): void {
    this.#stop.abort();
    this.space.remove(this.#line);
    this.#line.geometry.dispose();
    this.#line.material.dispose();
  }

  #on(
    name: "connected" | "disconnected" | "selectstart" | "selectend" | "squeezestart",
    handler: (event: { data?: XRInputSource }) => void,
  ): void {
    const listener = handler as (event: unknown) => void;
    this.space.addEventListener(name, listener);
    this.#stop.signal.addEventListener("abort", () => this.space.removeEventListener(name, listener));
  }
}
