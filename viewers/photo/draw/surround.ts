import {
  BufferAttribute,
  BufferGeometry,
  DoubleSide,
  Group,
  LinearMipmapLinearFilter,
  Mesh,
  ShaderMaterial,
  SRGBColorSpace,
  Vector2,
  WebGLRenderTarget,
  type Texture,
  type WebGLRenderer,
} from "three";

import { SRGB_GLSL } from "../../shared/anaglyph";
import type { Frame, Size } from "../look/framing";

/** Long side of the picture that the surround is made of; its mip levels blur it. */
const LONG_SIDE_PX = 192;
/** Width of the transition at the photo's border, as a share of the photo's shorter side. */
const SOFTNESS = 0.12;
const LAST = 1e6;

const VERTEX = `
uniform vec2 middle, halfSize;
varying vec2 at;
void main() {
  vec2 border = clamp((0.5 + 0.5 * position.xy - middle) / halfSize, -1.0, 1.0);
  vec2 place = mix(position.xy, border, position.z);
  at = middle + place * halfSize;
  gl_Position = vec4(place, 1.0, 1.0);
}`;

/** The view as four trapezoids from its corners, with z of 0, to the photo's, with z of 1. */
const CORNERS = [-1, -1, 1, -1, 1, 1, -1, 1];
const AROUND = [0, 1].flatMap((z) => [0, 1, 2, 3].flatMap((i) => [CORNERS[2 * i]!, CORNERS[2 * i + 1]!, z]));
const SIDES = [0, 1, 2, 3].flatMap((i) => [i, (i + 1) % 4, 4 + ((i + 1) % 4), i, 4 + ((i + 1) % 4), 4 + i]);
const INSIDE = [4, 5, 6, 4, 6, 7];

/*
 * Beyond the photo's border follows the mirror image of what is near it, blurred and ever more compressed and dark. A
 * level of the mip map is read with cubic B-splines (four bilinear reads, GPU Gems 2, chapter 20): no blocks show.
 */
const FRAGMENT = `
uniform sampler2D photo;
uniform vec2 sides;
uniform float softness;
varying vec2 at;
${SRGB_GLSL}
vec3 blurred(vec2 uv) {
  const float level = 4.0;
  vec2 size = vec2(textureSize(photo, int(level)));
  vec2 place = uv * size - 0.5;
  vec2 f = fract(place);
  place -= f;
  vec2 w0 = (1.0 - f) * (1.0 - f) * (1.0 - f) / 6.0;
  vec2 w1 = (4.0 - 6.0 * f * f + 3.0 * f * f * f) / 6.0;
  vec2 w3 = f * f * f / 6.0;
  vec2 w2 = 1.0 - w0 - w1 - w3;
  vec2 g0 = w0 + w1;
  vec2 g1 = w2 + w3;
  vec2 a = (place - 0.5 + w1 / g0) / size;
  vec2 b = (place + 1.5 + w3 / g1) / size;
  return g0.y * (g0.x * textureLod(photo, a, level).rgb + g1.x * textureLod(photo, vec2(b.x, a.y), level).rgb) +
    g1.y * (g0.x * textureLod(photo, vec2(a.x, b.y), level).rgb + g1.x * textureLod(photo, b, level).rgb);
}

void main() {
  vec2 beyond = max(abs(at - 0.5) - 0.5, 0.0);
  float away = length(beyond * sides);
  float alpha = softness > 0.0 ? smoothstep(0.0, softness, away) : 1.0;
  vec2 inside = abs(clamp(at, 0.0, 1.0) - 0.5) - 0.15 * tanh(beyond / 0.15);
  vec2 uv = 0.5 + sign(at - 0.5) * inside;
  vec3 colour = toSrgb(blurred(uv)) * mix(0.88, 0.42, smoothstep(0.0, 0.6, away));
  float noise = fract(52.9829189 * fract(dot(gl_FragCoord.xy, vec2(0.06711056, 0.00583715)))) - 0.5;
  gl_FragColor = vec4(colour + noise / 255.0, alpha);
}`;

/** What is shown around the photo where it does not fill the element: the photo itself, extended, blurred and dark. */
export class Surround {
  readonly meshes = new Group();
  #picture: WebGLRenderTarget | null = null;
  readonly #uniforms = {
    photo: { value: null as Texture | null },
    middle: { value: new Vector2() },
    halfSize: { value: new Vector2() },
    sides: { value: new Vector2() },
  };

  constructor(private readonly size_px: Size) {
    const shorter = Math.min(...size_px);
    this.#uniforms.sides.value.set(size_px[0] / shorter, size_px[1] / shorter);
    // Behind the scene, for one that ends at the photo's border, and in front of what continues beyond it.
    this.meshes.add(this.#mesh(false), this.#mesh(true));
    this.meshes.visible = false;
  }

  get isPainted(): boolean {
    return this.#picture !== null;
  }

  /** Return whether a frame reaches beyond the photo. */
  isSeenIn({ width, height }: Frame): boolean {
    return width > this.size_px[0] + 0.5 || height > this.size_px[1] + 0.5;
  }

  /** Make the picture out of the photo, which the function draws. */
  paint(renderer: WebGLRenderer, drawPhoto: () => void): void {
    const scale = LONG_SIDE_PX / Math.max(...this.size_px);
    const [width, height] = this.size_px.map((side) => Math.max(1, Math.round(side * scale))) as [number, number];
    const target = new WebGLRenderTarget(width, height, {
      colorSpace: SRGBColorSpace,
      generateMipmaps: true,
      minFilter: LinearMipmapLinearFilter,
    });
    renderer.setRenderTarget(target);
    drawPhoto();
    renderer.setRenderTarget(null);
    this.forget();
    this.#picture = target;
    this.#uniforms.photo.value = target.texture;
  }

  /** Draw around a frame from now on. */
  show({ x, y, width, height }: Frame): void {
    const [photoWidth, photoHeight] = this.size_px;
    this.#uniforms.middle.value.set(x / photoWidth, 1 - y / photoHeight);
    this.#uniforms.halfSize.value.set(width / (2 * photoWidth), height / (2 * photoHeight));
    this.meshes.visible = true;
  }

  hide(): void {
    this.meshes.visible = false;
  }

  /** Free the picture, which is lost with the canvas's context too. */
  forget(): void {
    this.#picture?.dispose();
    this.#picture = null;
  }

  dispose(): void {
    this.forget();
    for (const mesh of this.meshes.children as Mesh<BufferGeometry, ShaderMaterial>[]) {
      mesh.geometry.dispose();
      mesh.material.dispose();
    }
  }

  #mesh(isInFront: boolean): Mesh {
    const material = new ShaderMaterial({
      vertexShader: VERTEX,
      fragmentShader: FRAGMENT,
      depthTest: !isInFront, // the other one is at the end of the camera's reach
      depthWrite: false,
      side: DoubleSide,
      transparent: isInFront,
      uniforms: { ...this.#uniforms, softness: { value: isInFront ? SOFTNESS : 0 } },
    });
    const geometry = new BufferGeometry();
    geometry.setAttribute("position", new BufferAttribute(new Float32Array(AROUND), 3));
    geometry.setIndex(isInFront ? SIDES : [...SIDES, ...INSIDE]);
    const mesh = new Mesh(geometry, material);
    mesh.frustumCulled = false;
    mesh.renderOrder = LAST;
    return mesh;
  }
}
