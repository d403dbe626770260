import { approach } from "./easing";
import { framed, placed, zoomRange, type Box, type Fit, type Frame, type Size } from "./framing";

const SMOOTHING_S = 0.12;
/** Largest remaining change of a frame at rest, as a share of its width. */
const SETTLED = 2e-4;
/** How far a picture can be pulled beyond its limits, as a share of the frame. */
const ELASTIC_SHARE = 0.15;
const TAPPED_ZOOM = 2.5;
/** The largest difference of the zoom from 1 at which a double tap enlarges. */
const NEARLY_1 = 0.05;

/** A place in the element: from -1 at its left and top to 1 at its right and bottom. */
export interface Place {
  readonly x: number;
  readonly y: number;
}
const MIDDLE: Place = Object.freeze({ x: 0, y: 0 });

function elastic(excess: number, limit: number): number {
  return limit * Math.tanh(excess / limit);
}

/** Return how much two frames of the same shape differ, in pixels of the photo. */
function distance(a: Frame, b: Frame): number {
  return Math.abs(a.x - b.x) + Math.abs(a.y - b.y) + Math.abs(a.width - b.width);
}

/** The part of the photo that is in sight: it fits the element, and can be enlarged, reduced and moved. */
export class Zoom {
  #aspect = 1;
  #fit: Fit;
  #base: Frame;
  /** The frame that gestures ask for; beyond the limits only while the picture is held. */
  #asked: Frame;
  #frame: Frame;
  #isHeld = false;
  #isElastic = false;

  constructor(
    private readonly size: Size,
    private readonly subject: Box | null,
    fit: Fit,
    private readonly smooth: boolean,
  ) {
    this.#fit = fit;
    this.#frame = this.#asked = this.#base = framed(size, subject, 1, fit);
  }

  get frame(): Frame {
    return this.#frame;
  }

  get fit(): Fit {
    return this.#fit;
  }

  /** The enlargement relative to the frame that fits. */
  get zoom(): number {
    return this.#base.width / this.#frame.width;
  }

  /** The distance from the frame that fits, in pixels of the photo: right and down. */
  get pan_px(): readonly [number, number] {
    return [this.#frame.x - this.#base.x, this.#frame.y - this.#base.y];
  }

  set fit(fit: Fit) {
    this.#fit = fit;
    this.#base = framed(this.size, this.subject, this.#aspect, fit);
    this.reset();
  }

  /** Fit an element of another aspect; what is enlarged remains so. */
  resize(aspect: number): void {
    if (aspect === this.#aspect) return;
    const isAtRest = this.#asked === this.#base;
    const zoom = this.#base.width / this.#asked.width;
    this.#aspect = aspect;
    this.#base = framed(this.size, this.subject, aspect, this.#fit);
    if (isAtRest) this.#asked = this.#base;
    else this.#ask({ ...this.#asked, width: this.#base.width / zoom });
    this.#frame = this.#wanted();
  }

  /** Let the picture follow without delay, beyond its limits if it is elastic, until it is released. */
  hold(isElastic: boolean): void {
    this.#isHeld = true;
    this.#isElastic = isElastic;
  }

  release(): void {
    this.#isHeld = this.#isElastic = false;
    if (this.#asked !== this.#base) this.#ask(this.#asked);
  }

  /** Enlarge; what is at a place stays there. */
  magnify(factor: number, at: Place = MIDDLE): void {
    const before = this.#asked;
    const width = this.#isElastic ? before.width / factor : this.#limited(before.width / factor);
    const share = (before.width - width) / 2;
    this.#ask({
      x: before.x + at.x * share,
      y: before.y + (at.y * share) / this.#aspect,
      width,
      height: width / this.#aspect,
    });
  }

  /** Move the picture by shares of half the element: right and down. */
  pan(x: number, y: number): void {
    const { width, height } = this.#asked;
    this.#ask({ ...this.#asked, x: this.#asked.x - (x * width) / 2, y: this.#asked.y - (y * height) / 2 });
  }

  /** Enlarge at a place, or return to the frame that fits. */
  toggle(at: Place): void {
    if (Math.abs(this.#base.width / this.#asked.width - 1) < NEARLY_1) this.magnify(TAPPED_ZOOM, at);
    else this.reset();
  }

  /** Return to the frame that fits. */
  reset(): void {
    this.#asked = this.#base;
  }

  /** Advance by some seconds; return whether the movement continues. */
  step(seconds: number): boolean {
    const share = this.smooth ? approach(seconds, SMOOTHING_S) : 1;
    const [from, to] = [this.#frame, this.#wanted()];
    const between = (a: number, b: number) => a + (b - a) * share;
    const [x, y] = [between(from.x, to.x), between(from.y, to.y)];
    const width = between(from.width, to.width);
    const frame = { x, y, width, height: width / this.#aspect };
    const isSettled = distance(frame, to) < SETTLED * to.width;
    this.#frame = isSettled ? to : frame;
    return !isSettled;
  }

  #ask(frame: Frame): void {
    const before = this.#wanted();
    const width = this.#isElastic ? frame.width : this.#limited(frame.width);
    const asked = { ...frame, width, height: width / this.#aspect };
    this.#asked = this.#isElastic ? asked : placed(asked, this.size);
    if (distance(this.#asked, this.#base) < SETTLED * this.#base.width) this.#asked = this.#base;
    if (this.#isHeld) this.#follow(before, this.#wanted());
  }

  /** Change the frame at once as the wanted one has changed; an animation that is under way goes on. */
  #follow(before: Frame, now: Frame): void {
    const width = this.#frame.width + now.width - before.width;
    const [x, y] = [this.#frame.x + now.x - before.x, this.#frame.y + now.y - before.y];
    this.#frame = { x, y, width, height: width / this.#aspect };
  }

  #limited(width: number): number {
    const [min, max] = zoomRange(this.size, this.#aspect);
    return Math.max(Math.min(min, this.#base.width), Math.min(max, width));
  }

  /** Return the frame asked for; what of it is beyond the limits gives way more and more. */
  #wanted(): Frame {
    const asked = this.#asked;
    if (!this.#isElastic) return asked;
    const limited = this.#limited(asked.width);
    const width = limited * Math.exp(elastic(Math.log(asked.width / limited), ELASTIC_SHARE));
    const height = width / this.#aspect;
    const at = placed({ ...asked, width, height }, this.size);
    const limit = ELASTIC_SHARE * Math.min(width, height);
    return { ...at, x: at.x + elastic(asked.x - at.x, limit), y: at.y + elastic(asked.y - at.y, limit) };
  }
}
