import { nameIn } from "../../shared/address_name";
import { Problem } from "../../shared/problem";

/** Fetch a file; report the loaded share, 0 to 1, or null if the length is unknown. */
export async function fetchBytes(
  url: string,
  signal: AbortSignal,
  progress: (share: number | null) => void,
): Promise<ArrayBuffer> {
  const name = nameIn(url);
  let response: Response;
  try {
    response = await fetch(url, { signal });
  } catch (error) {
    if (signal.aborted) throw error;
    const disk = location.protocol === "file:" ? " A page opened from disk cannot read other files." : "";
    throw new Problem(`Could not load ${name}: no response.${disk}`);
  }
  if (!response.ok || !response.body) {
    throw new Problem(`Could not load ${name}: ${response.status} ${response.statusText}`.trimEnd() + ".");
  }
  const length = response.headers.has("content-encoding") ? 0 : Number(response.headers.get("content-length"));
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let received = 0;
  progress(length ? 0 : null);
  for (const reader = response.body.getReader(); ;) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    received += value.length;
    progress(length ? Math.min(received / length, 1) : null);
  }
  return new Blob(parts).arrayBuffer();
}
