/** Reads parts of a file, on this device or on the page's server. */

import { Problem } from "../shared/problem";

/** Returns some bytes from an offset: fewer at the end of the file, none if the server sends whole files only. */
export type Parts = (start: number, length: number) => Promise<Uint8Array<ArrayBuffer>>;

const BEYOND_THE_END = 416;

/** Return what is told of an error that a server answers with. */
export function notLoaded(name: string, { status, statusText }: Response): Problem {
  return new Problem(`${`Could not load ${name}: ${status} ${statusText}`.trimEnd()}.`);
}

export function partsOfFile(file: Blob): Parts {
  return async (start, length) => new Uint8Array(await file.slice(start, start + length).arrayBuffer());
}

/** Its parts throw Problem if the server answers with an error. */
export function partsOfUrl(url: URL, name: string): Parts {
  return async (start, length) => {
    // The browser's cache would make this request wait for that of the video.
    const answer = await fetch(url, { headers: { Range: `bytes=${start}-${start + length - 1}` }, cache: "no-store" });
    if (answer.status === 206 || (answer.ok && start === 0)) return firstBytes(answer, length);
    await answer.body?.cancel();
    if (answer.ok || answer.status === BEYOND_THE_END) return new Uint8Array();
    throw notLoaded(name, answer);
  };
}

async function firstBytes(answer: Response, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const reader = answer.body?.getReader();
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let got = 0;
  for (let piece = await reader?.read(); piece?.value && got < length; piece = await reader?.read()) {
    pieces.push(piece.value);
    got += piece.value.length;
  }
  await reader?.cancel();
  return new Uint8Array(await new Blob(pieces).slice(0, length).arrayBuffer());
}
