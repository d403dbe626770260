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
  /** Where the photo was taken, and what the camera path moves. */
  readonly camera: Camera;
  readonly path: AnimationClip | undefined;
}

/** Return the file's name in an address, to tell people. */
function nameIn(url: string): string {
  const name = new URL(url, document.baseURI).pathname.split("/").pop() || url;
  try {
    return decodeURIComponent(name);
  } catch {
    return name; // a percent sign that was written as it is
  }
}

/** Fetch a file; tell how much of it is there, 0 to 1, or null where its length is unknown. */
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
    const disk = location.protocol === "file:" ? " A page that was opened from disk may not read other files." : "";
    throw new Problem(`${name} could not be loaded: no answer.${disk}`);
  }
  if (!response.ok || !response.body) {
    throw new Problem(`${name} could not be loaded: ${response.status} ${response.statusText}`.trimEnd() + ".");
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
    throw new Problem("This GLB is of a version other than 2.");
  }
  if (view.getUint32(8, true) > bytes.byteLength || HEADER_BYTES + length > bytes.byteLength) {
    throw new Problem("This GLB is cut short: part of the file is missing.");
  }
  try {
    return JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, HEADER_BYTES, length)));
  } catch {
    throw new Problem("This GLB is damaged: its description cannot be read.");
  }
}

/** Read a scene; it may refer to nothing outside its own bytes. */
export async function parseScene(bytes: ArrayBuffer): Promise<LoadedScene> {
  const draco = header(bytes).extensionsRequired?.includes("KHR_draco_mesh_compression") ? dracoLoader() : null;
  const manager = new LoadingManager();
  const outside = new Problem("This GLB needs other files, which a scene made by kbvr never does.");
  let isWhole = true;
  manager.setURLModifier((url) => {
    if (/^(blob|data):/.test(url)) return url;
    isWhole = false; // three.js goes on without a texture
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
