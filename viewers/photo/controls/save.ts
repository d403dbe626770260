import type { StereoMode } from "../options";

/** Endings that tell players the layout of a picture, as in kbvr/plan/name_endings.py. */
const ENDINGS: Readonly<Partial<Record<StereoMode, string>>> = Object.freeze({
  anaglyph: "_anaglyph",
  cross: "_RL",
  sbs: "_LR",
});

/** Return the name of a picture of a view of a photo. */
export function pictureName(photo: string, mode: StereoMode): string {
  const plain = photo.replace(/[\u0000-\u001f"*/:<>?\\|]+/g, "_").trim();
  return `${plain || "photo"}_kbvr_view${ENDINGS[mode] ?? ""}.png`;
}

/** Let the browser save a file. */
export function save(file: File): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = file.name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // Safari reads it after the click
}
