import { begin, end } from "../marks";
import { newName, type Place } from "./actions";
import { change, edit } from "./session";
import { followsEdges, hardness, radius, staysInside, strength, tool } from "./tools";

const MAX_POINTS = 400;

/** A stroke of the brush: its points are sent as fast as the server answers. */
export class BrushStroke {
  readonly #name = newName();
  readonly #brush: Readonly<Record<string, unknown>>;
  #waiting: [number, number, number][] = [];
  #isEnded = false;
  #isSending = false;
  #last: [number, number, number] = [0, 0, 1];

  constructor() {
    const side = Math.max(...(edit.value?.size ?? [1, 1]));
    this.#brush = {
      stroke: this.#name,
      tool: tool.value,
      radius_px: radius.value * side,
      strength: strength.value,
      hardness: hardness.value,
      follows_edges: followsEdges.value,
      within_selection: staysInside.value,
    };
  }

  add({ x, y }: Place, pressure: number): void {
    this.#last = [x, y, pressure];
    this.#waiting.push(this.#last);
    begin("kbvr:stroke");
    void this.#send();
  }

  end(): void {
    this.#isEnded = true;
    void this.#send();
  }

  async #send(): Promise<void> {
    if (this.#isSending) return;
    this.#isSending = true;
    for (let isLast = false; !isLast && (this.#waiting.length || this.#isEnded); ) {
      const points = this.#waiting.splice(0, MAX_POINTS);
      isLast = this.#isEnded && !this.#waiting.length;
      await change("stroke", { ...this.#brush, points: points.length ? points : [this.#last], last: isLast });
      end("kbvr:stroke");
    }
    this.#isSending = false;
  }
}
