import { approach } from "./easing";
import type { Head } from "./head";

/** A tilt by this angle moves the head to about three quarters of the head box. */
const TILT_DEGREES = 20;
/** Time constant for a device's posture to become its rest position, so that a person can lie down. */
const REST_S = 8;

interface Permission {
  requestPermission?: () => Promise<"granted" | "denied">;
}

/** The answers of this page's visitor, who is asked once. */
const answers = new EventTarget();
let isAnswered = false;

/** Return whether this device can be tilted. */
export function canTilt(): boolean {
  return matchMedia("(pointer: coarse)").matches && typeof DeviceOrientationEvent !== "undefined";
}

/** Return whether tilting requires a permission (iOS) that the visitor has neither given nor refused on this page. */
export function mayAskForTilt(): boolean {
  return canTilt() && !isAnswered && "requestPermission" in DeviceOrientationEvent;
}

/** Ask for permission to read the device's orientation; must be called from a tap. */
export async function askForTilt(): Promise<void> {
  await (DeviceOrientationEvent as Permission).requestPermission?.();
  isAnswered = true;
  answers.dispatchEvent(new Event("answered"));
}

/** Call a function when the visitor has answered, until the signal aborts. */
export function onTiltAnswer(answered: () => void, signal: AbortSignal): void {
  answers.addEventListener("answered", answered, { signal });
}

/** Moves the head as the device is tilted, until the signal aborts. */
export class Tilt {
  #rest: [number, number] | null = null;
  #last_ms = 0;

  constructor(
    private readonly head: Head,
    private readonly redraw: () => void,
    private readonly began: () => void,
    signal: AbortSignal,
  ) {
    if (canTilt()) window.addEventListener("deviceorientation", (event) => this.#tilted(event), { signal });
  }

  #tilted({ beta, gamma, timeStamp }: DeviceOrientationEvent): void {
    if (beta === null || gamma === null) return;
    if (!this.#rest) this.began();
    this.#rest ??= [beta, gamma];
    const seconds = Math.min((timeStamp - this.#last_ms) / 1000, 1);
    this.#last_ms = timeStamp;
    const difference = (angle: number, rest: number) => ((angle - rest + 540) % 360) - 180;
    const [forward, sideways] = [difference(beta, this.#rest[0]), difference(gamma, this.#rest[1])];
    const share = approach(seconds, REST_S);
    this.#rest = [this.#rest[0] + share * forward, this.#rest[1] + share * sideways];
    const turn = ((screen.orientation?.angle ?? 0) * Math.PI) / 180;
    const [cos, sin] = [Math.cos(turn) / TILT_DEGREES, Math.sin(turn) / TILT_DEGREES];
    this.head.want("tilt", sideways * cos + forward * sin, sideways * sin - forward * cos);
    this.redraw();
  }
}
