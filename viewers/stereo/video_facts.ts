/** What a video file says about itself that browsers keep to themselves: its stereo layout, frame rate and sound. */

import { factsInMatroska } from "./matroska";
import { factsInMp4 } from "./mp4";
import type { Parts } from "./parts";

export interface VideoFacts {
  /** How both eyes' pictures share a frame; null if the file does not say. `tb-right`: the right eye's is above. */
  readonly packing: Packing | null;
  /** Whether each eye's picture is half a sphere. */
  readonly isHalfSphere: boolean;
  /** Duration of a frame in seconds; null if it varies or is unknown. */
  readonly frameS: number | null;
  readonly hasSound: boolean;
}

export type Packing = "mono" | "sbs" | "cross" | "tb" | "tb-right";

/** Return the facts in an MP4, WebM or MKV; null if it is of another kind, or damaged. Reads its index only. */
export async function factsOf(parts: Parts): Promise<VideoFacts | null> {
  try {
    return (await factsInMp4(parts)) ?? (await factsInMatroska(parts));
  } catch (error) {
    // What cannot be read here may still play.
    console.info("The video's metadata cannot be read:", error);
    return null;
  }
}
