import {
  AnimationClip,
  InterpolateDiscrete,
  InterpolateLinear,
  QuaternionKeyframeTrack,
  VectorKeyframeTrack,
  type Object3D,
} from "three";

import { entry, type Accessors } from "./accessors";
import type { GltfAnimation } from "./gltf";

/** glTF's name of what moves -> three.js's name and kind of track. */
const TRACKS = Object.freeze({
  translation: ["position", VectorKeyframeTrack],
  scale: ["scale", VectorKeyframeTrack],
  rotation: ["quaternion", QuaternionKeyframeTrack],
} as const);

/** Return an animation of a scene's nodes. */
export function readAnimation(
  animation: GltfAnimation,
  accessors: Accessors,
  nodes: ReadonlyMap<number, Object3D>,
): AnimationClip {
  const tracks = animation.channels.flatMap(({ sampler, target }) => {
    const node = nodes.get(target.node ?? -1);
    const known = TRACKS[target.path as keyof typeof TRACKS];
    if (!node || !known) return [];
    const { input, output, interpolation } = entry(animation.samplers, sampler, "animation sampler");
    const [property, Track] = known;
    const mode = interpolation === "STEP" ? InterpolateDiscrete : InterpolateLinear;
    return new Track(`${node.uuid}.${property}`, accessors.numbers(input), accessors.numbers(output), mode);
  });
  return new AnimationClip(animation.name, undefined, tracks);
}
