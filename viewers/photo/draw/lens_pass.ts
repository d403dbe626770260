import {
  BufferAttribute,
  BufferGeometry,
  Color,
  CustomBlending,
  FramebufferTexture,
  HalfFloatType,
  Mesh,
  NoBlending,
  OneFactor,
  OrthographicCamera,
  Scene,
  ShaderMaterial,
  Vector2,
  WebGLRenderTarget,
  type Texture,
  type WebGLRenderer,
} from "three";

import { SRGB_GLSL } from "../../shared/anaglyph";

const VERTEX = "void main() { gl_Position = vec4(position.xy, 0.0, 1.0); }";
const ADD = `
uniform sampler2D picture;
${SRGB_GLSL}
void main() {
  gl_FragColor = vec4(toLinear(texelFetch(picture, ivec2(gl_FragCoord.xy), 0).rgb), 1.0);
}`;
const SHOW = `
uniform sampler2D picture;
${SRGB_GLSL}
void main() {
  vec4 sum = texelFetch(picture, ivec2(gl_FragCoord.xy), 0);
  gl_FragColor = vec4(toSrgb(clamp(sum.rgb / sum.a, 0.0, 1.0)), 1.0);
}`;

/** The mean of pictures that are drawn one after the other on the canvas: what a lens sees from all of its opening. */
export class LensPass {
  /** The number of pictures so far. */
  count = 0;
  readonly #add = material(ADD, true);
  readonly #show = material(SHOW, false);
  readonly #triangle = new BufferGeometry();
  readonly #mesh: Mesh<BufferGeometry, ShaderMaterial>;
  readonly #scene = new Scene();
  readonly #camera = new OrthographicCamera();
  readonly #size_px = new Vector2();
  readonly #clear = new Color();
  #picture: FramebufferTexture | null = null;
  #sum: WebGLRenderTarget | null = null;

  constructor() {
    this.#triangle.setAttribute("position", new BufferAttribute(new Float32Array([-1, -1, 0, 3, -1, 0, -1, 3, 0]), 3));
    this.#mesh = new Mesh(this.#triangle, this.#add);
    this.#mesh.frustumCulled = false;
    this.#scene.add(this.#mesh);
  }

  /** Begin anew. */
  clear(): void {
    this.count = 0;
  }

  /** Add what the canvas shows now. */
  add(renderer: WebGLRenderer): void {
    const sum = this.#fit(renderer);
    renderer.copyFramebufferToTexture(this.#picture!);
    const { autoClear } = renderer;
    renderer.autoClear = this.count === 0;
    renderer.setRenderTarget(sum);
    if (this.count === 0) renderer.setClearColor(renderer.getClearColor(this.#clear), 0);
    this.#draw(renderer, this.#add, this.#picture!);
    renderer.setRenderTarget(null);
    renderer.setClearColor(renderer.getClearColor(this.#clear), 1);
    renderer.autoClear = autoClear;
    this.count++;
  }

  /** Show the mean on the canvas. */
  show(renderer: WebGLRenderer): void {
    if (this.#sum) this.#draw(renderer, this.#show, this.#sum.texture);
  }

  dispose(): void {
    this.#picture?.dispose();
    this.#sum?.dispose();
    this.#add.dispose();
    this.#show.dispose();
    this.#triangle.dispose();
  }

  #fit(renderer: WebGLRenderer): WebGLRenderTarget {
    const size_px = renderer.getDrawingBufferSize(new Vector2());
    if (this.#sum && size_px.equals(this.#size_px)) return this.#sum;
    this.#picture?.dispose();
    this.#sum?.dispose();
    this.#picture = new FramebufferTexture(size_px.x, size_px.y);
    this.#sum = new WebGLRenderTarget(size_px.x, size_px.y, { type: HalfFloatType, depthBuffer: false });
    this.#size_px.copy(size_px);
    this.count = 0;
    return this.#sum;
  }

  #draw(renderer: WebGLRenderer, material: ShaderMaterial, picture: Texture): void {
    material.uniforms["picture"]!.value = picture;
    this.#mesh.material = material;
    renderer.render(this.#scene, this.#camera);
  }
}

function material(fragmentShader: string, isAdding: boolean): ShaderMaterial {
  return new ShaderMaterial({
    vertexShader: VERTEX,
    fragmentShader,
    depthTest: false,
    depthWrite: false,
    uniforms: { picture: { value: null } },
    blending: isAdding ? CustomBlending : NoBlending,
    blendSrc: OneFactor,
    blendDst: OneFactor,
    blendSrcAlpha: OneFactor,
    blendDstAlpha: OneFactor,
  });
}
