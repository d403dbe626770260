import { LoadingManager, type AnimationClip, type Camera, type Group } from "three";
import { GLTFLoader } from "three/addons/loaders/GLTFLoader.js";

import { dracoLoader } from "./draco";
import { readFacts, type Facts } from "./facts";
import { Problem } from "./problem";

const GLB_MAGIC = 0x46546c67;
const JSON_CHUNK = 0x4e4f534a;
const HEADER_BYTES = 20;

export interface LoadedScene {
  readonly root: Group;
  readonly facts: Facts;
  /** The photo's camera, which the camera path moves. */
  readonly camera: Camera;
  readonly path: AnimationClip | undefined;
}

/** Return the file name in an address, for messages. */
function nameIn(url: string): string {
  const name = new URL(url, document.baseURI).pathname.split("/").pop() || url;
  try {
    return decodeURIComponent(name);
  } catch {
    return name; // an unescaped percent sign
  }
}

/** Fetch a file; report the loaded share, 0 to 1, or null if the length is unknown. */
export async function fetchBytes(
  url: string,
  signal: AbortSignal,
  progress: (share: number | null) => void,
): Promise<ArrayBuffer> {
  const name = nameIn(url);
  let response: Response;
  try {
    response = await fetch(url, { signal });
  } catch (error) {
    if (signal.aborted) throw error;
    const disk = location.protocol === "file:" ? " A page opened from disk cannot read other files." : "";
    throw new Problem(`Could not load ${name}: no response.${disk}`);
  }
  if (!response.ok || !response.body) {
    throw new Problem(`Could not load ${name}: ${response.status} ${response.statusText}`.trimEnd() + ".");
  }
  const length = response.headers.has("content-encoding") ? 0 : Number(response.headers.get("content-length"));
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let received = 0;
  progress(length ? 0 : null);
  for (const reader = response.body.getReader(); ;) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    received += value.length;
    progress(length ? Math.min(received / length, 1) : null);
  }
  return new Blob(parts).arrayBuffer();
}

/** Return the JSON part of a GLB. */
function header(bytes: ArrayBuffer): { extensionsRequired?: string[] } {
  const view = new DataView(bytes);
  if (bytes.byteLength < HEADER_BYTES || view.getUint32(0, true) !== GLB_MAGIC) {
    throw new Problem("This is not a GLB file.");
  }
  const length = view.getUint32(12, true);
  if (view.getUint32(4, true) !== 2 || view.getUint32(16, true) !== JSON_CHUNK) {
    throw new Problem("This GLB does not have version 2.");
  }
  if (view.getUint32(8, true) > bytes.byteLength || HEADER_BYTES + length > bytes.byteLength) {
    throw new Problem("This GLB is incomplete: part of the file is missing.");
  }
  try {
    return JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, HEADER_BYTES, length)));
  } catch {
    throw new Problem("This GLB is damaged: its JSON cannot be read.");
  }
}

/** Read a scene; it must not refer to other files. */
export async function parseScene(bytes: ArrayBuffer): Promise<LoadedScene> {
  const draco = header(bytes).extensionsRequired?.includes("KHR_draco_mesh_compression") ? dracoLoader() : null;
  const manager = new LoadingManager();
  const outside = new Problem("This GLB requires other files; scenes made by kbvr never do.");
  let isWhole = true;
  manager.setURLModifier((url) => {
    if (/^(blob|data):/.test(url)) return url;
    isWhole = false; // three.js continues without the texture
    throw outside;
  });
  const loader = new GLTFLoader(manager);
  if (draco) loader.setDRACOLoader(draco);
  try {
    const gltf = await loader.parseAsync(bytes, "");
    if (!isWhole) throw outside;
    const facts = readFacts(gltf.scene.userData);
    const camera = gltf.cameras[0];
    if (!camera) throw new Problem("The scene is damaged: it has no camera.");
    return Object.freeze({ root: gltf.scene, facts, camera, path: gltf.animations[0] });
  } catch (error) {
    throw error instanceof Problem ? error : new Problem(`This GLB is damaged: ${(error as Error).message}`);
  } finally {
    draco?.dispose();
  }
}
