import { CanvasTexture, Mesh, MeshBasicMaterial, PlaneGeometry, Raycaster, SRGBColorSpace, Vector3 } from "three";

const WIDTH_PX = 768;
const HEIGHT_PX = 224;
const BUTTON_PX = 160;
const WIDTH_M = 0.42;
const AHEAD_M = 0.6;
const BELOW_M = 0.22;
const [INK, PAPER, GLASS] = ["#f2f2f4", "#111114", "#1d1d21e6"];

/** Render order in front of everything, including the veil. */
export const PANEL_ORDER = 1_000_000;

export interface PanelButton {
  readonly label: string;
  readonly press: () => void;
}

/** Buttons that float below the line of sight in a headset. */
export class Panel {
  readonly mesh: Mesh<PlaneGeometry, MeshBasicMaterial>;
  readonly #canvas = document.createElement("canvas");
  readonly #texture: CanvasTexture;
  #drawn = "";

  constructor(private readonly buttons: readonly PanelButton[]) {
    this.#canvas.width = WIDTH_PX;
    this.#canvas.height = HEIGHT_PX;
    this.#texture = new CanvasTexture(this.#canvas);
    this.#texture.colorSpace = SRGBColorSpace;
    const material = new MeshBasicMaterial({
      map: this.#texture,
      transparent: true,
      depthTest: false,
      depthWrite: false,
    });
    this.mesh = new Mesh(new PlaneGeometry(WIDTH_M, (WIDTH_M * HEIGHT_PX) / WIDTH_PX), material);
    this.mesh.renderOrder = PANEL_ORDER;
    this.mesh.visible = false;
  }

  /** Show the panel in front of a head. */
  showBefore(head_m: Readonly<Vector3>, forward: Readonly<Vector3>): void {
    const level = new Vector3(forward.x, 0, forward.z).normalize();
    this.mesh.position.copy(head_m).addScaledVector(level, AHEAD_M);
    this.mesh.position.y -= BELOW_M;
    this.mesh.lookAt(head_m.x, head_m.y, head_m.z);
    this.mesh.updateMatrixWorld();
    this.mesh.visible = true;
  }

  hide(): void {
    this.mesh.visible = false;
  }

  /** Return the button that the last of the rays points at, or null; highlight all these buttons, with a note below. */
  point(rays: readonly Raycaster[], note: string): PanelButton | null {
    if (!this.mesh.visible) return null;
    const at: number[] = [];
    for (const ray of rays) {
      const hit = ray.intersectObject(this.mesh)[0];
      if (hit?.uv && (1 - hit.uv.y) * HEIGHT_PX < BUTTON_PX) at.push(Math.floor(hit.uv.x * this.buttons.length));
    }
    this.#draw(at, note);
    return this.buttons[at.at(-1) ?? -1] ?? null;
  }

  dispose(): void {
    this.#texture.dispose();
    this.mesh.geometry.dispose();
    this.mesh.material.dispose();
  }

  #draw(at: readonly number[], note: string): void {
    const content = `${at} ${note}`;
    if (content === this.#drawn) return;
    this.#drawn = content;
    const context = this.#canvas.getContext("2d")!;
    context.clearRect(0, 0, WIDTH_PX, HEIGHT_PX);
    context.textAlign = "center";
    context.textBaseline = "middle";
    const width_px = WIDTH_PX / this.buttons.length;
    this.buttons.forEach((button, i) => {
      context.fillStyle = at.includes(i) ? INK : GLASS;
      context.beginPath();
      context.roundRect(i * width_px + 8, 8, width_px - 16, BUTTON_PX - 16, 36);
      context.fill();
      context.fillStyle = at.includes(i) ? PAPER : INK;
      context.font = "500 42px system-ui, sans-serif";
      context.fillText(button.label, (i + 0.5) * width_px, BUTTON_PX / 2);
    });
    if (note) {
      context.font = "28px system-ui, sans-serif";
      context.fillStyle = GLASS;
      const noteWidth_px = context.measureText(note).width + 48;
      context.beginPath();
      context.roundRect((WIDTH_PX - noteWidth_px) / 2, BUTTON_PX + 4, noteWidth_px, HEIGHT_PX - BUTTON_PX - 8, 24);
      context.fill();
      context.fillStyle = INK;
      context.fillText(note, WIDTH_PX / 2, (BUTTON_PX + HEIGHT_PX) / 2);
    }
    this.#texture.needsUpdate = true;
  }
}
