import { BufferAttribute, BufferGeometry, Group, Mesh, MeshBasicMaterial, Raycaster, Vector3 } from "three";

import type { Choice } from "./gallery";
import { Panel, PANEL_ORDER, type PanelButton, type Target } from "./panel";
import { COLUMNS, ROWS, TILE_HEIGHT_PX, TILE_PX, Tiles, TILES } from "./tiles";

/** A name is 1.4 degrees tall, as is the text of the buttons below. */
const RADIUS_M = 2;
const TILE_RAD = (15 * Math.PI) / 180;
const GAP_RAD = (1.2 * Math.PI) / 180;
const WIDTH_M = 2 * RADIUS_M * Math.tan(TILE_RAD / 2);
const HEIGHT_M = (WIDTH_M * TILE_HEIGHT_PX) / TILE_PX;
const GAP_M = RADIUS_M * GAP_RAD;
const UP_M = 0.06;
const BAR_WIDTH_M = 1.5;
const BAR_BELOW_M = 0.27;
/** What is pointed at is brighter, nearer and larger. */
const [LIT, UNLIT] = [1, 0.6];
const NEARER_M = 0.12;

/** A curved wall of scenes to choose from. */
export class Wall {
  readonly group = new Group();
  readonly bar: Panel;
  readonly #tiles = new Tiles();
  readonly #mesh: Mesh<BufferGeometry, MeshBasicMaterial>;
  #choices: readonly Choice[] = [];
  #here = "";
  #page = 0;
  /** Tiles that are pointed at. */
  #at: readonly number[] = [];

  /** `closing` is the button that closes it, or cancels what is loading. */
  constructor(
    private readonly choose: (choice: Choice) => void,
    closing: () => PanelButton,
  ) {
    const turns = [-1, 1].map((step): PanelButton => ({
      label: step < 0 ? "Previous page" : "Next page",
      press: () => this.turn(step),
    }));
    this.bar = new Panel(() => [[...(this.pages > 1 ? turns : []), closing()]], 1, BAR_WIDTH_M);
    const material = new MeshBasicMaterial({
      map: this.#tiles.texture,
      vertexColors: true,
      transparent: true,
      depthTest: false,
      depthWrite: false,
    });
    this.#mesh = new Mesh(tileGeometry(), material);
    this.#mesh.renderOrder = PANEL_ORDER;
    this.group.add(this.#mesh);
    this.group.visible = false;
  }

  get isOpen(): boolean {
    return this.group.visible;
  }

  /** Page and number of pages in words; empty if there is only one. */
  get words(): string {
    return this.pages > 1 ? `Page ${this.#page + 1} of ${this.pages}` : "";
  }

  get pages(): number {
    return Math.max(1, Math.ceil(this.#choices.length / TILES));
  }

  /** What a ray may hit. */
  get meshes(): readonly Mesh[] {
    return [this.#mesh, this.bar.mesh];
  }

  /** Show the page of the scene that is shown, around a head. */
  open(choices: readonly Choice[], here: string): void {
    this.#choices = choices;
    this.#here = here;
    this.#page = Math.max(0, Math.floor(choices.findIndex(({ src }) => src === here) / TILES));
    this.group.visible = true;
    this.#show();
  }

  /** Put the wall around a head, in the direction of its gaze. */
  place(head_m: Readonly<Vector3>, forward: Readonly<Vector3>): void {
    this.group.position.copy(head_m);
    this.group.rotation.y = Math.atan2(-forward.x, -forward.z);
    this.group.updateMatrixWorld(true);
    const below_m = (ROWS * HEIGHT_M + (ROWS - 1) * GAP_M) / 2 - UP_M + BAR_BELOW_M;
    this.bar.mesh.position.set(0, -below_m, -RADIUS_M).applyMatrix4(this.group.matrixWorld);
    this.bar.mesh.lookAt(head_m.x, head_m.y, head_m.z);
    this.bar.mesh.updateMatrixWorld();
    this.bar.mesh.visible = true;
  }

  close(): void {
    this.group.visible = false;
    this.#tiles.rest();
    this.#mesh.geometry.dispose();
    this.bar.rest();
  }

  turn(step: number): void {
    this.#page = (this.#page + step + this.pages) % this.pages;
    this.#show();
  }

  /** Return what the last of the rays points at, or null; highlight all that they point at. */
  point(rays: readonly Raycaster[], now_ms: number): PanelButton | null {
    if (!this.isOpen) return null;
    this.#tiles.update(now_ms);
    const faces = rays.map((ray) => ray.intersectObject(this.#mesh)[0]?.faceIndex);
    const at = faces.filter((face) => face != null).map((face) => Math.floor(face / 2));
    this.#light(at);
    const button = this.bar.point(rays);
    const choice = this.#shown()[at.at(-1) ?? -1];
    return choice ? { label: choice.name, press: () => this.choose(choice) } : button;
  }

  targets(): readonly Target[] {
    if (!this.isOpen) return [];
    const tiles = this.#shown().map(({ name }, index) => ({
      label: name,
      place_m: this.#mesh.localToWorld(middleOf(index)).toArray(),
    }));
    return [...tiles, ...this.bar.targets()];
  }

  dispose(): void {
    this.close();
    this.bar.dispose();
    this.#mesh.material.dispose();
  }

  #shown(): readonly Choice[] {
    return this.#choices.slice(this.#page * TILES, (this.#page + 1) * TILES);
  }

  #show(): void {
    this.#tiles.show(this.#shown(), this.#here);
    this.#mesh.geometry.setDrawRange(0, 6 * this.#shown().length);
    this.#light([]);
  }

  #light(at: readonly number[]): void {
    for (const index of new Set([...this.#at, ...at])) {
      const isLit = at.includes(index);
      if (isLit !== this.#at.includes(index)) paintTile(this.#mesh.geometry, index, isLit);
    }
    this.#at = at;
  }
}

/** Return all tiles as quads on a cylinder around the origin. */
function tileGeometry(): BufferGeometry {
  const geometry = new BufferGeometry();
  const uv: number[] = [];
  const indices: number[] = [];
  for (let index = 0; index < TILES; index++) {
    const [column, row] = [index % COLUMNS, Math.floor(index / COLUMNS)];
    for (const [x, y] of CORNERS) uv.push((column + x) / COLUMNS, 1 - (row + 1 - y) / ROWS);
    indices.push(...[0, 1, 2, 2, 1, 3].map((corner) => 4 * index + corner));
  }
  geometry.setAttribute("position", new BufferAttribute(new Float32Array(12 * TILES), 3));
  geometry.setAttribute("color", new BufferAttribute(new Float32Array(12 * TILES), 3));
  geometry.setAttribute("uv", new BufferAttribute(new Float32Array(uv), 2));
  geometry.setIndex(indices);
  for (let index = 0; index < TILES; index++) paintTile(geometry, index, false);
  return geometry;
}

/** Left below, right below, left above, right above. */
const CORNERS = [
  [0, 0],
  [1, 0],
  [0, 1],
  [1, 1],
] as const;

function angleOf(index: number): number {
  return ((index % COLUMNS) - (COLUMNS - 1) / 2) * (TILE_RAD + GAP_RAD);
}

function middleOf(index: number): Vector3 {
  const row = Math.floor(index / COLUMNS);
  const y = UP_M + ((ROWS - 1) / 2 - row) * (HEIGHT_M + GAP_M);
  return new Vector3(RADIUS_M * Math.sin(angleOf(index)), y, -RADIUS_M * Math.cos(angleOf(index)));
}

function paintTile(geometry: BufferGeometry, index: number, isLit: boolean): void {
  const { position, color } = geometry.attributes as Record<"position" | "color", BufferAttribute>;
  const angle = angleOf(index);
  const middle = middleOf(index);
  const nearer_m = isLit ? NEARER_M : 0;
  CORNERS.forEach(([x, y], corner) => {
    const [right_m, up_m] = [(x - 0.5) * WIDTH_M, (y - 0.5) * HEIGHT_M];
    const at = 4 * index + corner;
    position.setXYZ(
      at,
      middle.x + right_m * Math.cos(angle) - nearer_m * Math.sin(angle),
      middle.y + up_m,
      middle.z + right_m * Math.sin(angle) + nearer_m * Math.cos(angle),
    );
    const light = isLit ? LIT : UNLIT;
    color.setXYZ(at, light, light, light);
  });
  position.needsUpdate = color.needsUpdate = true;
  geometry.computeBoundingSphere();
}
