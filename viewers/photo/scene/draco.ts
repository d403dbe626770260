import type { Numbers } from "./accessors";
import { Problem } from "../../shared/problem";

/** A mesh in Draco's encoding, and the attributes to decode with their component types in glTF. */
export interface DracoMesh {
  readonly content: Uint8Array<ArrayBuffer>;
  readonly wanted: readonly { readonly name: string; readonly id: number; readonly type: number }[];
}

export interface DecodedMesh {
  readonly index: Uint32Array<ArrayBuffer>;
  /** Name of an attribute -> its numbers, as many in a row as there are columns. */
  readonly attributes: Readonly<Record<string, { readonly array: Numbers; readonly columns: number }>>;
}

export type DracoDecoder = (meshes: readonly DracoMesh[]) => Promise<readonly DecodedMesh[]>;

declare global {
  /** Defined by kbvr-draco.js, which a page may hold or load when a scene first needs it. */
  var kbvrDraco: DracoDecoder | undefined;
}

const FILE = "kbvr-draco.js";

/** The script that this module is part of; null in a script of type module. */
const script = document.currentScript as HTMLScriptElement | null;
const address = new URL(FILE, script?.src || document.baseURI).href;
const nonce = script?.nonce;
let loading: Promise<void> | null = null;

/** Decode meshes; the decoder is loaded from beside this script unless the page holds it. */
export async function decodeDraco(meshes: readonly DracoMesh[]): Promise<readonly DecodedMesh[]> {
  if (!globalThis.kbvrDraco) await (loading ??= load());
  try {
    return await globalThis.kbvrDraco!(meshes);
  } catch (error) {
    console.warn(error);
    throw new Problem("This GLB is damaged: its triangles cannot be decoded.");
  }
}

function load(): Promise<void> {
  return new Promise((done, fail) => {
    const element = document.createElement("script");
    element.src = address;
    if (nonce) element.nonce = nonce;
    element.addEventListener("load", () => done());
    element.addEventListener("error", () => {
      loading = null; // the next scene tries again
      fail(new Problem(`This scene is compressed with Draco. Its decoder, ${FILE}, could not be loaded.`));
    });
    document.head.append(element);
  });
}
