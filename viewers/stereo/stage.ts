/** The picture on a flat screen: as large as the canvas allows, or a view into a half sphere. */

import { type Mat3, turned } from "./matrices";
import type { Painter } from "./painter";
import { aspectOf, eyesOf, isFlat, type Show, viewSizePx, wiggles } from "./show";
import { LAYOUTS } from "./layouts";
import { only, VIEWS } from "./views";

/**
 * Duration of each eye's picture in a wiggle, in milliseconds; longer if the user prefers reduced motion. The usual one
 * stays below three changes there and back in a second (WCAG 2.3.1).
 */
const TURN_MS = { usual: 170, calm: 600 } as const;

const FOV_DEG = { min: 20, max: 110, first: 75 } as const;
/** Directions that are seen, from straight ahead; and how far one can turn even if the view is wider than that. */
const MAX_TURN = Math.PI / 2;
const MIN_TURN = Math.PI / 12;

/** Left, bottom, width and height in the canvas's pixels. */
type Box = readonly [number, number, number, number];

/** View direction in a half sphere; angles in radians, to the left and up. */
interface Look {
  yaw: number;
  pitch: number;
  /** Vertical field of view. */
  fovDeg: number;
}

export class Stage {
  private readonly look: Look = { yaw: 0, pitch: 0, fovDeg: FOV_DEG.first };
  private readonly calm = matchMedia("(prefers-reduced-motion: reduce)");

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly painter: Painter,
  ) {}

  /** Match the canvas's pixels to the screen's. */
  fit(): void {
    this.canvas.width = Math.max(1, Math.round(this.canvas.clientWidth * devicePixelRatio));
    this.canvas.height = Math.max(1, Math.round(this.canvas.clientHeight * devicePixelRatio));
    this.stayInside();
  }

  /** Draw without black bars at the picture's own size, and return that as PNG; the canvas looks as before. */
  async png(show: Show, timeMs: number): Promise<Blob | null> {
    const [width, height] = this.fullSizePx(show);
    [this.canvas.width, this.canvas.height] = [width, height];
    this.draw(show, timeMs);
    const made = new Promise<Blob | null>((resolve) => this.canvas.toBlob(resolve, "image/png"));
    this.fit();
    this.draw(show, timeMs);
    return made;
  }

  /** Turn to the right and down by shares of the canvas's height, and multiply the field of view by a factor. */
  turn(right: number, down: number, zoom = 1): void {
    const { look } = this;
    const turned = radians(look.fovDeg);
    look.fovDeg = clamp(look.fovDeg * zoom, FOV_DEG.min, FOV_DEG.max);
    look.yaw -= right * turned;
    look.pitch -= down * turned;
    this.stayInside();
  }

  lookAhead(): void {
    Object.assign(this.look, { yaw: 0, pitch: 0, fovDeg: FOV_DEG.first });
  }

  /** Return the milliseconds until the picture changes by itself, or null if it does not. */
  restMs(show: Show, timeMs: number): number | null {
    const turnMs = this.turnMs(show);
    return wiggles(show) && !show.isWigglePaused ? turnMs - (timeMs % turnMs) : null;
  }

  /** Draw the picture for a time in milliseconds. */
  draw(show: Show, timeMs: number): void {
    const { gl } = this.painter;
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    this.painter.clear([0, 0, this.canvas.width, this.canvas.height], 1);
    if (!show.source) return;
    const view = VIEWS[show.view];
    if (view.kind === "beside" && !isFlat(show)) {
      const [left, bottom, width, height] = this.boxOf(2 * aspectOf(show), show);
      const middle = Math.round(width / 2);
      const halves: [Box, Box] = [
        [left, bottom, middle, height],
        [left + middle, bottom, width - middle, height],
      ];
      view.order.forEach((eye, index) => this.paint(show, halves[index] as Box, only(eye)));
      return;
    }
    const turn = show.isWigglePaused || Math.floor(timeMs / this.turnMs(show)) % 2 === 0 ? 0 : 1;
    const mix = isFlat(show) ? only(0) : view.kind === "turns" ? only(turn) : view.mix;
    this.paint(show, this.boxOf(aspectOf(show), show), mix);
  }

  private turnMs(show: Show): number {
    return (this.calm.matches ? TURN_MS.calm : TURN_MS.usual) / show.wiggleSpeed;
  }

  /** A look into a half sphere has the size of the screen, everything else that of the picture. */
  private fullSizePx(show: Show): [number, number] {
    if (LAYOUTS[show.layout].halfSphere) return [this.canvas.width, this.canvas.height];
    const [width, height] = viewSizePx(show);
    const views = VIEWS[show.view].kind === "beside" && !isFlat(show) ? 2 : 1;
    const shrink = Math.min(1, this.painter.maxSidePx / Math.max(views * width, height));
    return [Math.max(1, Math.round(views * width * shrink)), Math.max(1, Math.round(height * shrink))];
  }

  /** Keep what is beyond the half sphere away from the middle row and column, where the field of view allows it. */
  private stayInside(): void {
    const { look, canvas } = this;
    const up = radians(look.fovDeg) / 2;
    const maxPitch = Math.max(MIN_TURN, MAX_TURN - up);
    look.pitch = clamp(look.pitch, -maxPitch, maxPitch);
    // The higher the view, the more longitudes it shows.
    const across = Math.atan((Math.tan(up) * canvas.width) / canvas.height / Math.cos(look.pitch));
    const maxYaw = Math.max(MIN_TURN, MAX_TURN - across);
    look.yaw = clamp(look.yaw, -maxYaw, maxYaw);
  }

  private paint(show: Show, viewport: Box, mix: readonly [readonly number[], readonly number[]]): void {
    const look = LAYOUTS[show.layout].halfSphere ? { toRay: this.rays(viewport) } : {};
    this.painter.draw({ viewport, eyes: eyesOf(show), mix, ...look });
  }

  /** Return the largest centred box with an aspect; half spheres fill the whole canvas. */
  private boxOf(aspect: number, show: Show): Box {
    const { width, height } = this.canvas;
    if (LAYOUTS[show.layout].halfSphere) return [0, 0, width, height];
    const across = Math.max(1, Math.min(width, Math.round(height * aspect)));
    const down = Math.max(1, Math.min(height, Math.round(width / aspect)));
    return [Math.floor((width - across) / 2), Math.floor((height - down) / 2), across, down];
  }

  private rays([, , width, height]: Box): Mat3 {
    const up = Math.tan(radians(this.look.fovDeg) / 2);
    const right = (up * width) / height;
    const turn = turned(this.look.yaw, this.look.pitch);
    const scales = [right, up, -1];
    return turn.map((value, at) => value * (scales[Math.floor(at / 3)] as number));
  }
}

function radians(degrees: number): number {
  return (degrees * Math.PI) / 180;
}

function clamp(value: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, value));
}
