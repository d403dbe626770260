import { Color, Mesh, MeshBasicMaterial, type Group, type WebGLRenderer } from "three";

/** Steps of what surrounds the photo: light of the scene's dome, and colour where there is nothing. */
const STEPS = {
  dim: { dome: 1, nothing: 0x0c0c0e },
  bright: { dome: 2.5, nothing: 0x77777d },
  dark: { dome: 0.1, nothing: 0 },
} as const;
const NAMES = Object.keys(STEPS) as (keyof typeof STEPS)[];

/** The step that was chosen last, for all scenes until the page is closed. */
let chosen: keyof typeof STEPS = "dim";

/** The brightness of what surrounds the photo in a headset. */
export class Brightness {
  readonly #nothing = new Color();
  readonly #before = new Color();
  #root: Group | null = null;

  constructor(private readonly renderer: WebGLRenderer) {}

  get name(): string {
    return chosen;
  }

  /** Colour where there is nothing. */
  get nothing(): Color {
    return this.#nothing.set(STEPS[chosen].nothing);
  }

  next(): void {
    chosen = NAMES[(NAMES.indexOf(chosen) + 1) % NAMES.length]!;
    this.#apply();
  }

  /** Take over a scene. */
  begin(root: Group): void {
    if (!this.#root) this.renderer.getClearColor(this.#before);
    this.#root = root;
    this.#apply();
  }

  /** Give the scene back as it was. */
  end(): void {
    if (this.#root) this.#paint(this.#root, 1);
    this.#root = null;
    this.renderer.setClearColor(this.#before, 1);
  }

  #apply(): void {
    if (!this.#root) return;
    this.#paint(this.#root, STEPS[chosen].dome);
    this.renderer.setClearColor(this.nothing, 1);
  }

  #paint(root: Group, light: number): void {
    root.traverse((node) => {
      if (!(node instanceof Mesh && node.name.startsWith("dome") && node.material instanceof MeshBasicMaterial)) return;
      // It shares its material with other meshes of the scene.
      if (!node.userData["isApart"]) node.material = node.material.clone();
      node.userData["isApart"] = true;
      (node.material as MeshBasicMaterial).color.setScalar(light);
    });
  }
}
