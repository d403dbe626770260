import {
  BackSide,
  Mesh,
  MeshBasicMaterial,
  PerspectiveCamera,
  Quaternion,
  SphereGeometry,
  Vector3,
  type Group,
  type Scene,
  type WebGLRenderer,
} from "three";

import { Grip } from "./grip";
import type { LoadedScene } from "./load";
import { Panel, PANEL_ORDER } from "./panel";
import { FARTHER_MAX_M, Placement, SCALE_MAX } from "./placement";
import { Problem } from "./problem";

/** Hands, the panel and a reduced scene come close. */
const NEAR_M = 0.02;
const FRAME_RATE_HZ = 72;
const FOVEATION = 0.5;
const VEIL_COLOUR = 0x050506;

/** A hand moves the scene three times as far as itself. */
const DRAG_GAIN = 3;
const STICK_SCALE_PER_S = 0.8;
const STICK_M_PER_S = 2;

const PANEL_S = 4;
/** Cosine of the largest angle from the gaze at which a hand is being looked at. */
const LOOKED_AT = Math.cos((14 * Math.PI) / 180);
const VEIL_WITH_PANEL = 0.5;

export interface HeadsetListener {
  readonly began: () => void;
  readonly drawn: (now_ms: number) => void;
  readonly ended: () => void;
  /** Frame times as text, or empty. */
  readonly frameTimes: () => string;
}

/** Return whether this browser can enter VR. */
export async function isHeadsetThere(): Promise<boolean> {
  return (await navigator.xr?.isSessionSupported("immersive-vr").catch(() => false)) ?? false;
}

/** A scene around a person in a headset. */
export class Headset {
  readonly #placement: Placement;
  readonly #photo_m: Vector3;
  readonly #grips: readonly Grip[];
  readonly #panel: Panel;
  readonly #veil: Mesh<SphereGeometry, MeshBasicMaterial>;
  readonly #camera = new PerspectiveCamera();
  readonly #head_m = new Vector3();
  readonly #rotation = new Quaternion();

  #session: XRSession | null = null;
  #isPlaced = false;
  #panelUntil_ms = 0;
  #last_ms = 0;

  constructor(
    private readonly renderer: WebGLRenderer,
    private readonly scene: Scene,
    private readonly world: Group,
    private readonly loaded: LoadedScene,
    far_m: number,
    private readonly listener: HeadsetListener,
  ) {
    this.#placement = new Placement(loaded.facts.nearest_m);
    this.#photo_m = new Vector3().setFromMatrixPosition(loaded.camera.matrixWorld);
    this.#camera.near = NEAR_M;
    this.#camera.far = far_m * SCALE_MAX + FARTHER_MAX_M;
    this.#panel = new Panel([
      { label: "Recentre", press: () => this.recentre() },
      { label: "True size", press: () => this.#placement.reset() },
      { label: "Exit", press: () => this.leave() },
    ]);
    this.#veil = new Mesh(
      new SphereGeometry(1, 16, 12),
      new MeshBasicMaterial({
        color: VEIL_COLOUR,
        side: BackSide,
        transparent: true,
        depthTest: false,
        depthWrite: false,
      }),
    );
    this.#veil.renderOrder = PANEL_ORDER - 1;
    this.#veil.frustumCulled = false;
    this.#veil.visible = false;
    renderer.xr.addEventListener("sessionend", () => this.#ended());
    const select = (grip: Grip) => this.#select(grip);
    this.#grips = [0, 1].map((index) => new Grip(renderer, index, { select, squeeze: () => this.recentre() }));
  }

  get isPresenting(): boolean {
    return this.#session !== null;
  }

  get state(): Readonly<{ scale: number; distance_m: number; veil: number }> {
    const { scale, distance_m } = this.#placement;
    return Object.freeze({ scale, distance_m, veil: this.#veil.visible ? this.#veil.material.opacity : 0 });
  }

  /** Begin a session; must be called from a user's action. */
  async enter(): Promise<void> {
    if (this.#session) return;
    try {
      this.#session = await navigator.xr!.requestSession("immersive-vr", {
        optionalFeatures: ["hand-tracking", "layers"],
      });
      this.#isPlaced = false;
      this.listener.began();
      await this.#begin(this.#session);
    } catch (error) {
      await this.#session?.end();
      if (this.#session) this.#ended();
      throw new Problem(`Could not enter VR: ${(error as Error).message}`);
    }
  }

  leave(): void {
    void this.#session?.end();
  }

  /** Put the photo's camera at the current head position. */
  recentre(): void {
    this.#isPlaced = false;
  }

  dispose(): void {
    this.leave();
    this.#panel.dispose();
    this.#veil.geometry.dispose();
    this.#veil.material.dispose();
    for (const grip of this.#grips) grip.dispose();
  }

  async #begin(session: XRSession): Promise<void> {
    const { xr } = this.renderer;
    xr.enabled = true;
    xr.setReferenceSpaceType("local");
    xr.setFoveation(FOVEATION);
    // Before the session, so that three.js takes its frames only from the headset, not also from the window.
    this.renderer.setAnimationLoop((now_ms, frame) => frame && this.#draw(now_ms, frame));
    await xr.setSession(session);
    xr.getReferenceSpace()?.addEventListener("reset", () => this.recentre());
    if (session.supportedFrameRates?.includes(FRAME_RATE_HZ)) {
      session.updateTargetFrameRate(FRAME_RATE_HZ).catch((error: unknown) => console.warn(error));
    }
    this.scene.add(this.#veil, this.#panel.mesh, ...this.#grips.map((grip) => grip.space));
  }

  #ended(): void {
    this.#session = null;
    this.renderer.setAnimationLoop(null);
    this.renderer.xr.enabled = false;
    this.scene.remove(this.#veil, this.#panel.mesh, ...this.#grips.map((grip) => grip.space));
    this.world.matrixAutoUpdate = true;
    this.world.position.set(0, 0, 0);
    this.world.quaternion.identity();
    this.world.scale.set(1, 1, 1);
    this.world.updateMatrixWorld(true);
    this.listener.ended();
  }

  #draw(now_ms: number, frame: XRFrame): void {
    const space = this.renderer.xr.getReferenceSpace();
    const pose = space && frame.getViewerPose(space);
    if (pose) {
      const { position: p, orientation: q } = pose.transform;
      this.#head_m.set(p.x, p.y, p.z);
      this.#rotation.set(q.x, q.y, q.z, q.w);
      if (!this.#isPlaced) {
        this.#placement.recentre(this.#head_m, this.#rotation);
        this.#isPlaced = true;
      }
      this.#grasp(Math.min((now_ms - this.#last_ms) / 1000, 0.1));
      this.#last_ms = now_ms;
      this.#place();
      this.#offer(now_ms);
    }
    this.renderer.render(this.scene, this.#camera);
    this.listener.drawn(now_ms);
  }

  /** Place the scene and the veil. */
  #place(): void {
    this.world.matrixAutoUpdate = false;
    this.world.matrix.copy(this.#placement.space_from_scene(this.#photo_m));
    this.world.matrixWorldNeedsUpdate = true;
    const veil = this.#placement.veil(this.#head_m, this.loaded.facts.headBox_m);
    this.#veil.visible = veil > 0;
    this.#veil.material.opacity = veil;
    this.#veil.position.copy(this.#head_m);
  }

  /** Let hands and thumbsticks move the scene. */
  #grasp(seconds: number): void {
    const dragging = this.#grips.filter((grip) => grip.isDragging);
    const [first, second] = dragging;
    if (first && second) {
      const before_m = first.last_m.distanceTo(second.last_m);
      if (before_m > 0) this.#placement.magnify(first.place_m.distanceTo(second.place_m) / before_m);
    } else if (first) {
      const ahead = this.#placement.turned(new Vector3(0, 0, -1));
      this.#placement.push(DRAG_GAIN * new Vector3().subVectors(first.place_m, first.last_m).dot(ahead));
    }
    for (const grip of dragging) grip.last_m.copy(grip.place_m);
    for (const grip of this.#grips) {
      const [sideways, up] = grip.stick;
      if (sideways) this.#placement.magnify(Math.exp(sideways * STICK_SCALE_PER_S * seconds));
      if (up) this.#placement.push(up * STICK_M_PER_S * seconds);
      if (grip.hasJustLeft()) this.leave();
    }
  }

  /** Show the panel after a press, while the person looks at a hand, and in the dark. */
  #offer(now_ms: number): void {
    const gaze = new Vector3(0, 0, -1).applyQuaternion(this.#rotation);
    const isLookedAt = (grip: Grip) =>
      new Vector3().subVectors(grip.place_m, this.#head_m).normalize().dot(gaze) > LOOKED_AT;
    const tracked = this.#grips.filter((grip) => grip.isTracked);
    if (tracked.some(isLookedAt) || this.#veil.material.opacity > VEIL_WITH_PANEL)
      this.#panelUntil_ms = now_ms + PANEL_S * 1000;
    const isWanted = now_ms < this.#panelUntil_ms && !this.#grips.some((grip) => grip.isDragging);
    if (!isWanted) this.#panel.hide();
    else if (!this.#panel.mesh.visible) this.#panel.showBefore(this.#head_m, gaze);
    for (const grip of this.#grips) grip.aim(this.#panel.mesh, isWanted && grip.isTracked);
    const pointedAt = this.#panel.point(
      tracked.map((grip) => grip.ray),
      this.listener.frameTimes(),
    );
    if (pointedAt) this.#panelUntil_ms = Math.max(this.#panelUntil_ms, now_ms + 1000);
  }

  /** Handle the press of a button or the start of a drag; return whether it is a drag. */
  #select(grip: Grip): boolean {
    grip.aim(this.#panel.mesh, this.#panel.mesh.visible);
    const button = this.#panel.point([grip.ray], this.listener.frameTimes());
    button?.press();
    this.#panelUntil_ms = this.#last_ms + PANEL_S * 1000;
    return !button;
  }
}
