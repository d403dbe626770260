/** Opens files as pictures to draw. */

import { nameIn } from "../shared/address_name";
import { Problem } from "../shared/problem";
import { animationIn, type Animation } from "./animation";
import { codecIn, HEAD_BYTES } from "./codec";
import { type Guess, guess } from "./guess";
import { layoutOf } from "./layouts";
import { notLoaded, type Parts, partsOfFile, partsOfUrl } from "./parts";
import { stereoIn } from "./stereo_jpeg";
import { factsOf, type VideoFacts } from "./video_facts";

export interface Source {
  readonly name: string;
  /** One picture, or the left and the right one. */
  readonly pictures: readonly (ImageBitmap | HTMLVideoElement)[];
  readonly video: HTMLVideoElement | null;
  /** What moves in a picture file, such as a GIF. */
  readonly animation: Animation | null;
  /** What the video file says about itself, if it can be read. */
  readonly facts: VideoFacts | null;
  /** The layout from the file, its name and its shape, or null. */
  readonly guess: Guess | null;
  /** Whether it is a short loop, which plays by itself. */
  readonly isLoop: boolean;
  /** Release the browser's memory. */
  close(): void;
}

/** Receives the loaded share of a file: 0 to 1. */
export type Progress = (share: number) => void;

const VIDEO_NAME = /\.(mp4|m4v|mov|webm|mkv|ogv)$/i;
const LOOP_NAME = /[-_. ](wiggle|loop)\.[^.]*$/i;
const PLAYABLE =
  "Most browsers play H.264 and AV1 in MP4, and VP9 in WebM, but few play HEVC. kbvr writes H.264 with --codec h264.";
const READABLE = "Supported pictures: JPEG, PNG, WebP, AVIF, GIF, MPO, JPS. Supported videos: MP4, WebM.";

/** Open a file that was dropped or chosen. Throws Problem if the browser cannot show it. */
export async function openFile(file: File, maxSidePx: number): Promise<Source> {
  if (file.size === 0) throw new Problem(isEmpty(file.name));
  if (!isVideo(file.name, file.type)) return openPicture(file, file.name, maxSidePx);
  const url = URL.createObjectURL(file);
  try {
    return await openVideo(url, file.name, partsOfFile(file), () => URL.revokeObjectURL(url));
  } catch (error) {
    URL.revokeObjectURL(url);
    throw error;
  }
}

/** Open a file from the page's own host. Throws Problem if it is missing, or the browser cannot show it. */
export async function openUrl(url: URL, maxSidePx: number, progress: Progress): Promise<Source> {
  const name = nameIn(url.href);
  if (VIDEO_NAME.test(name)) return openVideo(url.href, name, partsOfUrl(url, name), () => undefined);
  const answer = await answerOf(url, name);
  if (isVideo(name, answer.headers.get("Content-Type") ?? "")) {
    await answer.body?.cancel();
    return openVideo(url.href, name, partsOfUrl(url, name), () => undefined);
  }
  return openPicture(await bodyOf(answer, progress), name, maxSidePx);
}

/** Return whether a file is a video, by its name or its MIME type. */
export function isVideo(name: string, type: string): boolean {
  return VIDEO_NAME.test(name) || type.startsWith("video/");
}

async function answerOf(url: URL, name: string): Promise<Response> {
  const answer = await fetch(url).catch((error: unknown) => {
    throw new Problem(`Could not load ${name}: ${String(error)}`);
  });
  if (!answer.ok) throw notLoaded(name, answer);
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

async function openPicture(blob: Blob, name: string, maxSidePx: number): Promise<Source> {
  if (blob.size === 0) throw new Problem(isEmpty(name));
  const stereo = stereoIn(new Uint8Array(await blob.arrayBuffer()), name);
  if (name.toLowerCase().endsWith(".mpo") && stereo?.layout !== "apart") {
    throw new Problem(`${name} ends in .mpo, but does not contain two pictures.`);
  }
  const pictures = await Promise.all((stereo?.pictures ?? [blob]).map((one) => decoded(one, name, maxSidePx)));
  const [first] = pictures as [ImageBitmap];
  const animation = stereo ? null : await animationIn(blob);
  return {
    name,
    pictures,
    video: null,
    animation,
    facts: null,
    guess: stereo ? { layout: stereo.layout, isSwapped: false } : guess(layoutOf(name, false), null, first.width, first.height),
    isLoop: animation !== null,
    close: () => {
      animation?.stop();
      pictures.forEach((picture) => picture.close());
    },
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

async function openVideo(url: string, name: string, parts: Parts, letGo: () => void): Promise<Source> {
  const video = document.createElement("video");
  video.playsInline = true;
  video.preload = "metadata"; // and the first picture
  video.src = url;
  const reading = factsOf(parts);
  await new Promise<void>((resolve, reject) => {
    video.onloadeddata = () => (video.videoWidth > 0 ? resolve() : reject());
    video.onerror = () => reject();
  }).catch(async () => {
    const said = video.error?.message;
    empty(video);
    throw await whyNot(name, parts, said);
  });
  const facts = await reading;
  return {
    name,
    pictures: [video],
    video,
    animation: null,
    facts,
    guess: guess(layoutOf(name, true), facts, video.videoWidth, video.videoHeight),
    isLoop: LOOP_NAME.test(name),
    close: () => {
      empty(video);
      letGo();
    },
  };
}

/** Release what the browser has loaded and decoded of a video. */
export function empty(video: HTMLVideoElement): void {
  video.pause();
  video.removeAttribute("src");
  video.load();
}

function isEmpty(name: string): string {
  return `${name} is empty.`;
}

async function whyNot(name: string, parts: Parts, said: string | undefined): Promise<Problem> {
  const head = await parts(0, HEAD_BYTES).catch((error: unknown) => (error instanceof Problem ? error : null));
  if (head instanceof Problem) return head;
  if (head?.length === 0) return new Problem(isEmpty(name));
  const codec = head && codecIn(head);
  const what = codec ? `${name}, which uses ${codec}` : name;
  const reason = !codec && said ? ` The browser reports: ${said}.` : "";
  return new Problem(`This browser cannot play ${what}.${reason} ${PLAYABLE}`);
}
