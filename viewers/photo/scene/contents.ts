import { Box3, Mesh, Sphere, Texture, type Group, type Material } from "three";

import type { LoadedScene } from "./load";

/** Draw blended meshes in the order of the file. */
export function inFileOrder(root: Group): void {
  let index = 0;
  root.traverse((node) => {
    if (node instanceof Mesh) node.renderOrder = index++;
  });
}

/** Return the distance beyond which a camera near the photo's camera sees nothing. */
export function farthest_m({ root, facts }: LoadedScene): number {
  const sphere = new Box3().setFromObject(root).getBoundingSphere(new Sphere());
  return 2 * (sphere.radius + sphere.center.length()) + facts.farthest_m;
}

/** Return the textures of a scene, each once. */
export function texturesOf(root: Group): Set<Texture> {
  const found = new Set<Texture>();
  for (const material of materialsOf(root)) {
    for (const value of Object.values(material)) if (value instanceof Texture) found.add(value);
  }
  return found;
}

/** Free a scene's GPU memory and decoded pictures. */
export function release(root: Group): void {
  for (const texture of texturesOf(root)) {
    texture.dispose();
    if (texture.image instanceof ImageBitmap) texture.image.close();
  }
  for (const material of materialsOf(root)) material.dispose();
  root.traverse((node) => {
    if (node instanceof Mesh) node.geometry.dispose();
  });
}

function materialsOf(root: Group): Set<Material> {
  const found = new Set<Material>();
  root.traverse((node) => {
    if (node instanceof Mesh) for (const material of [node.material].flat() as Material[]) found.add(material);
  });
  return found;
}
