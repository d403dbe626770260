import { CanvasTexture, Mesh, MeshBasicMaterial, PlaneGeometry, Raycaster, SRGBColorSpace, Vector3 } from "three";

const WIDTH_PX = 1280;
const ROW_PX = 128;
const NOTE_PX = 120;
const NOTE_LINE_PX = 46;
const MARGIN_PX = 8;
const FONT = "system-ui, sans-serif";
const AHEAD_M = 0.66;
const BELOW_M = 0.24;
export const [INK, PAPER, GLASS] = ["#f2f2f4", "#111114", "#1d1d21e6"];

/** Render order in front of everything, including the vignette. */
export const PANEL_ORDER = 1_000_000;

export interface PanelButton {
  readonly label: string;
  readonly press: () => void;
}

/** A button where it is, for tests. */
export interface Target {
  readonly label: string;
  readonly place_m: readonly number[];
}

/** Rows of buttons with a note below that float in a headset. */
export class Panel {
  readonly mesh: Mesh<PlaneGeometry, MeshBasicMaterial>;
  /** Whether there are buttons, or only the note. */
  isOpen = true;
  note = "";
  readonly #canvas = document.createElement("canvas");
  readonly #texture: CanvasTexture;
  readonly #height_px: number;
  #drawn = "";

  /** `rows` returns `rowCount` rows, which may be empty, with the labels of now. */
  constructor(
    private readonly rows: () => readonly (readonly PanelButton[])[],
    rowCount: number,
    width_m: number,
  ) {
    this.#height_px = rowCount * ROW_PX + NOTE_PX;
    this.#canvas.width = WIDTH_PX;
    this.#canvas.height = this.#height_px;
    this.#texture = new CanvasTexture(this.#canvas);
    this.#texture.colorSpace = SRGBColorSpace;
    const material = new MeshBasicMaterial({
      map: this.#texture,
      transparent: true,
      depthTest: false,
      depthWrite: false,
    });
    this.mesh = new Mesh(new PlaneGeometry(width_m, (width_m * this.#height_px) / WIDTH_PX), material);
    this.mesh.renderOrder = PANEL_ORDER;
    this.mesh.visible = false;
  }

  /** Show the panel in front of a head, below its line of sight. */
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

  /** Free its GPU memory until it is shown again. */
  rest(): void {
    this.hide();
    this.#texture.dispose();
    this.mesh.geometry.dispose();
    this.#drawn = "";
  }

  /** Return the button that the last of the rays points at, or null; highlight all these buttons. */
  point(rays: readonly Raycaster[]): PanelButton | null {
    if (!this.mesh.visible) return null;
    const rows = this.isOpen ? this.rows() : [];
    const at: PanelButton[] = [];
    for (const ray of rays) {
      const uv = ray.intersectObject(this.mesh)[0]?.uv;
      const row = uv && rows[Math.floor(((1 - uv.y) * this.#height_px) / ROW_PX)];
      const button = row?.[Math.floor(uv!.x * row.length)];
      if (button) at.push(button);
    }
    this.#draw(rows, at);
    return at.at(-1) ?? null;
  }

  /** Return the middles of the buttons that are shown. */
  targets(): readonly Target[] {
    if (!this.mesh.visible || !this.isOpen) return [];
    const { width, height } = this.mesh.geometry.parameters;
    return this.rows().flatMap((row, y) =>
      row.map(({ label }, x) => {
        const [across, down] = [(x + 0.5) / row.length, ((y + 0.5) * ROW_PX) / this.#height_px];
        const place = new Vector3((across - 0.5) * width, (0.5 - down) * height, 0);
        return { label, place_m: this.mesh.localToWorld(place).toArray() };
      }),
    );
  }

  dispose(): void {
    this.#texture.dispose();
    this.mesh.geometry.dispose();
    this.mesh.material.dispose();
  }

  #draw(rows: readonly (readonly PanelButton[])[], at: readonly PanelButton[]): void {
    const content = JSON.stringify([rows, at, this.note]);
    if (content === this.#drawn) return;
    this.#drawn = content;
    const context = this.#canvas.getContext("2d")!;
    context.clearRect(0, 0, WIDTH_PX, this.#height_px);
    context.textAlign = "center";
    context.textBaseline = "middle";
    rows.forEach((row, y) => {
      const width_px = WIDTH_PX / row.length;
      row.forEach((button, x) => {
        const isAt = at.includes(button);
        plate(context, isAt ? INK : GLASS, x * width_px, y * ROW_PX, width_px, ROW_PX);
        context.fillStyle = isAt ? PAPER : INK;
        context.font = `500 42px ${FONT}`;
        context.fillText(button.label, (x + 0.5) * width_px, (y + 0.5) * ROW_PX, width_px - 4 * MARGIN_PX);
      });
    });
    if (this.note) this.#drawNote(context);
    this.#texture.needsUpdate = true;
  }

  #drawNote(context: CanvasRenderingContext2D): void {
    context.font = `38px ${FONT}`;
    const lines = linesOf(this.note, (text) => context.measureText(text).width, WIDTH_PX - 80);
    const width_px = Math.min(Math.max(...lines.map((line) => context.measureText(line).width)) + 80, WIDTH_PX);
    const height_px = lines.length * NOTE_LINE_PX + 24;
    const top_px = this.#height_px - NOTE_PX;
    plate(context, GLASS, (WIDTH_PX - width_px) / 2, top_px, width_px, height_px);
    context.fillStyle = INK;
    lines.forEach((line, i) => {
      context.fillText(line, WIDTH_PX / 2, top_px + height_px / 2 + (i - (lines.length - 1) / 2) * NOTE_LINE_PX, WIDTH_PX - 40);
    });
  }
}

function plate(context: CanvasRenderingContext2D, colour: string, x: number, y: number, w: number, h: number): void {
  context.fillStyle = colour;
  context.beginPath();
  context.roundRect(x + MARGIN_PX, y + MARGIN_PX, w - 2 * MARGIN_PX, h - 2 * MARGIN_PX, 32);
  context.fill();
}

/** Break a text that is too wide in two, at the space nearest to its middle. */
function linesOf(text: string, width: (text: string) => number, max_px: number): readonly string[] {
  if (width(text) <= max_px) return [text];
  const middle = text.length / 2;
  const spaces = [...text.matchAll(/ /g)].map((match) => match.index);
  const at = spaces.sort((a, b) => Math.abs(a - middle) - Math.abs(b - middle))[0];
  return at === undefined ? [text] : [text.slice(0, at), text.slice(at + 1)];
}
