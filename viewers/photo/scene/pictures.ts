import {
  ClampToEdgeWrapping,
  LinearFilter,
  LinearMipmapLinearFilter,
  LinearMipmapNearestFilter,
  MirroredRepeatWrapping,
  NearestFilter,
  NearestMipmapLinearFilter,
  NearestMipmapNearestFilter,
  RepeatWrapping,
  SRGBColorSpace,
  Texture,
  type MagnificationTextureFilter,
  type MinificationTextureFilter,
  type Wrapping,
} from "three";

import { entry, type Accessors } from "./accessors";
import type { Gltf } from "./gltf";
import { Problem } from "../../shared/problem";

/** glTF's numbers of filters and wrappings, which are those of OpenGL -> three.js's. */
const FILTERS: Readonly<Record<number, MinificationTextureFilter>> = Object.freeze({
  9728: NearestFilter,
  9729: LinearFilter,
  9984: NearestMipmapNearestFilter,
  9985: LinearMipmapNearestFilter,
  9986: NearestMipmapLinearFilter,
  9987: LinearMipmapLinearFilter,
});
const WRAPPINGS: Readonly<Record<number, Wrapping>> = Object.freeze({
  33071: ClampToEdgeWrapping,
  33648: MirroredRepeatWrapping,
  10497: RepeatWrapping,
});

/** Safari before version 17 ignores the options of createImageBitmap. */
const TAKES_OPTIONS =
  typeof createImageBitmap === "function" && !/^((?!chrom|android).)*version\/1[0-6]\b.*safari/i.test(navigator.userAgent);

/** Return a texture of a scene; its picture is decoded beside the main thread. */
export async function readTexture(gltf: Gltf, accessors: Accessors, index: number): Promise<Texture> {
  const { sampler, source, extensions } = entry(gltf.textures, index, "texture");
  const image = entry(gltf.images, extensions?.EXT_texture_webp?.source ?? source, "picture");
  const picture = await decoded(new Blob([accessors.bytes(image.bufferView)], { type: image.mimeType ?? "" }));
  const { magFilter, minFilter, wrapS, wrapT } = gltf.samplers?.[sampler ?? -1] ?? {};
  const texture = new Texture(picture);
  texture.flipY = false;
  texture.colorSpace = SRGBColorSpace;
  texture.magFilter = (FILTERS[magFilter ?? 0] ?? LinearFilter) as MagnificationTextureFilter;
  texture.minFilter = FILTERS[minFilter ?? 0] ?? LinearMipmapLinearFilter;
  texture.wrapS = WRAPPINGS[wrapS ?? 0] ?? RepeatWrapping;
  texture.wrapT = WRAPPINGS[wrapT ?? 0] ?? RepeatWrapping;
  texture.generateMipmaps = texture.minFilter !== NearestFilter && texture.minFilter !== LinearFilter;
  texture.needsUpdate = true;
  return texture;
}

async function decoded(file: Blob): Promise<ImageBitmap | HTMLImageElement> {
  try {
    if (TAKES_OPTIONS) return await createImageBitmap(file, { premultiplyAlpha: "none", colorSpaceConversion: "none" });
    return await loaded(file);
  } catch {
    throw new Problem("This GLB is damaged: a picture in it cannot be decoded.");
  }
}

async function loaded(file: Blob): Promise<HTMLImageElement> {
  const image = new Image();
  image.src = URL.createObjectURL(file);
  try {
    await image.decode();
  } finally {
    URL.revokeObjectURL(image.src);
  }
  return image;
}
