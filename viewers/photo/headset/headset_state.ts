import type { Target } from "./panel";

/** What is shown in the headset. */
export interface HeadsetState {
  readonly scale: number;
  readonly distance_m: number;
  /** How closed the view is: from its edges, and as a whole. */
  readonly narrow: number;
  readonly veil: number;
  /** Address of the scene that is shown; empty for one without an address. */
  readonly scene: string;
  readonly isGalleryOpen: boolean;
  readonly note: string;
  /** What can be pointed at, in the axes of the reference space. */
  readonly targets: readonly Target[];
  /** Counts of what is in GPU memory. */
  readonly memory: Readonly<{ geometries: number; textures: number }>;
}
