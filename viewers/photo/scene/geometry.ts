import { BufferAttribute, BufferGeometry } from "three";

import type { Accessors } from "./accessors";
import { decodeDraco, type DracoMesh } from "./draco";
import type { Gltf, GltfPrimitive } from "./gltf";
import { Problem } from "../../shared/problem";

const TRIANGLES = 4;

/** glTF's name of an attribute -> three.js's. */
const NAMES: Readonly<Record<string, string>> = Object.freeze({
  POSITION: "position",
  TEXCOORD_0: "uv",
  COLOR_0: "color",
});

/** Return the triangles of every primitive. */
export async function readGeometries(
  gltf: Gltf,
  accessors: Accessors,
): Promise<ReadonlyMap<GltfPrimitive, BufferGeometry>> {
  const all = (gltf.meshes ?? []).flatMap(({ primitives }) => primitives);
  if (all.some(({ mode }) => (mode ?? TRIANGLES) !== TRIANGLES)) throw new Problem("This GLB has more than triangles.");
  const packed = all.filter((primitive) => primitive.extensions?.KHR_draco_mesh_compression);
  const decoded = packed.length ? await decodeDraco(packed.map((one) => dracoMesh(one, gltf, accessors))) : [];
  return new Map(
    all.map((primitive) => {
      const mesh = decoded[packed.indexOf(primitive)];
      const geometry = new BufferGeometry();
      for (const [name, index] of Object.entries(primitive.attributes)) {
        const known = NAMES[name];
        if (!known) continue;
        const normalized = gltf.accessors?.[index]?.normalized ?? false;
        const numbers = mesh?.attributes[name];
        const one = numbers
          ? new BufferAttribute(numbers.array, numbers.columns, normalized)
          : accessors.attribute(index);
        geometry.setAttribute(known, one);
      }
      if (mesh) geometry.setIndex(new BufferAttribute(mesh.index, 1));
      else if (primitive.indices !== undefined) {
        geometry.setIndex(new BufferAttribute(accessors.numbers(primitive.indices), 1));
      }
      return [primitive, geometry];
    }),
  );
}

/** Return what the decoder of Draco needs to know of a primitive. */
function dracoMesh(primitive: GltfPrimitive, gltf: Gltf, accessors: Accessors): DracoMesh {
  const { bufferView, attributes } = primitive.extensions!.KHR_draco_mesh_compression!;
  const wanted = Object.entries(attributes).map(([name, id]) => {
    const type = gltf.accessors?.[primitive.attributes[name] ?? -1]?.componentType;
    if (!type) throw new Problem(`This GLB is damaged: it does not describe ${name}.`);
    return { name, id, type };
  });
  return { content: accessors.bytes(bufferView), wanted };
}
