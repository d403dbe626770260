import {
  DoubleSide,
  FrontSide,
  Group,
  Matrix4,
  Mesh,
  MeshBasicMaterial,
  Object3D,
  PerspectiveCamera,
  type AnimationClip,
  type BufferGeometry,
  type Camera,
  type Texture,
} from "three";

import { Accessors, entry } from "./accessors";
import { readAnimation } from "./animation";
import { readFacts, type Facts } from "./facts";
import { readGeometries } from "./geometry";
import { splitGlb } from "./glb";
import type { Gltf, GltfNode, GltfPrimitive } from "./gltf";
import { readTexture } from "./pictures";
import { Problem } from "../../shared/problem";

/** Extensions that kbvr's scenes may require. */
const KNOWN = new Set([
  "KHR_materials_unlit",
  "KHR_mesh_quantization",
  "EXT_texture_webp",
  "KHR_draco_mesh_compression",
]);

const RADIANS = 180 / Math.PI;
const HALF = 0.5;

export interface LoadedScene {
  readonly root: Group;
  readonly facts: Facts;
  /** The photo's camera, which the camera path moves. */
  readonly camera: Camera;
  readonly path: AnimationClip | undefined;
}

/** Read a scene that kbvr wrote: unlit triangles, a camera and its path; it must not refer to other files. */
export async function parseScene(bytes: ArrayBuffer): Promise<LoadedScene> {
  const { json, binary } = splitGlb(bytes);
  return part("JSON", () => read(json as Gltf, binary));
}

/** Return a part of a GLB; whatever cannot be read of it is told of in words for people. */
async function part<T>(name: string, read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof Problem) throw error;
    console.warn(error);
    throw new Problem(`This GLB is damaged: its ${name} cannot be read.`);
  }
}

async function read(gltf: Gltf, binary: Uint8Array<ArrayBuffer>): Promise<LoadedScene> {
  if ([...(gltf.images ?? []), ...(gltf.buffers ?? [])].some(({ uri }) => uri !== undefined)) {
    throw new Problem("This GLB requires other files; scenes made by kbvr never do.");
  }
  const unknown = gltf.extensionsRequired?.find((name) => !KNOWN.has(name));
  if (unknown) throw new Problem(`This GLB requires ${unknown}; scenes made by kbvr never do.`);
  const scene = entry(gltf.scenes, gltf.scene ?? 0, "scene");
  const facts = readFacts(scene.extras ?? {});
  const accessors = new Accessors(gltf, binary);
  const [geometries, textures] = await Promise.all([
    part("triangles", () => readGeometries(gltf, accessors)),
    part("pictures", () =>
      Promise.all((gltf.textures ?? []).map((_, index) => readTexture(gltf, accessors, index))),
    ),
  ]);
  const nodes = new Nodes(gltf, geometries, textures);
  const root = new Group();
  await part("nodes", () => {
    for (const index of scene.nodes ?? []) root.add(nodes.at(index));
  });
  if (!nodes.camera) throw new Problem("The scene is damaged: it has no camera.");
  const animation = gltf.animations?.[0];
  const path = animation && (await part("camera path", () => readAnimation(animation, accessors, nodes.made)));
  return Object.freeze({ root, facts, camera: nodes.camera, path });
}

/** The nodes of a document as objects of three.js. */
class Nodes {
  readonly made = new Map<number, Object3D>();
  camera: PerspectiveCamera | null = null;
  readonly #materials = new Map<string, MeshBasicMaterial>();

  constructor(
    private readonly gltf: Gltf,
    private readonly geometries: ReadonlyMap<GltfPrimitive, BufferGeometry>,
    private readonly textures: readonly Texture[],
  ) {}

  /** Return a node with all below it. */
  at(index: number): Object3D {
    if (this.made.has(index)) throw new Problem(`This GLB is damaged: node ${index} has two parents.`);
    const node = entry(this.gltf.nodes, index, "node");
    const object = this.#object(node);
    this.made.set(index, object);
    object.name = node.name ?? "";
    if (node.matrix) object.applyMatrix4(new Matrix4().fromArray([...node.matrix]));
    if (node.translation) object.position.fromArray(node.translation);
    if (node.rotation) object.quaternion.fromArray(node.rotation);
    if (node.scale) object.scale.fromArray(node.scale);
    for (const child of node.children ?? []) object.add(this.at(child));
    return object;
  }

  #object(node: GltfNode): Object3D {
    if (node.camera !== undefined) return this.#newCamera(node.camera);
    if (node.mesh === undefined) return new Group();
    const { primitives } = entry(this.gltf.meshes, node.mesh, "mesh");
    const meshes = primitives.map((one) => {
      const geometry = this.geometries.get(one)!;
      return new Mesh(geometry, this.#material(one.material, geometry.hasAttribute("color")));
    });
    return meshes.length === 1 ? meshes[0]! : new Group().add(...meshes);
  }

  #newCamera(index: number): PerspectiveCamera {
    const { perspective } = entry(this.gltf.cameras, index, "camera");
    if (!perspective) throw new Problem("The scene is damaged: its camera has no perspective.");
    const { yfov, aspectRatio = 1, znear, zfar } = perspective;
    const camera = new PerspectiveCamera(yfov * RADIANS, aspectRatio, znear, zfar);
    this.camera ??= camera;
    return camera;
  }

  /** Return the material of a number, for vertices with colours or without. */
  #material(index: number | undefined, vertexColors: boolean): MeshBasicMaterial {
    const key = `${index} ${vertexColors}`;
    const known = this.#materials.get(key);
    if (known) return known;
    const { name, pbrMetallicRoughness, alphaMode, alphaCutoff, doubleSided } =
      index === undefined ? {} : entry(this.gltf.materials, index, "material");
    const { baseColorFactor: [r, g, b, opacity] = [1, 1, 1, 1], baseColorTexture } = pbrMetallicRoughness ?? {};
    const map = baseColorTexture ? entry(this.textures, baseColorTexture.index, "texture") : null;
    const blends = alphaMode === "BLEND";
    const alphaTest = alphaMode === "MASK" ? (alphaCutoff ?? HALF) : 0;
    const side = doubleSided ? DoubleSide : FrontSide;
    const material = new MeshBasicMaterial({ map, opacity, side, vertexColors, alphaTest });
    material.name = name ?? "";
    material.color.setRGB(r, g, b); // light, as glTF's factors are
    material.transparent = blends;
    material.depthWrite = !blends;
    this.#materials.set(key, material);
    return material;
  }
}
