import { BackSide, BoxGeometry, Color, Mesh, ShaderMaterial, Vector3 } from "three";

import { approach } from "../look/easing";
import { PANEL_ORDER } from "./panel";

/** Angle from the gaze at which it begins, fully open and fully narrowed, and the width of its soft edge. */
const [OPEN_RAD, NARROW_RAD, EDGE_RAD] = [1.4, 0.2, 0.4];
/** Time in which most of a change happens, so that trembling at the limit does not flicker. */
const SMOOTHING_S = 0.1;
const INVISIBLE = 0.004;
const DARK = 0.99;

/** Both eyes see it in the same direction: it is infinitely far, and nothing flat hangs in front of the face. */
const VERTEX = `
varying vec3 ray;
void main() {
  ray = position;
  vec4 place = projectionMatrix * vec4(mat3(viewMatrix) * position, 1.0);
  gl_Position = vec4(place.xy, 0.0, place.w);
}`;
const FRAGMENT = `
uniform vec3 colour;
uniform vec3 gaze;
uniform float opening;
uniform float dark;
varying vec3 ray;
void main() {
  float angle = acos(clamp(dot(normalize(ray), gaze), -1.0, 1.0));
  gl_FragColor = vec4(colour, max(dark, smoothstep(opening, opening + ${EDGE_RAD}, angle)));
  #include <colorspace_fragment>
}`;

/** How closed a view is: `narrow` closes it from its edges, `dark` all of it; 0 to 1. */
export interface Closing {
  readonly narrow: number;
  readonly dark: number;
}

/** A soft edge around what a person sees, up to full darkness. */
export class Vignette {
  readonly mesh: Mesh<BoxGeometry, ShaderMaterial>;
  readonly #gaze = new Vector3(0, 0, -1);
  readonly #colour = new Color(0);
  #narrow = 0;
  #dark = 0;

  constructor() {
    const material = new ShaderMaterial({
      vertexShader: VERTEX,
      fragmentShader: FRAGMENT,
      uniforms: {
        colour: { value: this.#colour },
        gaze: { value: this.#gaze },
        opening: { value: OPEN_RAD },
        dark: { value: 0 },
      },
      side: BackSide,
      transparent: true,
      depthTest: false,
      depthWrite: false,
    });
    this.mesh = new Mesh(new BoxGeometry(2, 2, 2), material);
    this.mesh.renderOrder = PANEL_ORDER - 1;
    this.mesh.frustumCulled = false;
    this.open();
  }

  get state(): Closing {
    return { narrow: this.#narrow, dark: this.#dark };
  }

  get isDark(): boolean {
    return this.#dark >= DARK;
  }

  /** Show everything at once. */
  open(): void {
    this.#narrow = this.#dark = 0;
    this.mesh.visible = false;
  }

  /** Come closer to what is wanted, with the colour of the dark, around a direction of gaze. */
  step(seconds: number, wanted: Closing, colour: Color, gaze: Readonly<Vector3>): void {
    const part = approach(seconds, SMOOTHING_S);
    const towards = (now: number, then: number) => (Math.abs(then - now) < INVISIBLE ? then : now + (then - now) * part);
    this.#narrow = towards(this.#narrow, wanted.narrow);
    this.#dark = towards(this.#dark, wanted.dark);
    if (this.mesh.visible) this.#colour.lerp(colour, part);
    else this.#colour.copy(colour);
    this.#gaze.copy(gaze);
    const { uniforms } = this.mesh.material;
    uniforms["opening"]!.value = OPEN_RAD + (NARROW_RAD - OPEN_RAD) * this.#narrow;
    uniforms["dark"]!.value = this.#dark;
    this.mesh.visible = this.#narrow > 0 || this.#dark > 0;
  }

  dispose(): void {
    this.mesh.geometry.dispose();
    this.mesh.material.dispose();
  }
}
