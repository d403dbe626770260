/** The picture in a headset: all WebXR code. */

import { LAYOUTS } from "./layouts";
import { type Mat3, placed, product, transposed, turned, turnOf } from "./matrices";
import { PANEL, type Painter } from "./painter";
import { aspectOf, eyesOf, type Show } from "./show";
import { only } from "./views";

/** Distance and apparent width of the screen; it grows as it moves away, so that its apparent width stays the same. */
const DISTANCE_M = { first: 2, min: 0.5, max: 20 } as const;
const WIDTH_DEG = { first: 60, min: 10, max: 120 } as const;
/** Maximum initial apparent height; tall pictures start narrower. */
const FIRST_HEIGHT_DEG = 50;

/** Effect of a fully pushed thumbstick per second. */
const TIMES_A_SECOND = 2.5;
const DEGREES_A_SECOND = 35;
const STICK_DEAD = 0.2;
const SEEK_S = 5;
/** Thumbstick position that seeks, and the position to return to before the next seek. */
const SEEK_PUSH = 0.7;
const SEEK_BACK = 0.4;
/** Holding the trigger or a pinch this long puts the screen in the direction of the gaze. */
const HOLD_MS = 800;

/** Buttons of the mapping "xr-standard": the thumbstick, A or X, B or Y. */
const STEP_BUTTON = 3;
const RECENTRE_BUTTON = 4;
const LEAVE_BUTTON = 5;

const PANEL_MS = 9000;
const PANEL_PX = [1024, 288] as const;
const PANEL_WIDTH_DEG = 26;
const PANEL_DOWN_DEG = 5;
const PANEL_LINES = [
  "Trigger or pinch: play, pause. Hold: bring the screen here.",
  "Thumbstick: distance and size. Left thumbstick: 5 seconds back, forward.",
  "Grip, A or X: bring the screen here.   B or Y: exit.",
];
const STEP_LINE = "Press the right or left thumbstick: next or previous file.";
/** How long a message is shown. */
const TOLD_MS = 4000;

/** The projection layer of a browser. */
interface Target {
  readonly layer: XRLayer;
  /** Bind a view's part of the layer for drawing, and return its viewport. */
  begin(view: XRView): XRViewport;
}

/** Return whether this browser can enter VR. */
export async function hasHeadset(): Promise<boolean> {
  return (await navigator.xr?.isSessionSupported("immersive-vr").catch(() => false)) ?? false;
}

/** One session in a headset. */
export class Immersion {
  private yaw = 0;
  private pitch = 0;
  private head: readonly number[] = [0, 0, 0];
  private distanceM: number = DISTANCE_M.first;
  private widthDeg: number;
  /** Pending recentring of the screen: upright, or in the direction of the gaze. */
  private recentring: "upright" | "gaze" | null = "upright";
  private lastMs: number | null = null;
  private heldSinceMs: number | null = null;
  private panelUntilMs: number;
  private readonly help: HTMLCanvasElement;
  private isSeeking = false;
  private readonly pressed = new Set<string>();
  private media: { key: string; video: HTMLVideoElement; layer: XRQuadLayer | XREquirectLayer } | null = null;

  private constructor(
    private readonly session: XRSession,
    private readonly space: XRReferenceSpace,
    private readonly target: Target,
    private readonly painter: Painter,
    private readonly show: Show,
    private canLayMedia: boolean,
    private readonly step: ((by: number) => void) | null,
  ) {
    const width = 2 * Math.atan(aspectOf(show) * Math.tan(radians(FIRST_HEIGHT_DEG) / 2));
    this.widthDeg = Math.min(WIDTH_DEG.first, (width * 180) / Math.PI);
    this.panelUntilMs = performance.now() + PANEL_MS;
    this.help = panel(step ? [...PANEL_LINES, STEP_LINE] : PANEL_LINES);
    painter.takePanel(this.help);
    session.addEventListener("selectstart", () => (this.heldSinceMs = performance.now()));
    session.addEventListener("select", () => this.select());
    session.addEventListener("squeeze", () => (this.recentring = "gaze"));
    this.useLayers();
    session.requestAnimationFrame(this.frame);
  }

  /** Enter VR; `left` is called after the session, `step` to change the source, if there are others. */
  static async enter(
    painter: Painter,
    show: Show,
    left: () => void,
    step: ((by: number) => void) | null,
  ): Promise<Immersion> {
    const session = await (navigator.xr as XRSystem).requestSession("immersive-vr", { optionalFeatures: ["layers"] });
    session.addEventListener("end", left);
    await painter.gl.makeXRCompatible();
    const space = await session.requestReferenceSpace("local");
    const canLayMedia = typeof XRMediaBinding === "function" && show.source?.video != null;
    const target = canLayMedia && hasProjectionLayers() ? projection(session, painter.gl) : plain(session, painter.gl);
    const video = show.source?.video;
    // Some browsers pause a page's videos when a session starts.
    if (video?.paused === false) video.play().catch((error: unknown) => console.info("The video waits:", error));
    return new Immersion(session, space, target, painter, show, canLayMedia, step);
  }

  leave(): void {
    void this.session.end();
  }

  /** Show a message for some seconds. */
  tell(lines: readonly string[]): void {
    this.painter.takePanel(panel(lines));
    this.panelUntilMs = performance.now() + TOLD_MS;
  }

  private readonly frame = (nowMs: number, frame: XRFrame): void => {
    this.session.requestAnimationFrame(this.frame);
    const pose = frame.getViewerPose(this.space);
    if (!pose || !this.show.source) return;
    this.steer(this.lastMs === null ? 0 : Math.min(0.1, (nowMs - this.lastMs) / 1000));
    this.lastMs = nowMs;
    if (this.recentring) this.recentre(pose.transform.matrix);
    this.layMedia();
    if (!this.media && this.show.source.video) this.painter.take(this.show.source.pictures);
    for (const view of pose.views) this.draw(view);
  };

  private draw(view: XRView): void {
    const { x, y, width, height } = this.target.begin(view);
    const viewport = [x, y, width, height] as const;
    this.painter.clear(viewport, this.media ? 0 : 1);
    if (!this.media) {
      this.painter.draw({
        viewport,
        eyes: eyesOf(this.show),
        mix: only(view.eye === "right" ? 1 : 0),
        ...(LAYOUTS[this.show.layout].halfSphere ? { toRay: this.rays(view) } : { toClip: this.clip(view, this.screen()) }),
      });
    }
    if (performance.now() < this.panelUntilMs) {
      this.painter.draw({ viewport, eyes: [PANEL, PANEL], mix: only(0), toClip: this.clip(view, this.panel()) });
    }
  }

  /** Return the matrix from the square from -1 to 1 to the screen. */
  private screen(): ArrayLike<number> {
    const { width, height } = this.sizeM();
    return placed(this.turn(), this.ahead(this.turn(), this.distanceM), width, height);
  }

  private panel(): ArrayLike<number> {
    const { height } = LAYOUTS[this.show.layout].halfSphere ? { height: this.distanceM } : this.sizeM();
    const below = Math.atan(height / 2 / this.distanceM) + radians(PANEL_DOWN_DEG);
    const turn = turned(this.yaw, this.pitch - below);
    const nearM = Math.min(this.distanceM, DISTANCE_M.first);
    const width = 2 * nearM * Math.tan(radians(PANEL_WIDTH_DEG) / 2);
    return placed(turn, this.ahead(turn, nearM), width, (width * PANEL_PX[1]) / PANEL_PX[0]);
  }

  private turn(): Mat3 {
    return turned(this.yaw, this.pitch);
  }

  private ahead(turn: Mat3, distanceM: number): number[] {
    return this.head.map((place, axis) => place - distanceM * (turn[6 + axis] as number));
  }

  private sizeM(): { width: number; height: number } {
    const width = 2 * this.distanceM * Math.tan(radians(this.widthDeg) / 2);
    return { width, height: width / aspectOf(this.show) };
  }

  private clip(view: XRView, model: ArrayLike<number>): number[] {
    return product(4, view.projectionMatrix, product(4, view.transform.inverse.matrix, model));
  }

  /** Return the directions of a view's rays, relative to the centre of the half sphere. */
  private rays(view: XRView): Mat3 {
    const projected = Array.from(view.projectionMatrix) as number[];
    const [across, down, right, up] = [0, 5, 8, 9].map((at) => projected[at] as number) as [number, number, number, number];
    const directions = [1 / across, 0, 0, 0, 1 / down, 0, right / across, up / down, -1];
    return product(3, transposed(this.turn()), product(3, turnOf(view.transform.matrix), directions));
  }

  private recentre(head: Float32Array): void {
    const [x, y, z] = [head[8] as number, head[9] as number, head[10] as number];
    this.head = [head[12] as number, head[13] as number, head[14] as number];
    this.yaw = Math.atan2(x, z);
    this.pitch = this.recentring === "gaze" ? -Math.asin(Math.min(1, Math.max(-1, y))) : 0;
    this.recentring = null;
  }

  private select(): void {
    if (this.heldSinceMs === null) return;
    this.heldSinceMs = null;
    const video = this.show.source?.video;
    if (!video) {
      this.painter.takePanel(this.help);
      this.panelUntilMs = performance.now() + PANEL_MS;
    } else if (video.paused) void video.play();
    else video.pause();
  }

  /** Handle the controllers. */
  private steer(seconds: number): void {
    if (this.heldSinceMs !== null && performance.now() - this.heldSinceMs > HOLD_MS) {
      this.heldSinceMs = null;
      this.recentring = "gaze";
    }
    for (const { gamepad, handedness } of this.session.inputSources) {
      if (!gamepad) continue;
      // A touchpad comes before the thumbstick in "xr-standard".
      const [x, y] = [0, 1].map((axis) => alive(gamepad.axes[gamepad.axes.length > 2 ? axis + 2 : axis] ?? 0));
      const isSeeking = handedness === "left" && this.show.source?.video != null;
      if (isSeeking) this.seek(x as number);
      const wider = isSeeking ? 0 : (x as number) * DEGREES_A_SECOND * seconds;
      this.widthDeg = clamp(this.widthDeg + wider, WIDTH_DEG);
      this.distanceM = clamp(this.distanceM * TIMES_A_SECOND ** (-(y as number) * seconds), DISTANCE_M);
      if (this.isPressedAnew(gamepad, handedness, RECENTRE_BUTTON)) this.recentring = "gaze";
      if (this.isPressedAnew(gamepad, handedness, STEP_BUTTON)) this.step?.(handedness === "left" ? -1 : 1);
      if (this.isPressedAnew(gamepad, handedness, LEAVE_BUTTON)) this.leave();
    }
  }

  private seek(push: number): void {
    const video = this.show.source?.video as HTMLVideoElement;
    if (!this.isSeeking && Math.abs(push) > SEEK_PUSH) {
      this.isSeeking = true;
      video.currentTime += SEEK_S * Math.sign(push);
    } else if (Math.abs(push) < SEEK_BACK) {
      this.isSeeking = false;
    }
  }

  private isPressedAnew(gamepad: Gamepad, handedness: XRHandedness, button: number): boolean {
    const key = `${handedness} ${button}`;
    const was = this.pressed.has(key);
    const is = gamepad.buttons[button]?.pressed ?? false;
    if (is) this.pressed.add(key);
    else this.pressed.delete(key);
    return is && !was;
  }

  /** Let the headset show the video itself if possible: sharper, and at its own frame rate. */
  private layMedia(): void {
    const video = this.show.source?.video;
    const key = `${this.show.layout} ${this.show.isSwapped}`;
    if (this.canLayMedia && video && (this.media?.key !== key || this.media.video !== video)) {
      try {
        this.media = { key, video, layer: this.mediaLayer(video) };
      } catch (error) {
        console.info("This browser has no video layers; the video is drawn instead:", error);
        this.canLayMedia = false;
        this.media = null;
      }
      this.useLayers();
    } else if (this.media && !video) {
      this.media = null;
      this.useLayers();
    }
    if (!this.media) return;
    const { layer } = this.media;
    layer.transform = this.transform();
    if (layer instanceof XRQuadLayer) Object.assign(layer, this.halfSizeM());
  }

  private mediaLayer(video: HTMLVideoElement): XRQuadLayer | XREquirectLayer {
    const { halfSphere, eyes } = LAYOUTS[this.show.layout];
    const [left, right] = eyes;
    const layout = left === right ? "mono" : left.rect[2] < 1 ? "stereo-left-right" : "stereo-top-bottom";
    const isRightFirst = left.rect[0] + left.rect[1] > 0;
    const binding = new XRMediaBinding(this.session);
    const common = {
      space: this.space,
      layout: layout as XRLayerLayout,
      invertStereo: isRightFirst !== this.show.isSwapped,
      transform: this.transform(),
    };
    return halfSphere
      ? binding.createEquirectLayer(video, {
          ...common,
          radius: 0, // infinitely far
          centralHorizontalAngle: Math.PI,
          upperVerticalAngle: Math.PI / 2,
          lowerVerticalAngle: -Math.PI / 2,
        })
      : binding.createQuadLayer(video, { ...common, ...this.halfSizeM() });
  }

  /** Return the size for quad layers, where browsers and three.js expect half the sides under these names. */
  private halfSizeM(): { width: number; height: number } {
    const { width, height } = this.sizeM();
    return { width: width / 2, height: height / 2 };
  }

  private transform(): XRRigidTransform {
    const isSphere = LAYOUTS[this.show.layout].halfSphere;
    const [x, y, z] = (isSphere ? this.head : this.ahead(this.turn(), this.distanceM)) as [number, number, number];
    const [sy, cy] = [Math.sin(this.yaw / 2), Math.cos(this.yaw / 2)];
    const [sp, cp] = [Math.sin(this.pitch / 2), Math.cos(this.pitch / 2)];
    return new XRRigidTransform({ x, y, z }, { x: cy * sp, y: sy * cp, z: -sy * sp, w: cy * cp });
  }

  private useLayers(): void {
    const { layer } = this.target;
    if (this.media) this.session.updateRenderState({ layers: [this.media.layer, layer] });
    else if (layer instanceof XRWebGLLayer) this.session.updateRenderState({ baseLayer: layer });
    else this.session.updateRenderState({ layers: [layer] });
  }
}

function hasProjectionLayers(): boolean {
  return typeof XRWebGLBinding === "function" && "createProjectionLayer" in XRWebGLBinding.prototype;
}

/** The layer that every browser supports, with the headset's resolution. */
function plain(session: XRSession, gl: WebGL2RenderingContext): Target {
  const framebufferScaleFactor = XRWebGLLayer.getNativeFramebufferScaleFactor(session);
  const layer = new XRWebGLLayer(session, gl, { framebufferScaleFactor, depth: false });
  return {
    layer,
    begin(view) {
      gl.bindFramebuffer(gl.FRAMEBUFFER, layer.framebuffer);
      return layer.getViewport(view) as XRViewport;
    },
  };
}

/** The layer that can be combined with others. */
function projection(session: XRSession, gl: WebGL2RenderingContext): Target {
  const binding = new XRWebGLBinding(session, gl);
  const layer = binding.createProjectionLayer({ depthFormat: 0 });
  const framebuffer = gl.createFramebuffer();
  return {
    layer,
    begin(view) {
      const { colorTexture, viewport } = binding.getViewSubImage(layer, view);
      gl.bindFramebuffer(gl.FRAMEBUFFER, framebuffer);
      gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, colorTexture, 0);
      return viewport;
    },
  };
}

/** Return a picture with some lines. */
function panel(lines: readonly string[]): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = PANEL_PX;
  const context = canvas.getContext("2d") as CanvasRenderingContext2D;
  context.fillStyle = "#1b1b1f";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.fillStyle = "#e8e8ec";
  context.font = "30px system-ui, sans-serif";
  context.textAlign = "center";
  context.textBaseline = "middle";
  lines.forEach((line, index) => {
    context.fillText(line, canvas.width / 2, ((index + 1) * canvas.height) / (lines.length + 1), canvas.width - 48);
  });
  return canvas;
}

function radians(degrees: number): number {
  return (degrees * Math.PI) / 180;
}

function alive(push: number): number {
  return Math.abs(push) < STICK_DEAD ? 0 : push;
}

function clamp(value: number, { min, max }: { readonly min: number; readonly max: number }): number {
  return Math.min(max, Math.max(min, value));
}
