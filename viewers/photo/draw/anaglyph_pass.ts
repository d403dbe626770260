import {
  BufferAttribute,
  BufferGeometry,
  FramebufferTexture,
  Matrix3,
  Mesh,
  OrthographicCamera,
  Scene,
  ShaderMaterial,
  Vector2,
  type WebGLRenderer,
} from "three";

import { DUBOIS, SRGB_GLSL } from "../../shared/anaglyph";

const VERTEX = "void main() { gl_Position = vec4(position.xy, 0.0, 1.0); }";
const FRAGMENT = `
uniform sampler2D left, right;
uniform mat3 fromLeft, fromRight;
${SRGB_GLSL}
void main() {
  ivec2 at = ivec2(gl_FragCoord.xy);
  vec3 light = fromLeft * toLinear(texelFetch(left, at, 0).rgb) + fromRight * toLinear(texelFetch(right, at, 0).rgb);
  gl_FragColor = vec4(toSrgb(clamp(light, 0.0, 1.0)), 1.0);
}`;

/** Draws two pictures on the canvas one after the other, and mixes them into an anaglyph. */
export class AnaglyphPass {
  readonly #material = new ShaderMaterial({
    vertexShader: VERTEX,
    fragmentShader: FRAGMENT,
    depthTest: false,
    depthWrite: false,
    uniforms: {
      left: { value: null as FramebufferTexture | null },
      right: { value: null as FramebufferTexture | null },
      fromLeft: { value: new Matrix3(...DUBOIS.left) },
      fromRight: { value: new Matrix3(...DUBOIS.right) },
    },
  });
  readonly #triangle = new BufferGeometry();
  readonly #scene = new Scene();
  readonly #camera = new OrthographicCamera();
  readonly #size_px = new Vector2();

  constructor() {
    this.#triangle.setAttribute("position", new BufferAttribute(new Float32Array([-1, -1, 0, 3, -1, 0, -1, 3, 0]), 3));
    const mesh = new Mesh(this.#triangle, this.#material);
    mesh.frustumCulled = false;
    this.#scene.add(mesh);
  }

  /** Mix in another way: matrices of both eyes for linear light, row by row. */
  mix(left: readonly number[], right: readonly number[]): void {
    const { fromLeft, fromRight } = this.#material.uniforms as Record<"fromLeft" | "fromRight", { value: Matrix3 }>;
    fromLeft.value.fromArray([...left]).transpose();
    fromRight.value.fromArray([...right]).transpose();
  }

  draw(renderer: WebGLRenderer, drawEye: (side: number) => void): void {
    const { left, right } = this.#material.uniforms as Record<"left" | "right", { value: FramebufferTexture | null }>;
    const size_px = renderer.getDrawingBufferSize(new Vector2());
    if (!left.value || !size_px.equals(this.#size_px)) {
      for (const picture of [left, right]) {
        picture.value?.dispose();
        picture.value = new FramebufferTexture(size_px.x, size_px.y);
      }
      this.#size_px.copy(size_px);
    }
    for (const [side, picture] of [
      [-1, left],
      [1, right],
    ] as const) {
      drawEye(side);
      renderer.copyFramebufferToTexture(picture.value!);
    }
    renderer.render(this.#scene, this.#camera);
  }

  dispose(): void {
    for (const picture of [this.#material.uniforms["left"], this.#material.uniforms["right"]])
      picture?.value?.dispose();
    this.#material.dispose();
    this.#triangle.dispose();
  }
}
