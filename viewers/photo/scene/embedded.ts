import { bytesFromBase64 } from "./base64";
import { Problem } from "../../shared/problem";

const WAIT_MS = 50;

/**
 * Return the scene that the page itself holds, as base64 in the element with an id; wait until it has arrived.
 *
 * The attribute data-length, if it is there, is the number of its characters.
 */
export async function embeddedBytes(
  id: string,
  signal: AbortSignal,
  progress: (share: number | null) => void,
): Promise<ArrayBuffer> {
  const element = () => document.getElementById(id);
  for (; document.readyState === "loading"; await new Promise((done) => setTimeout(done, WAIT_MS))) {
    signal.throwIfAborted();
    const length = Number(element()?.dataset["length"]);
    const arrived = [...(element()?.childNodes ?? [])].reduce((sum, text) => sum + (text as Text).length, 0);
    progress(length ? arrived / length : null);
  }
  const text = element()?.textContent?.trim();
  if (!text) throw new Problem("This page is incomplete: it does not contain its scene.");
  if (text.length < Number(element()!.dataset["length"] ?? 0)) {
    throw new Problem("This page is incomplete: part of its scene is missing.");
  }
  try {
    return bytesFromBase64(text).buffer;
  } catch {
    throw new Problem("This page is damaged: its scene cannot be read.");
  }
}
