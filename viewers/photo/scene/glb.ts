import { Problem } from "../../shared/problem";

const GLB_SIGN = "glTF";
const GLB_MAGIC = 0x46546c67;
const JSON_CHUNK = 0x4e4f534a;
const BINARY_CHUNK = 0x004e4942;
const HEADER_BYTES = 20;
const CHUNK_BYTES = 8;

/** The two parts of a GLB (glTF 2.0, section 4). */
export interface Glb {
  readonly json: unknown;
  readonly binary: Uint8Array<ArrayBuffer>;
}

/** Return the bytes of a file that was dropped or chosen. Throws Problem if it is of another kind. */
export async function glbOf(file: File): Promise<ArrayBuffer> {
  const head = await file.slice(0, GLB_SIGN.length).text();
  if (head === GLB_SIGN || /\.glb$/i.test(file.name)) return file.arrayBuffer();
  throw new Problem(`Drop a .glb scene made by kbvr, not ${file.name}.`);
}

/** Take a GLB apart. */
export function splitGlb(bytes: ArrayBuffer): Glb {
  const view = new DataView(bytes);
  if (bytes.byteLength < HEADER_BYTES || view.getUint32(0, true) !== GLB_MAGIC) {
    throw new Problem("This is not a GLB file.");
  }
  const end = HEADER_BYTES + view.getUint32(12, true);
  if (view.getUint32(4, true) !== 2) throw new Problem("This GLB does not have version 2.");
  if (view.getUint32(16, true) !== JSON_CHUNK) throw new Problem("This GLB is damaged: it does not begin with JSON.");
  if (view.getUint32(8, true) > bytes.byteLength || end > bytes.byteLength) {
    throw new Problem("This GLB is incomplete: part of the file is missing.");
  }
  return { json: parsed(new Uint8Array(bytes, HEADER_BYTES, end - HEADER_BYTES)), binary: binaryAt(view, end) };
}

function parsed(text: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(text));
  } catch {
    throw new Problem("This GLB is damaged: its JSON cannot be read.");
  }
}

function binaryAt(view: DataView<ArrayBuffer>, begin: number): Uint8Array<ArrayBuffer> {
  const start = begin + CHUNK_BYTES;
  if (start > view.byteLength || view.getUint32(begin + 4, true) !== BINARY_CHUNK) return new Uint8Array();
  return new Uint8Array(view.buffer, start, Math.min(view.getUint32(begin, true), view.byteLength - start));
}
