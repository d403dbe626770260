import { schema } from "../state";
import { texts } from "../texts";

/** The end of a file's name in lower case, with its dot; empty if it has none. */
const suffixOf = (name: string) => /\.[^.]+$/.exec(name.toLowerCase())?.[0] ?? "";

/** Return why a file is refused before it is sent, in words; empty if it is not. The server knows which are photos. */
export function refusalOf(file: File): string {
  if (!file.size) return texts.start.empty;
  const limits = schema.value?.limits;
  if (!limits) return "";
  const suffix = suffixOf(file.name);
  if (limits.raw_suffixes.includes(suffix)) return limits.raw;
  if (suffix && !limits.suffixes.includes(suffix)) return limits.no_photo;
  return file.size > limits.upload_bytes ? texts.start.tooLarge(limits.upload_bytes) : "";
}

/** Return whether a file of a folder is a photo; folders hold other files, too, which nobody asked for. */
export function isPhoto({ name, type }: File): boolean {
  const limits = schema.value?.limits;
  return limits ? limits.suffixes.includes(suffixOf(name)) : type.startsWith("image/");
}

/** Return whether people never see a file, which systems leave in folders. */
export const isHidden = ({ name }: File) => name.startsWith(".") || /^(desktop\.ini|thumbs\.db)$/i.test(name);

/** Return what a file dialog offers, and a phone opens its camera roll for. */
export function accepted(isPhone: boolean): string {
  const suffixes = schema.value?.limits.suffixes ?? [];
  return [...(isPhone || !suffixes.length ? ["image/*"] : []), ...suffixes].join(",");
}
