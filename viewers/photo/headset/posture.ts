import type { Vector3 } from "three";

/** Time that a head stays at a new height before the scene follows, and what counts as staying. */
const STAY_S = 0.5;
const STILL_M = 0.03;

/** Whether people stand, for all scenes until the page is closed. */
let isStanding = false;

/**
 * Seated: heights are relative to the headset, and the scene keeps its height until it is recentred.
 * Standing: heights are relative to the floor, and the scene follows when a person stands up, sits down or hands the headset on.
 */
export class Posture {
  #floor: XRReferenceSpace | null = null;
  #seat: XRReferenceSpace | null = null;
  #session: XRSession | null = null;
  #wasHidden = false;
  #stayed_s = 0;
  #stayedAt_m = 0;

  /** `restart` is called when the headset has been put on again, or has moved its origin. */
  constructor(
    private readonly use: (space: XRReferenceSpace) => void,
    private readonly restart: () => void,
  ) {}

  get isStanding(): boolean {
    return isStanding && this.#floor !== null;
  }

  /** Label of its button: the present posture. */
  get label(): string {
    return this.isStanding ? "Standing" : "Seated";
  }

  /** What the posture does, in words. */
  get words(): string {
    return this.isStanding
      ? "Standing: the picture follows when you stand up or sit down."
      : "Seated: the picture keeps its height until you recentre.";
  }

  async begin(session: XRSession): Promise<void> {
    this.#session = session;
    this.#wasHidden = false;
    session.addEventListener("visibilitychange", this.#lookAgain);
    this.#seat = await session.requestReferenceSpace("local");
    this.#floor = await session.requestReferenceSpace("local-floor").catch(() => null);
    for (const space of [this.#seat, this.#floor]) space?.addEventListener("reset", this.restart);
    this.#use();
  }

  end(): void {
    this.#session?.removeEventListener("visibilitychange", this.#lookAgain);
    for (const space of [this.#seat, this.#floor]) space?.removeEventListener("reset", this.restart);
    this.#session = this.#seat = this.#floor = null;
  }

  toggle(): void {
    isStanding = !isStanding && this.#floor !== null;
    this.#use();
  }

  /** Return whether the scene should come to the height of a head, which is outside its box by some metres upwards or downwards. */
  follows(seconds: number, head_m: Readonly<Vector3>, outside_m: number): boolean {
    const stays = Math.abs(head_m.y - this.#stayedAt_m) < STILL_M;
    if (!stays || !outside_m || !this.isStanding) {
      this.#stayed_s = 0;
      this.#stayedAt_m = head_m.y;
      return false;
    }
    this.#stayed_s += seconds;
    return this.#stayed_s > STAY_S;
  }

  #use(): void {
    const space = this.isStanding ? this.#floor : this.#seat;
    if (space) this.use(space);
  }

  /** Some headsets hide a session while nobody wears them. */
  readonly #lookAgain = (): void => {
    const state = this.#session?.visibilityState;
    if (state === "hidden") this.#wasHidden = true;
    else if (state === "visible" && this.#wasHidden) {
      this.#wasHidden = false;
      this.restart();
    }
  };
}
