import { CanvasTexture, SRGBColorSpace } from "three";

import type { Choice } from "./gallery";
import { GLASS, INK } from "./panel";

export const [COLUMNS, ROWS] = [4, 3];
export const TILES = COLUMNS * ROWS;
export const [TILE_PX, TILE_HEIGHT_PX] = [480, 428];
const PICTURE_HEIGHT_PX = 316;
const MARGIN_PX = 8;
const NAME_PX = 46;
const KIND_PX = 32;
const HERE = "#7db4ff";
/** Pictures that arrive within this time go to the GPU together. */
const TOGETHER_MS = 150;

/** One texture with the pictures and names of a page of scenes. Pictures are loaded when their page is shown. */
export class Tiles {
  readonly texture: CanvasTexture;
  readonly #context: CanvasRenderingContext2D;
  #shown = new AbortController();
  #changed_ms: number | null = null;

  constructor() {
    const canvas = document.createElement("canvas");
    canvas.width = COLUMNS * TILE_PX;
    canvas.height = ROWS * TILE_HEIGHT_PX;
    this.#context = canvas.getContext("2d")!;
    this.texture = new CanvasTexture(canvas);
    this.texture.colorSpace = SRGBColorSpace;
  }

  /** Draw a page; `here` is the address of the scene that is shown. */
  show(choices: readonly Choice[], here: string): void {
    this.#shown.abort();
    const { signal } = (this.#shown = new AbortController());
    const { width, height } = this.#context.canvas;
    this.#context.clearRect(0, 0, width, height);
    choices.forEach((choice, index) => {
      this.#drawWords(choice, index, choice.src === here);
      if (choice.thumbnail) void this.#load(choice.thumbnail, index, choice.src === here, signal);
    });
    this.texture.needsUpdate = true;
  }

  /** Send what has changed to the GPU. */
  update(now_ms: number): void {
    if (this.#changed_ms === null || now_ms - this.#changed_ms < TOGETHER_MS) return;
    this.#changed_ms = null;
    this.texture.needsUpdate = true;
  }

  /** Stop loading, and free its GPU memory until it is shown again. */
  rest(): void {
    this.#shown.abort();
    this.texture.dispose();
  }

  async #load(address: string, index: number, isHere: boolean, signal: AbortSignal): Promise<void> {
    const image = new Image();
    image.crossOrigin = "anonymous"; // a canvas with other hosts' pictures cannot become a texture
    image.src = address;
    const isLoaded = await image.decode().then(
      () => true,
      () => false,
    );
    if (!isLoaded || signal.aborted) return;
    this.#drawPicture(image, index, isHere);
    this.#changed_ms ??= performance.now();
  }

  /** Cover a tile with a picture. */
  #drawPicture(image: HTMLImageElement, index: number, isHere: boolean): void {
    const context = this.#context;
    const [x, y, w, h] = place(index);
    const scale = Math.max(w / image.naturalWidth, h / image.naturalHeight);
    const [sw, sh] = [w / scale, h / scale];
    context.save();
    context.beginPath();
    context.roundRect(x, y, w, h, 20);
    context.clip();
    context.drawImage(image, (image.naturalWidth - sw) / 2, (image.naturalHeight - sh) / 2, sw, sh, x, y, w, h);
    context.restore();
    if (isHere) this.#mark(index);
  }

  #drawWords(choice: Choice, index: number, isHere: boolean): void {
    const context = this.#context;
    const [x, y, w, h] = place(index);
    context.fillStyle = GLASS;
    context.beginPath();
    context.roundRect(x, y, w, TILE_HEIGHT_PX - 2 * MARGIN_PX, 20);
    context.fill();
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillStyle = INK;
    context.font = `500 ${NAME_PX}px system-ui, sans-serif`;
    context.fillText(shortened(choice.name, (text) => context.measureText(text).width, w - 24), x + w / 2, y + h + NAME_PX * 0.62);
    context.font = `${KIND_PX}px system-ui, sans-serif`;
    context.fillStyle = isHere ? HERE : INK;
    context.fillText(isHere ? "You are here" : choice.kind, x + w / 2, y + h + NAME_PX * 1.12 + KIND_PX * 0.6, w - 24);
    if (isHere) this.#mark(index);
  }

  #mark(index: number): void {
    const context = this.#context;
    const [x, y, w] = place(index);
    context.strokeStyle = HERE;
    context.lineWidth = 8;
    context.beginPath();
    context.roundRect(x + 4, y + 4, w - 8, TILE_HEIGHT_PX - 2 * MARGIN_PX - 8, 18);
    context.stroke();
  }
}

/** Return left, top, width and height of a tile's picture. */
function place(index: number): readonly [number, number, number, number] {
  const [column, row] = [index % COLUMNS, Math.floor(index / COLUMNS)];
  return [column * TILE_PX + MARGIN_PX, row * TILE_HEIGHT_PX + MARGIN_PX, TILE_PX - 2 * MARGIN_PX, PICTURE_HEIGHT_PX];
}

/** Leave out the middle of a name that is too wide: names of photos differ at their ends. */
function shortened(name: string, width: (text: string) => number, max_px: number): string {
  if (width(name) <= max_px) return name;
  for (let kept = name.length - 1; kept > 2; kept--) {
    const text = `${name.slice(0, Math.ceil(kept / 2)).trimEnd()}…${name.slice(-Math.floor(kept / 2)).trimStart()}`;
    if (width(text) <= max_px) return text;
  }
  return "…";
}
