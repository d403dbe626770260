import { BufferAttribute, InterleavedBuffer, InterleavedBufferAttribute } from "three";

import type { Gltf } from "./gltf";
import { Problem } from "../../shared/problem";

export type Numbers =
  | Int8Array<ArrayBuffer>
  | Uint8Array<ArrayBuffer>
  | Int16Array<ArrayBuffer>
  | Uint16Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | Float32Array<ArrayBuffer>;
type Kind = { new (buffer: ArrayBuffer): Numbers; readonly BYTES_PER_ELEMENT: number };

/** Component type -> array (glTF 2.0, section 3.6.2.2). */
const KINDS: Readonly<Record<number, Kind>> = Object.freeze({
  5120: Int8Array,
  5121: Uint8Array,
  5122: Int16Array,
  5123: Uint16Array,
  5125: Uint32Array,
  5126: Float32Array,
});

const COLUMNS: Readonly<Record<string, number>> = Object.freeze({ SCALAR: 1, VEC2: 2, VEC3: 3, VEC4: 4 });

/** Return an entry of a list of the JSON. */
export function entry<T>(list: readonly T[] | undefined, index: number | undefined, what: string): T {
  const found = index === undefined ? undefined : list?.[index];
  if (found === undefined) throw new Problem(`This GLB is damaged: it has no ${what} ${index ?? ""}`.trimEnd() + ".");
  return found;
}

/** Reads the numbers of a glTF document from its binary part. */
export class Accessors {
  constructor(
    private readonly gltf: Gltf,
    private readonly binary: Uint8Array<ArrayBuffer>,
  ) {}

  /** Return a copy of the bytes of a buffer view. */
  bytes(view: number | undefined): Uint8Array<ArrayBuffer> {
    const { byteOffset = 0, byteLength } = entry(this.gltf.bufferViews, view, "buffer view");
    return this.#part(byteOffset, byteLength);
  }

  /** Return an accessor's numbers for the graphics card; rows that are padded in the file stay so. */
  attribute(index: number): BufferAttribute | InterleavedBufferAttribute {
    const { bufferView, byteOffset = 0, componentType, normalized = false, count, type } = this.#accessor(index);
    const view = entry(this.gltf.bufferViews, bufferView, "buffer view");
    const kind = entry(KINDS as unknown as readonly Kind[], componentType, "component type");
    const columns = COLUMNS[type]!;
    const row = columns * kind.BYTES_PER_ELEMENT;
    const stride = view.byteStride ?? row;
    const begin = (view.byteOffset ?? 0) + byteOffset;
    const bytes = this.#part(begin, count ? (count - 1) * stride + row : 0);
    if (stride === row) return new BufferAttribute(new kind(bytes.buffer), columns, normalized);
    const padded = new Uint8Array(count * stride);
    padded.set(bytes);
    const rows = new InterleavedBuffer(new kind(padded.buffer), stride / kind.BYTES_PER_ELEMENT);
    return new InterleavedBufferAttribute(rows, columns, 0, normalized);
  }

  /** Return an accessor's numbers, without gaps. */
  numbers(index: number): Numbers {
    const attribute = this.attribute(index);
    if (attribute instanceof BufferAttribute) return attribute.array as Numbers;
    return (attribute.clone() as unknown as BufferAttribute).array as Numbers;
  }

  #accessor(index: number): NonNullable<Gltf["accessors"]>[number] {
    const found = entry(this.gltf.accessors, index, "accessor");
    if (!COLUMNS[found.type]) throw new Problem(`This GLB is damaged: accessor ${index} has the type ${found.type}.`);
    return found;
  }

  #part(begin: number, length: number): Uint8Array<ArrayBuffer> {
    if (!(begin >= 0 && length >= 0 && begin + length <= this.binary.length)) {
      throw new Problem("This GLB is damaged: part of its data is missing.");
    }
    return this.binary.slice(begin, begin + length);
  }
}
