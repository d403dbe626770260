/** The types of the server's answers; kbvr/studio has their Python. */

/** Options that differ from their defaults: Python name -> the text that `ExportOptions` parses. */
export type Options = Readonly<Record<string, string>>;
export type Size = readonly [width: number, height: number];

export type ProjectStage = "waiting" | "reading" | "depth" | "triangles" | "ready" | "failed";

export interface ProjectState {
  readonly id: string;
  readonly name: string;
  readonly revision: number;
  readonly stage: ProjectStage;
  readonly share: number | null;
  readonly problem: string;
  /** Whether its folder lies in the studio's folder of projects; it moves to the trash when it is removed. */
  readonly is_own: boolean;
  readonly has_thumbnail: boolean;
  readonly options: Options;
  /** Of the photo, and of the working copy; null until the photo has been read. */
  readonly size_px: Size | null;
  readonly working_px: Size | null;
  /** Focal length, in pixels of the working copy. */
  readonly f_px: number | null;
  readonly scene: { readonly revision: number; readonly is_refined: boolean } | null;
  readonly depth: { readonly revision: number; readonly is_mended: boolean } | null;
}

export type OptionKind = "switch" | "choice" | "number" | "integer" | "text" | "file" | "list";

export interface OptionSpec {
  readonly name: string;
  readonly label: string;
  readonly help: string;
  readonly kind: OptionKind;
  readonly choices?: readonly string[] | null;
  /** The choices in words. */
  readonly choice_labels?: readonly string[] | null;
  readonly minimum?: number | null;
  readonly maximum?: number | null;
  /** Whether the minimum itself is not accepted. */
  readonly exclusive_minimum?: boolean | null;
  /** The values it accepts, in words. */
  readonly accepts?: string | null;
  readonly unit?: string | null;
  readonly default: string | null;
  readonly default_text: string;
  readonly is_common: boolean;
  /** Outputs that the option changes; empty for all. */
  readonly used_by?: readonly string[] | null;
  /** Outputs whose preview it may change. */
  readonly previewed_by: readonly PlanOutput[];
}

export interface OptionGroup {
  readonly title: string;
  readonly options: readonly OptionSpec[];
}

export interface Limits {
  readonly upload_bytes: number;
  readonly pixels: number;
  /** Ends of the names of photos, in lower case with their dots, and their kinds in words. */
  readonly suffixes: readonly string[];
  readonly kinds: string;
  /** Ends of the names of camera raw files, which are refused. */
  readonly raw_suffixes: readonly string[];
  /** What is said of a file that is no photo, and of a camera raw file. */
  readonly no_photo: string;
  readonly raw: string;
}

export interface Schema {
  readonly groups: readonly OptionGroup[];
  readonly presets: Readonly<Record<string, Options>>;
  readonly outputs: readonly string[];
  readonly limits: Limits;
}

export interface Example {
  readonly name: string;
  readonly title: string;
}

/** One eye's camera, in OpenCV axes; its numbers are in pixels of the plan's `size_px`. */
export interface PlannedCamera {
  readonly f_px: number;
  readonly cx_px: number;
  readonly cy_px: number;
  /** 3 x 4, row by row. */
  readonly world_from_camera: readonly number[];
}

/** How much parallax the result has, and the eyes can tolerate: in percent of the width, and as angles at the eyes. */
export interface Comfort {
  readonly nearest_percent?: number;
  readonly farthest_percent?: number;
  readonly nearest_deg?: number;
  readonly farthest_deg?: number;
  readonly limit_percent?: number;
  readonly limit_deg?: number;
  readonly share_beyond_limit?: number;
  readonly share_turning_eyes_outwards?: number;
  readonly is_comfortable?: boolean;
}

export interface PlanState {
  readonly output: PlanOutput;
  readonly size_px: Size;
  /** Left, top, width and height of the part of the photo that is used, as shares of its sides; null for all of it. */
  readonly crop?: readonly [x: number, y: number, width: number, height: number] | null;
  readonly fps: number;
  readonly period_s: number | null;
  readonly is_loop: boolean;
  /** Every frame's cameras, one per eye. */
  readonly instants: readonly (readonly PlannedCamera[])[];
  readonly convergence_m: number | null;
  readonly baseline_m: number | null;
  /** Width of the floating window's bars: at the left eye's left border and at the right eye's right border. */
  readonly bars_px?: readonly [left: number, right: number];
  /** How much darker the corners are, 0 to 1. */
  readonly vignette?: number;
  readonly lens: { readonly aperture_m: number; readonly focus_m: number } | null;
  /** What makes an anaglyph of the left and the right view: 3 x 3 matrices for linear light, row by row. */
  readonly anaglyph: readonly [left: readonly number[], right: readonly number[]];
  readonly comfort: Comfort | null;
  readonly histogram: {
    readonly parallax_percent: readonly number[];
    readonly share: readonly number[];
    readonly limits: readonly [low: number, high: number];
  } | null;
  readonly explanation: readonly string[];
  readonly warnings: readonly string[];
}

export type PlanOutput = "wiggle" | "kenburns" | "stereo" | "anaglyph" | "still";

export interface PlaceAt {
  readonly depth_m: number;
  readonly inverse_depth: number;
  readonly parallax_zero_option: Options;
  readonly focus_option: Options;
}

export type ExportStage = "waiting" | "running" | "done" | "failed" | "cancelled";

export interface ExportFile {
  readonly n: number;
  readonly name: string;
  readonly bytes: number;
  readonly kind: string;
}

export interface ExportState {
  readonly id: string;
  readonly projects: readonly string[];
  readonly state: ExportStage;
  readonly stage: string;
  readonly share: number | null;
  readonly problem: string;
  /** Warnings in words. */
  readonly notes: readonly string[];
  readonly files: readonly ExportFile[];
  readonly title: string;
  /** The path of its files on the server. */
  readonly folder: string;
  /** Every photo of a batch. */
  readonly photos: readonly ExportedPhoto[];
  /** ISO 8601; empty until it has ended. */
  readonly ended_at: string;
}

export interface ExportedPhoto {
  readonly project: string;
  readonly name: string;
  readonly state: "waiting" | "running" | "done" | "failed";
  readonly problem: string;
}

export interface EventsAnswer {
  readonly seq: number;
  readonly projects: readonly ProjectState[];
  readonly removed: readonly string[];
  readonly exports: readonly ExportState[];
  readonly notes: readonly string[];
}
