/** Shows files as the browser does, where the player cannot draw. */

import { part } from "./dom";
import { receive } from "./receiving";
import { isVideo } from "./source";

/** Show a file from the page's host, if there is one, and files that are dropped or chosen. */
export function showPlainly(src: URL | null): void {
  document.documentElement.classList.add("plain");
  receive((file) => show(URL.createObjectURL(file), file.name, file.type));
  if (src) show(src.href, src.pathname, "");
  else part("welcome", HTMLElement).hidden = false;
}

function show(address: string, name: string, type: string): void {
  const element = isVideo(name, type) ? player() : picture();
  element.src = address;
  const before = document.querySelector<HTMLImageElement | HTMLVideoElement>(".shown");
  if (before) URL.revokeObjectURL(before.src);
  before?.remove();
  part("welcome", HTMLElement).hidden = true;
  element.className = "shown";
  document.querySelector("#said")?.after(element);
}

function player(): HTMLVideoElement {
  const video = document.createElement("video");
  video.controls = video.playsInline = true;
  return video;
}

function picture(): HTMLImageElement {
  const image = document.createElement("img");
  image.alt = document.title;
  return image;
}
