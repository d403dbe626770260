/** Opens files as pictures to draw. */

import { codecIn, HEAD_BYTES } from "./codec";
import { type LayoutName, layoutOf } from "./layouts";
import { Problem } from "../photo/problem";
import { stereoIn } from "./stereo_jpeg";

export interface Source {
  readonly name: string;
  /** One picture, or the left and the right one. */
  readonly pictures: readonly (ImageBitmap | HTMLVideoElement)[];
  readonly video: HTMLVideoElement | null;
  /** The layout from the file or its name, or null. */
  readonly layout: LayoutName | null;
  /** Release the browser's memory. */
  close(): void;
}

/** Receives the loaded share of a file: 0 to 1. */
export type Progress = (share: number) => void;

const VIDEO_NAME = /\.(mp4|m4v|mov|webm|mkv|ogv)$/i;
const PLAYABLE =
  "Most browsers play H.264 and AV1 in MP4, and VP9 in WebM, but few play HEVC. kbvr writes H.264 with --codec h264.";
const READABLE = "Supported pictures: JPEG, PNG, WebP, AVIF, GIF, MPO, JPS. Supported videos: MP4, WebM.";

/** Open a file that was dropped or chosen. Throws Problem if the browser cannot show it. */
export async function openFile(file: File, maxSidePx: number): Promise<Source> {
  if (file.size === 0) throw new Problem(`${file.name} is empty.`);
  if (!isVideo(file.name, file.type)) return openPicture(file, file.name, maxSidePx);
  const url = URL.createObjectURL(file);
  try {
    return await openVideo(url, file.name, () => file.slice(0, HEAD_BYTES).arrayBuffer(), () => URL.revokeObjectURL(url));
  } catch (error) {
    URL.revokeObjectURL(url);
    throw error;
  }
}

/** Open a file from the page's own host. Throws Problem if it is missing, or the browser cannot show it. */
export async function openUrl(url: URL, maxSidePx: number, progress: Progress): Promise<Source> {
  const name = decodeURIComponent(url.pathname.slice(url.pathname.lastIndexOf("/") + 1));
  if (VIDEO_NAME.test(name)) return openVideo(url.href, name, () => headOf(url, name), () => undefined);
  const answer = await answerOf(url, name);
  if (isVideo(name, answer.headers.get("Content-Type") ?? "")) {
    await answer.body?.cancel();
    return openVideo(url.href, name, () => headOf(url, name), () => undefined);
  }
  return openPicture(await bodyOf(answer, progress), name, maxSidePx);
}

function isVideo(name: string, type: string): boolean {
  return VIDEO_NAME.test(name) || type.startsWith("video/");
}

async function answerOf(url: URL, name: string, headers: HeadersInit = {}): Promise<Response> {
  const answer = await fetch(url, { headers }).catch((error: unknown) => {
    throw new Problem(`Could not load ${name}: ${String(error)}`);
  });
  if (!answer.ok) throw new Problem(`Could not load ${name}: ${answer.status} ${answer.statusText}`.trimEnd() + ".");
  return answer;
}

async function bodyOf(answer: Response, progress: Progress): Promise<Blob> {
  const total = Number(answer.headers.get("Content-Length"));
  const reader = answer.body?.getReader();
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let got = 0;
  for (let piece = await reader?.read(); piece?.value; piece = await reader?.read()) {
    pieces.push(piece.value);
    got += piece.value.length;
    if (total > 0) progress(Math.min(1, got / total));
  }
  return new Blob(pieces, { type: answer.headers.get("Content-Type") ?? "" });
}

async function headOf(url: URL, name: string): Promise<ArrayBuffer> {
  const answer = await answerOf(url, name, { Range: `bytes=0-${HEAD_BYTES - 1}` });
  const reader = answer.body?.getReader();
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let got = 0;
  for (let piece = await reader?.read(); piece?.value && got < HEAD_BYTES; piece = await reader?.read()) {
    pieces.push(piece.value);
    got += piece.value.length;
  }
  await reader?.cancel();
  return new Blob(pieces).arrayBuffer();
}

async function openPicture(blob: Blob, name: string, maxSidePx: number): Promise<Source> {
  const stereo = stereoIn(new Uint8Array(await blob.arrayBuffer()), name);
  if (name.toLowerCase().endsWith(".mpo") && stereo?.layout !== "apart") {
    throw new Problem(`${name} ends in .mpo, but does not contain two pictures.`);
  }
  const pictures = await Promise.all((stereo?.pictures ?? [blob]).map((one) => decoded(one, name, maxSidePx)));
  return {
    name,
    pictures,
    video: null,
    layout: stereo?.layout ?? layoutOf(name),
    close: () => pictures.forEach((picture) => picture.close()),
  };
}

/** Return an upright picture in sRGB, within the maximum size of a texture. */
async function decoded(blob: Blob, name: string, maxSidePx: number): Promise<ImageBitmap> {
  const options: ImageBitmapOptions = { premultiplyAlpha: "none" };
  const whole = await createImageBitmap(blob, options).catch(() => {
    throw new Problem(`This browser cannot read ${name}. ${READABLE}`);
  });
  const shrink = Math.min(1, maxSidePx / Math.max(whole.width, whole.height));
  if (shrink === 1) return whole;
  const [resizeWidth, resizeHeight] = [whole.width, whole.height].map((side) => Math.max(1, Math.floor(side * shrink)));
  const small = await createImageBitmap(whole, {
    ...options,
    resizeWidth: resizeWidth as number,
    resizeHeight: resizeHeight as number,
    resizeQuality: "high",
  });
  whole.close();
  return small;
}

async function openVideo(
  url: string,
  name: string,
  head: () => Promise<ArrayBuffer>,
  letGo: () => void,
): Promise<Source> {
  const video = document.createElement("video");
  video.playsInline = true;
  video.preload = "auto";
  video.src = url;
  await new Promise<void>((resolve, reject) => {
    video.onloadeddata = () => (video.videoWidth > 0 ? resolve() : reject());
    video.onerror = () => reject();
  }).catch(async () => {
    const said = video.error?.message;
    video.removeAttribute("src");
    video.load();
    throw new Problem(whyNot(name, codecIn(new Uint8Array(await head())), said));
  });
  return {
    name,
    pictures: [video],
    video,
    layout: layoutOf(name),
    close: () => {
      video.pause();
      video.removeAttribute("src");
      video.load();
      letGo();
    },
  };
}

function whyNot(name: string, codec: string | null, said: string | undefined): string {
  const what = codec ? `${name}, which uses ${codec}` : name;
  const reason = !codec && said ? ` The browser reports: ${said}.` : "";
  return `This browser cannot play ${what}.${reason} ${PLAYABLE}`;
}
