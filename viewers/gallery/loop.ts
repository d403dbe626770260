import { element } from "./dom";

const VIDEO = /\.(mp4|webm)$/i;

/** A loop that shows a photo in motion: a short video, or an animated picture. */
export class Loop {
  readonly media: HTMLVideoElement | HTMLImageElement;

  /** `onReady` is called when it has something to show. */
  constructor(address: string, onReady: () => void) {
    if (VIDEO.test(address)) {
      const video = element("video", "loop", { muted: true, loop: true, playsInline: true, disablePictureInPicture: true });
      video.addEventListener("playing", onReady);
      this.media = video;
    } else {
      this.media = element("img", "loop", { alt: "", draggable: false });
      this.media.addEventListener("load", onReady);
    }
    this.media.setAttribute("aria-hidden", "true");
    this.media.src = address;
  }

  /** Whether it can pause, which animated pictures cannot. */
  get canPause(): boolean {
    return this.media instanceof HTMLVideoElement;
  }

  play(): void {
    // refused where the browser saves power, or interrupted by a pause: then the picture stands still
    if (this.media instanceof HTMLVideoElement) this.media.play().catch(() => undefined);
  }

  pause(): void {
    if (this.media instanceof HTMLVideoElement) this.media.pause();
  }

  /** Leave the page, and load no further. */
  remove(): void {
    this.pause();
    this.media.removeAttribute("src");
    if (this.media instanceof HTMLVideoElement) this.media.load();
    this.media.remove();
  }
}
