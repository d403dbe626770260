import { glbOf } from "./scene/glb";

/** Where a scene comes from if not from the element's `src`. */
export interface Origin {
  /** Name for a scene that does not tell its own. */
  readonly name: string;
  readonly read: () => Promise<ArrayBuffer>;
}

export function fromMemory(glb: ArrayBuffer): Origin {
  return Object.freeze({ name: "", read: async () => glb });
}

export function fromFile(file: File): Origin {
  return Object.freeze({ name: file.name.replace(/\.glb$/i, ""), read: () => glbOf(file) });
}
