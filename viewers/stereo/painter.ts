/** Draws the pictures of two eyes with WebGL, in linear light. */

import { SRGB_GLSL } from "../shared/anaglyph";
import type { Eye } from "./layouts";
import { IDENTITY_3, IDENTITY_4, type Mat3, type Mat4 } from "./matrices";
import { Problem } from "../shared/problem";
import type { Mix } from "./views";

/** Index of the panel's picture; see Painter.takePanel. */
export const PANEL: Eye = { picture: 2, rect: [0, 0, 1, 1] };

export interface Painting {
  /** Left, bottom, width and height in the target's pixels. */
  readonly viewport: readonly [number, number, number, number];
  /** The pictures of both eyes, the left one first. */
  readonly eyes: readonly [Eye, Eye];
  /** The colour matrix of each. */
  readonly mix: readonly [Mix, Mix];
  /** Transform of the square from -1 to 1 to clip space; the default fills the viewport. */
  readonly toClip?: Mat4;
  /** For half spheres: the direction of (x, y, 1), x and y from -1 to 1 in the viewport; y up, -z ahead. */
  readonly toRay?: Mat3;
}

const VERTICES = `#version 300 es
uniform mat4 toClip;
uniform mat3 toRay;
out vec2 place;
out vec3 ray;
void main() {
  vec2 corner = vec2(gl_VertexID & 1, gl_VertexID >> 1) * 2.0 - 1.0;
  place = vec2(0.5, -0.5) * corner + 0.5;
  ray = toRay * vec3(corner, 1.0);
  gl_Position = toClip * vec4(corner, 0.0, 1.0);
}`;

const FRAGMENTS = `#version 300 es
precision highp float;
uniform sampler2D leftPicture, rightPicture;
uniform vec4 leftRect, rightRect;
uniform mat3 fromLeft, fromRight;
uniform bool isHalfSphere;
in vec2 place;
in vec3 ray;
out vec4 shown;

${SRGB_GLSL}
// The filter must not reach across the border of an eye's part: half a texel is left of it, or half of what is drawn as one pixel.
vec3 lightOf(sampler2D picture, vec4 rect, vec2 at) {
  vec2 place = rect.xy + rect.zw * at;
  vec2 footprint = abs(dFdx(place)) + abs(dFdy(place));
  vec2 inset = min(0.5 * max(footprint, 1.0 / vec2(textureSize(picture, 0))), 0.5 * rect.zw);
  vec4 code = texture(picture, clamp(place, rect.xy + inset, rect.xy + rect.zw - inset));
  return toLinear(code.rgb) * code.a;
}

void main() {
  float longitude = atan(ray.x, -ray.z), latitude = asin(ray.y / length(ray));
  vec2 at = isHalfSphere ? vec2(longitude, -latitude) / ${Math.PI} + 0.5 : place;
  vec3 light = fromLeft * lightOf(leftPicture, leftRect, at) + fromRight * lightOf(rightPicture, rightRect, at);
  bool isSeen = !isHalfSphere || abs(longitude) <= ${Math.PI / 2};
  shown = vec4(isSeen ? toSrgb(clamp(light, 0.0, 1.0)) : vec3(0.0), 1.0);
}`;

const UNIFORMS = [
  "toClip",
  "toRay",
  "leftPicture",
  "rightPicture",
  "leftRect",
  "rightRect",
  "fromLeft",
  "fromRight",
  "isHalfSphere",
] as const;

export class Painter {
  readonly gl: WebGL2RenderingContext;
  readonly maxSidePx: number;
  private readonly textures: readonly WebGLTexture[];
  private readonly uniforms: Readonly<Record<(typeof UNIFORMS)[number], WebGLUniformLocation | null>>;

  /** Throws Problem if the browser has no WebGL 2. */
  constructor(canvas: HTMLCanvasElement) {
    const gl = canvas.getContext("webgl2", { alpha: false, depth: false, powerPreference: "high-performance" });
    if (!gl) throw new Problem("This page needs WebGL 2, which this browser lacks or has turned off.");
    this.gl = gl;
    this.maxSidePx = gl.getParameter(gl.MAX_TEXTURE_SIZE) as number;
    const program = linked(gl);
    gl.useProgram(program);
    gl.bindVertexArray(gl.createVertexArray());
    this.uniforms = Object.fromEntries(
      UNIFORMS.map((name) => [name, gl.getUniformLocation(program, name)]),
    ) as Painter["uniforms"];
    this.textures = [gl.createTexture(), gl.createTexture(), gl.createTexture()];
    for (const texture of this.textures) {
      gl.bindTexture(gl.TEXTURE_2D, texture);
      gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
      gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
    }
  }

  /** Upload the pictures to draw, or a video's current frame. */
  take(pictures: readonly TexImageSource[]): void {
    pictures.forEach((picture, index) => this.upload(picture, index));
  }

  /** Upload the picture of PANEL. */
  takePanel(panel: TexImageSource): void {
    this.upload(panel, PANEL.picture);
  }

  private upload(picture: TexImageSource, index: number): void {
    const { gl } = this;
    gl.bindTexture(gl.TEXTURE_2D, this.textures[index] as WebGLTexture);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, gl.RGBA, gl.UNSIGNED_BYTE, picture);
    const isVideo = picture instanceof HTMLVideoElement;
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, isVideo ? gl.LINEAR : gl.LINEAR_MIPMAP_LINEAR);
    // Browsers may keep a video's frames in textures that have no smaller copies.
    if (!isVideo) gl.generateMipmap(gl.TEXTURE_2D);
  }

  /** Clear a part of a target to black, transparent unless `alpha` is 1. */
  clear(viewport: Painting["viewport"], alpha: number): void {
    const { gl } = this;
    gl.enable(gl.SCISSOR_TEST);
    gl.scissor(...viewport);
    gl.clearColor(0, 0, 0, alpha);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.disable(gl.SCISSOR_TEST);
  }

  draw(painting: Painting): void {
    const { gl, uniforms } = this;
    const [left, right] = painting.eyes;
    gl.viewport(...painting.viewport);
    gl.uniformMatrix4fv(uniforms.toClip, false, Array.from(painting.toClip ?? IDENTITY_4));
    gl.uniformMatrix3fv(uniforms.toRay, false, painting.toRay ?? IDENTITY_3);
    gl.uniform1i(uniforms.isHalfSphere, painting.toRay ? 1 : 0);
    gl.uniform4f(uniforms.leftRect, ...left.rect);
    gl.uniform4f(uniforms.rightRect, ...right.rect);
    // Mixes are row-major.
    gl.uniformMatrix3fv(uniforms.fromLeft, true, painting.mix[0]);
    gl.uniformMatrix3fv(uniforms.fromRight, true, painting.mix[1]);
    [left, right].forEach((eye, unit) => {
      gl.activeTexture(gl.TEXTURE0 + unit);
      gl.bindTexture(gl.TEXTURE_2D, this.textures[eye.picture] as WebGLTexture);
    });
    gl.uniform1i(uniforms.leftPicture, 0);
    gl.uniform1i(uniforms.rightPicture, 1);
    gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4);
    gl.activeTexture(gl.TEXTURE0);
  }
}

function linked(gl: WebGL2RenderingContext): WebGLProgram {
  const program = gl.createProgram();
  for (const [kind, text] of [
    [gl.VERTEX_SHADER, VERTICES],
    [gl.FRAGMENT_SHADER, FRAGMENTS],
  ] as const) {
    const shader = gl.createShader(kind) as WebGLShader;
    gl.shaderSource(shader, text);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) {
    throw new Error(`the shader does not link: ${gl.getProgramInfoLog(program)}`);
  }
  return program;
}
