import { Vector3, type Object3D } from "three";

import type { Choice } from "./gallery";
import type { Grip } from "./grip";
import { Note } from "./note";
import { Panel, type PanelButton, type Target } from "./panel";
import { Wall } from "./wall";

const PANEL_S = 6;
const POINTED_S = 2;
const PANEL_WIDTH_M = 0.6;
/** Cosine of the largest angle from the gaze at which a hand is being looked at. */
const LOOKED_AT = Math.cos((14 * Math.PI) / 180);
/** Cosine of the angle from the gaze beyond which a new note is out of sight. */
const OUT_OF_SIGHT = Math.cos((45 * Math.PI) / 180);

export interface MenuActions {
  /** Two rows of buttons for the scene and the session, with the labels of now. */
  readonly buttons: () => readonly (readonly PanelButton[])[];
  readonly choose: (choice: Choice) => void;
  /** Go to the next scene, or the previous one for -1. */
  readonly step: (by: number) => void;
  /** Whether a scene is being loaded, and how to stop that. */
  readonly isLoading: () => boolean;
  readonly cancel: () => void;
}

/** What a person points at in a headset: a panel with buttons and notes, and the wall of scenes. */
export class HeadsetMenu {
  readonly note = new Note();
  /** Scenes to choose from. */
  choices: readonly Choice[] = [];
  readonly #panel: Panel;
  readonly #wall: Wall;
  readonly #previous: PanelButton = { label: "Previous", press: () => this.actions.step(-1) };
  readonly #gallery: PanelButton = { label: "Gallery", press: () => (this.#isWanted = true) };
  readonly #next: PanelButton = { label: "Next", press: () => this.actions.step(1) };
  #isWanted = false;
  #panelUntil_ms = 0;
  #now_ms = 0;

  constructor(private readonly actions: MenuActions) {
    const gallery = [this.#previous, this.#gallery, this.#next];
    this.#panel = new Panel(() => [this.choices.length > 1 ? gallery : [], ...actions.buttons()], 3, PANEL_WIDTH_M);
    const close = { label: "Close", press: () => this.closeWall() };
    const cancel = { label: "Cancel", press: () => actions.cancel() };
    this.#wall = new Wall(actions.choose, () => (actions.isLoading() ? cancel : close));
  }

  get objects(): readonly Object3D[] {
    return [this.#panel.mesh, this.#wall.group, this.#wall.bar.mesh];
  }

  get isWallOpen(): boolean {
    return this.#wall.isOpen;
  }

  /** What can be pointed at, for tests. */
  get targets(): readonly Target[] {
    return [...this.#panel.targets(), ...this.#wall.targets()];
  }

  /** Open the wall as soon as there are scenes to choose from, or close it. */
  toggleWall(): void {
    if (this.#wall.isOpen) this.closeWall();
    else this.#isWanted = !this.#isWanted;
  }

  closeWall(): void {
    this.#isWanted = false;
    if (this.#wall.isOpen) this.#wall.close();
  }

  turnPage(step: number): void {
    this.#wall.turn(step);
  }

  /** Put what is shown before the head again. */
  follow(): void {
    this.#panel.hide();
    this.#isWanted ||= this.#wall.isOpen;
  }

  /** Show what is wanted: the wall, or the panel after a press, while the person looks at a hand, and in the dark. */
  offer(now_ms: number, head_m: Vector3, gaze: Vector3, grips: readonly Grip[], isDark: boolean, more: Offer): void {
    this.#now_ms = now_ms;
    if (this.#isWanted && this.choices.length > 1) {
      this.#isWanted = false;
      if (!this.#wall.isOpen) this.#wall.open(this.choices, more.here);
      this.#wall.place(head_m, gaze);
    }
    const tracked = grips.filter((grip) => grip.isTracked);
    const isLookedAt = (grip: Grip) => new Vector3().subVectors(grip.place_m, head_m).normalize().dot(gaze) > LOOKED_AT;
    if (tracked.some(isLookedAt) || isDark) this.#panelUntil_ms = now_ms + PANEL_S * 1000;
    const isOffered = now_ms < this.#panelUntil_ms && !this.#wall.isOpen && !grips.some((grip) => grip.isDragging);
    this.#showPanel(isOffered, head_m, gaze, more.frameTimes);
    this.#wall.bar.note = this.note.text || this.#wall.words;
    for (const grip of grips) grip.aim(this.#aims);
    if (this.#pointedAt(tracked)) this.#panelUntil_ms = Math.max(this.#panelUntil_ms, now_ms + POINTED_S * 1000);
  }

  /** Press what a hand points at; return whether it points at nothing while the scene can be grasped. */
  select(grip: Grip): boolean {
    grip.aim(this.#aims);
    const button = this.#pointedAt([grip]);
    button?.press();
    this.#panelUntil_ms = this.#now_ms + PANEL_S * 1000;
    return !button && !this.#wall.isOpen;
  }

  /** End with a session. */
  end(): void {
    this.closeWall();
    this.#panel.rest();
    this.#panelUntil_ms = 0;
    this.note.clear();
  }

  dispose(): void {
    this.#panel.dispose();
    this.#wall.dispose();
  }

  get #aims(): readonly Object3D[] {
    if (this.#wall.isOpen) return this.#wall.meshes;
    return this.#panel.mesh.visible && this.#panel.isOpen ? [this.#panel.mesh] : [];
  }

  #pointedAt(grips: readonly Grip[]): PanelButton | null {
    const rays = grips.map((grip) => grip.ray);
    return this.#wall.isOpen ? this.#wall.point(rays, this.#now_ms) : this.#panel.point(rays);
  }

  #showPanel(isOffered: boolean, head_m: Vector3, gaze: Vector3, frameTimes: string): void {
    const panel = this.#panel;
    const text = this.#wall.isOpen ? "" : this.note.text;
    const isNew = text !== "" && panel.note !== text && isOutOfSight(panel, head_m, gaze);
    panel.isOpen = isOffered;
    panel.note = text || (isOffered ? frameTimes : "");
    if (!isOffered && !text) panel.hide();
    else if (!panel.mesh.visible || isNew) panel.showBefore(head_m, gaze);
  }
}

/** What the menu shows besides its own. */
export interface Offer {
  /** Address of the scene that is shown. */
  readonly here: string;
  readonly frameTimes: string;
}

function isOutOfSight({ mesh }: Panel, head_m: Vector3, gaze: Vector3): boolean {
  return new Vector3().subVectors(mesh.position, head_m).normalize().dot(gaze) < OUT_OF_SIGHT;
}
