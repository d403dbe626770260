import { Problem } from "../../shared/problem";

/** A browser that cannot draw any scene. */
export class NoWebGl extends Problem {
  constructor() {
    super("This scene needs WebGL 2, which this browser lacks or has turned off.");
  }
}

let isThere = false;

/** Throw NoWebGl in a browser that cannot draw; its graphics are asked only once if it can. */
export function checkWebGl(): void {
  if (isThere) return;
  const context = document.createElement("canvas").getContext("webgl2");
  if (!context) throw new NoWebGl();
  context.getExtension("WEBGL_lose_context")?.loseContext(); // a page has few
  isThere = true;
}
