import { Vector2, type WebGLRenderer } from "three";

/** Draw two pictures side by side: the left eye's (-1) and the right eye's (1), or the other way round. */
export function drawSideBySide(renderer: WebGLRenderer, isCrossed: boolean, drawEye: (side: number) => void): void {
  const { x: whole, y: height } = renderer.getSize(new Vector2());
  const width = whole / 2;
  for (const side of [-1, 1]) {
    const x = side < 0 === isCrossed ? width : 0;
    renderer.setViewport(x, 0, width, height);
    renderer.setScissor(x, 0, width, height);
    renderer.setScissorTest(true);
    drawEye(side);
  }
  renderer.setScissorTest(false);
  renderer.setViewport(0, 0, whole, height);
}
