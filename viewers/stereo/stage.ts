/** The picture on a flat screen: as large as the canvas allows, or a view into a half sphere. */

import { type Mat3, turned } from "./matrices";
import type { Painter } from "./painter";
import { aspectOf, eyesOf, isFlat, type Show } from "./show";
import { LAYOUTS } from "./layouts";
import { only, VIEWS } from "./views";

/** Duration of each eye's picture in a wiggle, in milliseconds; longer if the user prefers reduced motion. */
const TURN_MS = { usual: 150, calm: 600 } as const;

const FOV_DEG = { min: 20, max: 110, first: 75 } as const;
const MAX_TURN = Math.PI / 2;

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
  }

  /** Turn to the right and down by shares of the canvas's height, and multiply the field of view by a factor. */
  turn(right: number, down: number, zoom = 1): void {
    const radians = (this.look.fovDeg * Math.PI) / 180;
    this.look.yaw = clamp(this.look.yaw - right * radians, -MAX_TURN, MAX_TURN);
    this.look.pitch = clamp(this.look.pitch - down * radians, -MAX_TURN, MAX_TURN);
    this.look.fovDeg = clamp(this.look.fovDeg * zoom, FOV_DEG.min, FOV_DEG.max);
  }

  lookAhead(): void {
    Object.assign(this.look, { yaw: 0, pitch: 0, fovDeg: FOV_DEG.first });
  }

  /** Return whether the picture changes over time. */
  moves(show: Show): boolean {
    return show.source !== null && VIEWS[show.view].kind === "turns" && !isFlat(show);
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
    const turnMs = this.calm.matches ? TURN_MS.calm : TURN_MS.usual;
    const turn = Math.floor(timeMs / turnMs) % 2 === 0 ? 0 : 1;
    const mix = isFlat(show) ? only(0) : view.kind === "turns" ? only(turn) : view.mix;
    this.paint(show, this.boxOf(aspectOf(show), show), mix);
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
    const up = Math.tan((this.look.fovDeg * Math.PI) / 360);
    const right = (up * width) / height;
    const turn = turned(this.look.yaw, this.look.pitch);
    const scales = [right, up, -1];
    return turn.map((value, at) => value * (scales[Math.floor(at / 3)] as number));
  }
}

function clamp(value: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, value));
}
