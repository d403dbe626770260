import type { Numbers } from "./accessors";
import type { DecodedMesh, DracoMesh } from "./draco";

type Kind = { new (bytes: ArrayBuffer): Numbers; readonly BYTES_PER_ELEMENT: number };

/** What is used of Draco's decoder (draco/javascript/emscripten/draco_web_decoder.idl). */
interface Draco {
  readonly HEAPU8: Uint8Array;
  readonly DT_INT8: number;
  readonly DT_UINT8: number;
  readonly DT_INT16: number;
  readonly DT_UINT16: number;
  readonly DT_FLOAT32: number;
  readonly Decoder: new () => DracoDecoding;
  readonly Mesh: new () => DracoSolid;
  _malloc(size: number): number;
  _free(pointer: number): void;
  destroy(made: object): void;
}

interface DracoDecoding {
  DecodeArrayToMesh(bytes: Int8Array, length: number, into: DracoSolid): { ok(): boolean; error_msg(): string };
  GetAttributeByUniqueId(solid: DracoSolid, id: number): { num_components(): number };
  GetTrianglesUInt32Array(solid: DracoSolid, length: number, pointer: number): boolean;
  GetAttributeDataArrayForAllPoints(solid: DracoSolid, of: object, type: number, size: number, at: number): boolean;
}

interface DracoSolid {
  num_faces(): number;
  num_points(): number;
}

declare function DracoDecoderModule(options: { wasmBinary: Uint8Array }): Promise<Draco>;

/** Take meshes and answer with decoded ones, or with a message. The worker gets this function's text alone. */
export function workInDraco(): void {
  /** Component type of glTF -> array and Draco's number of the type. */
  const kinds = (draco: Draco): Record<number, readonly [Kind, number]> => ({
    5120: [Int8Array, draco.DT_INT8],
    5121: [Uint8Array, draco.DT_UINT8],
    5122: [Int16Array, draco.DT_INT16],
    5123: [Uint16Array, draco.DT_UINT16],
    5126: [Float32Array, draco.DT_FLOAT32],
  });
  const decode = (draco: Draco, { content, wanted }: DracoMesh): DecodedMesh => {
    const decoding = new draco.Decoder();
    const solid = new draco.Mesh();
    const copied = (bytes: number, fill: (pointer: number) => boolean): ArrayBuffer => {
      const pointer = draco._malloc(bytes);
      fill(pointer);
      const copy = draco.HEAPU8.slice(pointer, pointer + bytes).buffer as ArrayBuffer;
      draco._free(pointer);
      return copy;
    };
    try {
      const status = decoding.DecodeArrayToMesh(new Int8Array(content.buffer), content.length, solid);
      if (!status.ok()) throw new Error(status.error_msg());
      const corners = solid.num_faces() * 12;
      const triangles = copied(corners, (at) => decoding.GetTrianglesUInt32Array(solid, corners, at));
      const attributes: Record<string, { array: Numbers; columns: number }> = {};
      for (const { name, id, type } of wanted) {
        const [Kind, kind] = kinds(draco)[type] ?? [Float32Array, draco.DT_FLOAT32];
        const one = decoding.GetAttributeByUniqueId(solid, id);
        const columns = one.num_components();
        const size = solid.num_points() * columns * Kind.BYTES_PER_ELEMENT;
        const read = (at: number) => decoding.GetAttributeDataArrayForAllPoints(solid, one, kind, size, at);
        attributes[name] = { array: new Kind(copied(size, read)), columns };
      }
      return { index: new Uint32Array(triangles), attributes };
    } finally {
      draco.destroy(solid);
      draco.destroy(decoding);
    }
  };
  onmessage = async ({ data }: MessageEvent<{ wasm: Uint8Array; meshes: readonly DracoMesh[] }>) => {
    try {
      const draco = await DracoDecoderModule({ wasmBinary: data.wasm });
      postMessage(data.meshes.map((mesh) => decode(draco, mesh)));
    } catch (error) {
      postMessage(error instanceof Error ? error.message : String(error));
    }
  };
}
