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

const RAY_M = 1;
const DEAD_ZONE = 0.15;

/** Axes of the xr-standard gamepad mapping (WebXR Gamepads Module). */
const THUMBSTICK_X = 2;
const THUMBSTICK_Y = 3;
/** Thumbstick position that counts as a push to a side, and the position to return to before the next one. */
const PUSH = 0.7;
const PUSH_BACK = 0.4;

/** Buttons of the same mapping: the thumbstick itself, A or X, B or Y on Touch controllers. */
export const BUTTONS = { stick: 3, gallery: 4, leave: 5 } as const;

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
  readonly #pressed = new Set<number>();
  #isPushed = false;

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

  /** Whether it is the right hand's. */
  get isRight(): boolean {
    return this.#source?.handedness === "right";
  }

  /** Return whether a button has just been pressed. */
  hasJustPressed(name: keyof typeof BUTTONS): boolean {
    const button = BUTTONS[name];
    const was = this.#pressed.has(button);
    const is = this.#source?.gamepad?.buttons[button]?.pressed ?? false;
    if (is) this.#pressed.add(button);
    else this.#pressed.delete(button);
    return is && !was;
  }

  /** Return the side to which the thumbstick has just been pushed: -1, 0 or 1. */
  push(): number {
    const [sideways] = this.stick;
    const was = this.#isPushed;
    if (Math.abs(sideways) > PUSH) this.#isPushed = true;
    else if (Math.abs(sideways) < PUSH_BACK) this.#isPushed = false;
    return this.#isPushed && !was ? Math.sign(sideways) : 0;
  }

  /** Aim the ray, and draw it up to what it hits of what is shown; of nothing, if nothing is. */
  aim(shown: readonly Object3D[]): void {
    this.space.updateMatrixWorld(true);
    this.ray.set(
      new Vector3().setFromMatrixPosition(this.space.matrixWorld),
      new Vector3(0, 0, -1).transformDirection(this.space.matrixWorld),
    );
    this.#line.visible = shown.length > 0 && this.isTracked;
    const reach_m = this.ray.intersectObjects([...shown])[0]?.distance ?? RAY_M;
    this.#line.scale.setScalar(reach_m / RAY_M);
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
