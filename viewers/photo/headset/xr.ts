import { PerspectiveCamera, Quaternion, Vector3, type Group, type Object3D, type Scene, type WebGLRenderer } from "three";

import { Brightness } from "./brightness";
import { Change } from "./change";
import { farthest_m, inFileOrder, release, texturesOf } from "../scene/contents";
import { Curtain } from "./curtain";
import type { Choice, Gallery } from "./gallery";
import { drag, steer } from "./grasp";
import { Grip } from "./grip";
import type { LoadedScene } from "../scene/load";
import { HeadsetMenu } from "./headset_menu";
import type { HeadsetState } from "./headset_state";
import type { PanelButton } from "./panel";
import { closingOf, FARTHER_MAX_M, Placement, SCALE_MAX } from "./placement";
import { Posture } from "./posture";
import { Problem } from "../../shared/problem";

/** Hands, the panel and a reduced scene come close. */
const NEAR_M = 0.02;
const FRAME_RATE_HZ = 72;
const FOVEATION = 0.5;
const LONGEST_STEP_S = 0.1;
/** How far the view narrows while a thumbstick moves the scene. */
const NARROW_MOVING = 0.45;
const NAME_S = 3;
const WORDS_S = 6;

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

/** Scenes around a person in a headset. */
export class Headset {
  #loaded: LoadedScene;
  #placement: Placement;
  /** The scene that has replaced the element's own in this session. */
  #chosen: Choice | null = null;
  readonly #photo_m = new Vector3();
  readonly #grips: readonly Grip[];
  readonly #menu: HeadsetMenu;
  readonly #curtain = new Curtain();
  readonly #brightness: Brightness;
  readonly #posture: Posture;
  readonly #change: Change;
  readonly #camera = new PerspectiveCamera();
  readonly #head_m = new Vector3();
  readonly #gaze = new Vector3(0, 0, -1);
  readonly #rotation = new Quaternion();

  #session: XRSession | null = null;
  #isDisposed = false;
  #isPlaced = false;
  #isMoving = false;
  #last_ms = 0;

  constructor(
    private readonly renderer: WebGLRenderer,
    private readonly scene: Scene,
    private readonly world: Group,
    loaded: LoadedScene,
    private readonly gallery: Gallery,
    private readonly listener: HeadsetListener,
  ) {
    this.#loaded = loaded;
    this.#placement = this.#prepare(loaded);
    this.#brightness = new Brightness(renderer);
    this.#posture = new Posture(
      (space) => renderer.xr.setReferenceSpace(space),
      () => this.recentre(),
    );
    this.#menu = new HeadsetMenu({
      buttons: () => this.#buttons(),
      choose: (choice) => this.#choose(choice),
      step: (by) => this.#step(by),
      isLoading: () => this.#change.choice !== null,
      cancel: () => this.#cancel(),
    });
    this.#change = new Change({
      progress: (text) => this.#menu.note.say(text, Infinity),
      darken: (signal) => this.#curtain.darken(signal),
      take: (loaded, choice) => this.#take(loaded, choice),
      failed: (text) => this.#menu.note.say(text, WORDS_S),
    });
    renderer.xr.addEventListener("sessionend", () => this.#ended());
    const select = (grip: Grip) => this.#menu.select(grip);
    this.#grips = [0, 1].map((index) => new Grip(renderer, index, { select, squeeze: () => this.recentre() }));
  }

  get isPresenting(): boolean {
    return this.#session !== null;
  }

  get state(): HeadsetState {
    const { scale, distance_m } = this.#placement;
    const { narrow, dark } = this.#curtain.state;
    const { geometries, textures } = this.renderer.info.memory;
    return Object.freeze({
      scale,
      distance_m,
      narrow,
      veil: dark,
      scene: this.#here,
      isGalleryOpen: this.#menu.isWallOpen,
      note: this.#menu.note.text,
      targets: this.#menu.targets,
      memory: { geometries, textures },
    });
  }

  /** Begin a session; must be called from a user's action. */
  async enter(): Promise<void> {
    if (this.#session) return;
    try {
      this.#session = await navigator.xr!.requestSession("immersive-vr", {
        optionalFeatures: ["local-floor", "hand-tracking", "layers"],
      });
      if (this.#isDisposed) return this.leave();
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

  /** Free all and leave VR; the page, which has its reason, goes on with what it shows now. */
  dispose(): void {
    this.#isDisposed = true;
    this.#change.cancel();
    if (this.#chosen) release(this.#loaded.root);
    this.#chosen = null;
    this.leave();
    this.#menu.dispose();
    this.#curtain.dispose();
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
    await this.#posture.begin(session);
    if (this.#session !== session) return;
    if (session.supportedFrameRates?.includes(FRAME_RATE_HZ)) {
      session.updateTargetFrameRate(FRAME_RATE_HZ).catch((error: unknown) => console.warn(error));
    }
    this.#brightness.begin(this.#loaded.root);
    this.#curtain.open();
    this.scene.add(...this.#objects);
    this.gallery.choices().then(
      (choices) => (this.#menu.choices = choices),
      (error: unknown) => this.#menu.note.say((error as Error).message, WORDS_S),
    );
  }

  #ended(): void {
    if (!this.#session) return;
    this.#session = null;
    this.#change.cancel();
    this.#posture.end();
    this.#menu.end();
    this.#brightness.end();
    this.renderer.setAnimationLoop(null);
    this.renderer.xr.enabled = false;
    if (this.#isDisposed) return;
    this.scene.remove(...this.#objects);
    this.world.visible = true;
    this.world.matrixAutoUpdate = true;
    this.world.position.set(0, 0, 0);
    this.world.quaternion.identity();
    this.world.scale.set(1, 1, 1);
    this.world.updateMatrixWorld(true);
    this.listener.ended();
    const chosen = this.#chosen;
    if (!chosen) return;
    this.#chosen = null;
    this.world.remove(this.#loaded.root);
    release(this.#loaded.root);
    this.gallery.show(chosen);
  }

  get #objects(): readonly Object3D[] {
    return [this.#curtain.mesh, ...this.#menu.objects, ...this.#grips.map((grip) => grip.space)];
  }

  /** Address of the scene that is shown. */
  get #here(): string {
    return this.#chosen?.src ?? this.gallery.own;
  }

  #draw(now_ms: number, frame: XRFrame): void {
    const space = this.renderer.xr.getReferenceSpace();
    const pose = space && frame.getViewerPose(space);
    if (pose) {
      const seconds = Math.min((now_ms - this.#last_ms) / 1000, LONGEST_STEP_S);
      this.#last_ms = now_ms;
      this.#follow(pose.transform);
      this.#obey(seconds);
      this.#place();
      this.#close(seconds);
      const more = { here: this.#here, frameTimes: this.listener.frameTimes() };
      this.#menu.offer(now_ms, this.#head_m, this.#gaze, this.#grips, this.#curtain.isLost, more);
    }
    this.renderer.render(this.scene, this.#camera);
    this.listener.drawn(now_ms);
  }

  #follow({ position: p, orientation: q }: XRRigidTransform): void {
    this.#head_m.set(p.x, p.y, p.z);
    this.#rotation.set(q.x, q.y, q.z, q.w);
    this.#gaze.set(0, 0, -1).applyQuaternion(this.#rotation);
    if (this.#isPlaced) return;
    this.#placement.recentre(this.#head_m, this.#rotation);
    this.#menu.follow();
    this.#isPlaced = true;
  }

  /** Let hands, thumbsticks and buttons have their effects. */
  #obey(seconds: number): void {
    const isWallOpen = this.#menu.isWallOpen;
    for (const grip of this.#grips) {
      const push = grip.push();
      if (isWallOpen && push) this.#menu.turnPage(push);
      if (grip.hasJustPressed("stick")) this.#step(grip.isRight ? 1 : -1);
      if (grip.hasJustPressed("gallery")) this.#menu.toggleWall();
      if (!grip.hasJustPressed("leave")) continue;
      if (isWallOpen) this.#menu.closeWall();
      else this.leave();
    }
    drag(this.#grips, this.#placement);
    this.#isMoving = !isWallOpen && steer(this.#grips, this.#placement, seconds);
  }

  #place(): void {
    this.world.matrixAutoUpdate = false;
    this.world.matrix.copy(this.#placement.space_from_scene(this.#photo_m));
    this.world.matrixWorldNeedsUpdate = true;
  }

  /** Close the view as far as comfort asks for, or all of it behind the gallery and for another scene. */
  #close(seconds: number): void {
    const outside_m = this.#placement.outside_m(this.#head_m, this.#loaded.facts.headBox_m);
    if (this.#posture.follows(seconds, this.#head_m, outside_m.y)) this.#placement.rise(this.#head_m);
    const { narrow, dark } = closingOf(outside_m.length());
    const wanted = { narrow: Math.max(narrow, this.#isMoving ? NARROW_MOVING : 0), dark };
    const isWallOpen = this.#menu.isWallOpen;
    this.#curtain.step(seconds, wanted, isWallOpen ? this.#brightness.nothing : null, this.#gaze);
    this.world.visible = !(isWallOpen && this.#curtain.isDark);
  }

  #buttons(): readonly (readonly PanelButton[])[] {
    const say = (text: string) => this.#menu.note.say(text, WORDS_S);
    const stand = () => {
      this.#posture.toggle();
      this.recentre();
      say(this.#posture.words);
    };
    return [
      [
        { label: "Recentre", press: () => this.recentre() },
        { label: "True size", press: () => this.#placement.reset() },
        { label: "Exit", press: () => this.leave() },
      ],
      [
        { label: this.#posture.label, press: stand },
        { label: `Surround: ${this.#brightness.name}`, press: () => this.#brightness.next() },
      ],
    ];
  }

  #choose(choice: Choice): void {
    if (choice.src !== this.#here) {
      void this.#change.to(choice);
      return;
    }
    this.#cancel();
    this.#menu.closeWall();
  }

  /** Go on in the list from the scene that is shown or being loaded. */
  #step(by: number): void {
    const { choices } = this.#menu;
    const from = this.#change.choice?.src ?? this.#here;
    const index = choices.findIndex(({ src }) => src === from);
    const next = choices[index < 0 ? (by > 0 ? 0 : choices.length - 1) : (index + by + choices.length) % choices.length];
    if (next) this.#choose(next);
  }

  #cancel(): void {
    this.#change.cancel();
    this.#menu.note.clear();
  }

  /** Replace the scene that is shown, and free it. */
  #take(loaded: LoadedScene, choice: Choice): void {
    this.world.remove(this.#loaded.root);
    release(this.#loaded.root);
    this.#loaded = loaded;
    this.#chosen = choice;
    this.#placement = this.#prepare(loaded);
    inFileOrder(loaded.root);
    this.world.add(loaded.root);
    this.#brightness.begin(loaded.root);
    for (const texture of texturesOf(loaded.root)) this.renderer.initTexture(texture);
    this.#menu.closeWall();
    this.#menu.note.say(choice.name, NAME_S);
    this.recentre();
  }

  #prepare(loaded: LoadedScene): Placement {
    loaded.root.updateMatrixWorld(true);
    this.#photo_m.setFromMatrixPosition(loaded.camera.matrixWorld);
    this.#camera.near = NEAR_M;
    this.#camera.far = farthest_m(loaded) * SCALE_MAX + FARTHER_MAX_M;
    return new Placement(loaded.facts.nearest_m);
  }
}
