/** What kbvr's scenes use of glTF 2.0, as it is in the JSON. */
export interface Gltf {
  readonly scene?: number;
  readonly scenes?: readonly { readonly nodes?: readonly number[]; readonly extras?: Record<string, unknown> }[];
  readonly nodes?: readonly GltfNode[];
  readonly meshes?: readonly { readonly primitives: readonly GltfPrimitive[] }[];
  readonly materials?: readonly GltfMaterial[];
  readonly textures?: readonly GltfTexture[];
  readonly images?: readonly { readonly bufferView?: number; readonly mimeType?: string; readonly uri?: string }[];
  readonly samplers?: readonly GltfSampler[];
  readonly cameras?: readonly { readonly perspective?: GltfPerspective }[];
  readonly animations?: readonly GltfAnimation[];
  readonly accessors?: readonly GltfAccessor[];
  readonly bufferViews?: readonly GltfView[];
  readonly buffers?: readonly { readonly uri?: string }[];
  readonly extensionsRequired?: readonly string[];
}

export interface GltfNode {
  readonly name?: string;
  readonly mesh?: number;
  readonly camera?: number;
  readonly children?: readonly number[];
  readonly matrix?: readonly number[];
  readonly translation?: readonly [number, number, number];
  readonly rotation?: readonly [number, number, number, number];
  readonly scale?: readonly [number, number, number];
}

export interface GltfPrimitive {
  readonly attributes: Readonly<Record<string, number>>;
  readonly indices?: number;
  readonly material?: number;
  readonly mode?: number;
  readonly extensions?: { readonly KHR_draco_mesh_compression?: GltfDraco };
}

export interface GltfDraco {
  readonly bufferView: number;
  /** Name of an attribute -> Draco's id. */
  readonly attributes: Readonly<Record<string, number>>;
}

export interface GltfMaterial {
  readonly name?: string;
  readonly pbrMetallicRoughness?: {
    readonly baseColorFactor?: readonly [number, number, number, number];
    readonly baseColorTexture?: { readonly index: number };
  };
  readonly alphaMode?: "OPAQUE" | "MASK" | "BLEND";
  readonly alphaCutoff?: number;
  readonly doubleSided?: boolean;
}

export interface GltfTexture {
  readonly sampler?: number;
  readonly source?: number;
  readonly extensions?: { readonly EXT_texture_webp?: { readonly source: number } };
}

export interface GltfSampler {
  readonly magFilter?: number;
  readonly minFilter?: number;
  readonly wrapS?: number;
  readonly wrapT?: number;
}

export interface GltfPerspective {
  readonly yfov: number;
  readonly aspectRatio?: number;
  readonly znear: number;
  readonly zfar?: number;
}

export interface GltfAnimation {
  readonly name?: string;
  readonly channels: readonly { readonly sampler: number; readonly target: { node?: number; path: string } }[];
  readonly samplers: readonly { readonly input: number; readonly output: number; readonly interpolation?: string }[];
}

export interface GltfAccessor {
  readonly bufferView?: number;
  readonly byteOffset?: number;
  readonly componentType: number;
  readonly normalized?: boolean;
  readonly count: number;
  readonly type: string;
}

export interface GltfView {
  readonly byteOffset?: number;
  readonly byteLength: number;
  readonly byteStride?: number;
}
